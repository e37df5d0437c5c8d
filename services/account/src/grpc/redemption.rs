use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use siegel_grpc::caller;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::document_redemption_service_server::DocumentRedemptionService;
use siegel_proto::account::v1::redeem_document_response::Part;
use tonic::{Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Failure, kinds};

/// Services that were let in.
pub struct Redemption(pub App);

#[tonic::async_trait]
impl DocumentRedemptionService for Redemption {
    type RedeemDocumentStream = BoxStream<'static, Result<pb::RedeemDocumentResponse, Status>>;

    #[tracing::instrument(name = "account.document.redeem", skip_all)]
    async fn redeem_document(
        &self,
        request: Request<pb::RedeemDocumentRequest>,
    ) -> Result<Response<Self::RedeemDocumentStream>, Status> {
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::DOCUMENT_REDEEMED, &request, &wire.request_id)?;
        let (client, _) = caller(&request)?.client()?;
        // A link ends in the code.
        let code = wire.grant_id.rsplit('/').next().unwrap_or_default();
        let id = code.parse().map_err(|_| status(&Failure::UnknownDocumentGrant))?;
        let redeemed = self.0.redeem_document(&order, client, id).await;
        let redeemed = redeemed.map_err(|e| status(&e))?;
        let part = Some(Part::Document(write::document(&redeemed.document)));
        let head = stream::iter([Ok(pb::RedeemDocumentResponse { part })]);
        let rest = stream::try_unfold(redeemed.content, |mut content| async move {
            let plain = content.next().await.map_err(|e| status(&e))?;
            let message = |plain: Bytes| pb::RedeemDocumentResponse {
                part: Some(Part::Chunk(plain.to_vec())),
            };
            Ok(plain.map(|plain| (message(plain), content)))
        });
        Ok(Response::new(head.chain(rest).boxed()))
    }
}
