//! `DeletionService`: services that hold something of deleted accounts.

use siegel_grpc::{caller, fault, invalid};
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::deletion_service_server::DeletionService;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::app::deletion::{feed, saga};
use crate::state::Identity;

/// Longest word a service may say it waits for.
const WORD: usize = 64;

/// The feed of deletions and its answers.
pub struct Deletions(pub Identity);

#[tonic::async_trait]
impl DeletionService for Deletions {
    type WatchDeletionsStream = ReceiverStream<Result<pb::WatchDeletionsResponse, Status>>;

    async fn watch_deletions(
        &self,
        request: Request<pb::WatchDeletionsRequest>,
    ) -> Result<Response<Self::WatchDeletionsStream>, Status> {
        let service = caller(&request)?.sibling()?.to_owned();
        let stream = feed::follow(&self.0, &service, &request.get_ref().client_id).await;
        Ok(Response::new(stream.map_err(|e| fault(&e))?))
    }

    async fn acknowledge_deletion(
        &self,
        request: Request<pb::AcknowledgeDeletionRequest>,
    ) -> Result<Response<pb::AcknowledgeDeletionResponse>, Status> {
        let service = caller(&request)?.sibling()?.to_owned();
        let said = request.get_ref();
        let Ok(account) = said.account_id.parse() else {
            return Err(invalid(&[("account_id", "is not the id of an account")]));
        };
        let word = |b: u8| b.is_ascii_uppercase() || b == b'_';
        if said.waits_for.len() > WORD || !said.waits_for.bytes().all(word) {
            return Err(invalid(&[("waits_for", "is not a word in capitals, at most 64")]));
        }
        let done = saga::acknowledge(&self.0, account, &service, &said.waits_for).await;
        done.map_err(|e| fault(&e))?;
        Ok(Response::new(pb::AcknowledgeDeletionResponse {}))
    }
}
