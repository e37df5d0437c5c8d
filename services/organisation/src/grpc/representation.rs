use siegel_grpc::invalid;
use siegel_proto::common::v1::TrustLevel;
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::representation_service_server::RepresentationService;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::status::status;
use crate::app::{App, Failure, Message};

type Changes = Result<pb::WatchAccessChangesResponse, Status>;

/// About the represented, for siblings.
pub struct Representation(pub App);

#[tonic::async_trait]
impl RepresentationService for Representation {
    #[tracing::instrument(name = "organisation.party.describe", skip_all)]
    async fn describe_party(
        &self,
        request: Request<pb::DescribePartyRequest>,
    ) -> Result<Response<pb::DescribePartyResponse>, Status> {
        let id = request.get_ref().organisation_id.parse();
        let id = id.map_err(|_| invalid(&[("organisation_id", "is no organisation id")]))?;
        let found = self.0.describe(id).await.map_err(|e| status(&e))?;
        let attribute =
            |(name, value): (&'static str, String)| pb::PartyAttribute { name: name.into(), value };
        Ok(Response::new(pb::DescribePartyResponse {
            name: found.name,
            attributes: found.attributes.into_iter().map(attribute).collect(),
            identification_level: TrustLevel::from(found.identification_level).into(),
        }))
    }

    type WatchAccessChangesStream =
        std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Changes> + Send>>;

    #[tracing::instrument(name = "organisation.changes.watch", skip_all)]
    async fn watch_access_changes(
        &self,
        request: Request<pb::WatchAccessChangesRequest>,
    ) -> Result<Response<Self::WatchAccessChangesStream>, Status> {
        let after = request.get_ref().after_position;
        let receiver = self.0.changes(after).await.map_err(|e| status(&e))?;
        Ok(Response::new(Box::pin(written(receiver))))
    }
}

fn written(
    receiver: mpsc::Receiver<Result<Message, Failure>>,
) -> impl tokio_stream::Stream<Item = Changes> {
    ReceiverStream::new(receiver).map(|message| {
        let Message { position, change } = message.map_err(|e| status(&e))?;
        let change = change.map(|(concerned, at)| pb::AccessChange {
            organisation_id: concerned.organisation,
            account_id: concerned.account,
            principal_account_id: concerned.principal,
            mandate_id: concerned.mandate,
            occurred_at: Some(convert::timestamp(at)),
        });
        Ok(pb::WatchAccessChangesResponse { position, change })
    })
}
