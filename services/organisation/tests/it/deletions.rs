//! Identity's feed of deleted accounts, as tests play it.

use siegel_kernel::AccountId;
use siegel_proto::identity::v1::deletion_service_server::DeletionService;
use siegel_proto::identity::v1::{
    AcknowledgeDeletionRequest, AcknowledgeDeletionResponse, WatchDeletionsRequest,
    WatchDeletionsResponse,
};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

/// Tells the account that was deleted last.
#[derive(Clone)]
pub struct Deletions(watch::Sender<String>);

impl Deletions {
    pub fn none() -> Self {
        Self(watch::Sender::new(String::new()))
    }

    pub fn delete(&self, account: AccountId) {
        self.0.send_replace(account.to_string());
    }
}

#[tonic::async_trait]
impl DeletionService for Deletions {
    type WatchDeletionsStream = ReceiverStream<Result<WatchDeletionsResponse, Status>>;

    async fn watch_deletions(
        &self,
        _: Request<WatchDeletionsRequest>,
    ) -> Result<Response<Self::WatchDeletionsStream>, Status> {
        let (send, told) = mpsc::channel(1);
        let mut accounts = self.0.subscribe();
        tokio::spawn(async move {
            loop {
                let account_id = accounts.borrow_and_update().clone();
                let told = WatchDeletionsResponse { account_id, subject: String::new() };
                if send.send(Ok(told)).await.is_err() || accounts.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn acknowledge_deletion(
        &self,
        _: Request<AcknowledgeDeletionRequest>,
    ) -> Result<Response<AcknowledgeDeletionResponse>, Status> {
        Ok(Response::new(AcknowledgeDeletionResponse {}))
    }
}
