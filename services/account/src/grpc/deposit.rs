use bytes::Bytes;
use futures_util::StreamExt as _;
use siegel_grpc::{caller, invalid};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::deposit_document_request::Part;
use siegel_proto::account::v1::document_deposit_service_server::DocumentDepositService;
use tonic::{Request, Response, Status, Streaming};

use super::read;
use super::status::status;
use crate::app::{App, Failure, kinds};
use crate::domain::document::{Origin, Provenance};

/// What the postbox puts into a person's safe.
pub struct Deposit(pub App);

#[tonic::async_trait]
impl DocumentDepositService for Deposit {
    #[tracing::instrument(name = "account.document.deposit", skip_all)]
    async fn deposit_document(
        &self,
        request: Request<Streaming<pb::DepositDocumentRequest>>,
    ) -> Result<Response<pb::DepositDocumentResponse>, Status> {
        let caller = caller(&request)?.clone();
        let mut messages = request.into_inner();
        let Some(Part::Head(wire)) = messages.message().await?.and_then(|m| m.part) else {
            return Err(invalid(&[("head", "must be the first message")]));
        };
        let request_id = wire.document.as_ref().map(|d| d.request_id.clone()).unwrap_or_default();
        let kind = kinds::DOCUMENT_DEPOSITED;
        let order = read::order_by(&self.0, kind, &caller, &wire, &request_id)?;
        let account = read::account_id(&wire.account_id)?;
        let from = Provenance {
            origin: match wire.origin() {
                pb::DocumentOrigin::Issued => Origin::Issued,
                pb::DocumentOrigin::Letter => Origin::Letter,
                pb::DocumentOrigin::Person | pb::DocumentOrigin::Unspecified => Origin::Person,
            },
            issuer: wire.issuer,
            letter: wire.letter_id,
            tenant: wire.tenant,
        };
        from.check().map_err(|bad| status(&Failure::from(bad)))?;
        let head = read::document_head(wire.document.unwrap_or_default());
        let content = messages.map(chunk).boxed();
        let stored = self.0.upload_document(&order, account, (&head, &from), content).await;
        let document_id = stored.map_err(|e| status(&e))?.id.to_string();
        Ok(Response::new(pb::DepositDocumentResponse { document_id }))
    }
}

fn chunk(message: Result<pb::DepositDocumentRequest, Status>) -> Result<Bytes, Failure> {
    match message.map(|m| m.part) {
        Ok(Some(Part::Chunk(bytes))) => Ok(bytes.into()),
        // A head in the middle, a message without a part, or a stream that broke.
        Ok(_) | Err(_) => Err(Failure::Incomplete),
    }
}
