use siegel_grpc::caller;
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::support_service_server::SupportService;
use siegel_proto::convert;
use tonic::{Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Failure, Reason, kinds};

/// Staff who answer for the accounts.
pub struct Support(pub App);

#[tonic::async_trait]
impl SupportService for Support {
    #[tracing::instrument(name = "account.look_up", skip_all)]
    async fn look_up_account(
        &self,
        request: Request<pb::LookUpAccountRequest>,
    ) -> Result<Response<pb::LookUpAccountResponse>, Status> {
        let wire = request.get_ref();
        let order = read::order(&self.0, kinds::LOOKED_UP, &request, &wire.request_id)?;
        let (client, tenant) = caller(&request)?.client()?;
        let account = wire.account_id.parse().map_err(|_| status(&Failure::UnknownAccount))?;
        let reason = Reason { reason: wire.reason.clone(), reference: wire.reference.clone() };
        let looked = self.0.look_up(&order, (tenant, client), account, &reason).await;
        let looked = looked.map_err(|e| status(&e))?;
        Ok(Response::new(pb::LookUpAccountResponse {
            opened_at: Some(convert::timestamp(looked.opened_at)),
            proven_level: write::level(looked.proven_level),
            attributes: write::attributes(&looked.attributes, self.0.clock.now()),
        }))
    }
}
