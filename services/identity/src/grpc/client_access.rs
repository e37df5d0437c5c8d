//! `ClientAccessService`: consents that were taken back at the account service.

use siegel_db::IdempotencyKey;
use siegel_grpc::{caller, digest, fault, invalid, refusal};
use siegel_kernel::AccountId;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::client_access_service_server::ClientAccessService;
use tonic::{Code, Request, Response, Status};

use crate::app::client_access;
use crate::app::client_consents::WithdrawError;
use crate::state::Identity;

/// Ends what clients hold.
pub struct ClientAccess(pub Identity);

#[tonic::async_trait]
impl ClientAccessService for ClientAccess {
    async fn end_client_access(
        &self,
        request: Request<pb::EndClientAccessRequest>,
    ) -> Result<Response<pb::EndClientAccessResponse>, Status> {
        let name = caller(&request)?.name();
        let wire = request.get_ref();
        if wire.request_id.is_empty() || wire.request_id.len() > 128 {
            return Err(invalid(&[("request_id", "has not 1 to 128 characters")]));
        }
        let account: AccountId =
            wire.account_id.parse().map_err(|_| invalid(&[("account_id", "is no account id")]))?;
        let key =
            IdempotencyKey { caller: &name, request_id: &wire.request_id, digest: digest(wire) };
        match client_access::end(&self.0, account, &wire.client_id, &key).await {
            Ok(()) | Err(WithdrawError::Unknown) => {
                Ok(Response::new(pb::EndClientAccessResponse {}))
            }
            Err(error @ WithdrawError::Reused) => {
                Err(refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", &error, []))
            }
            Err(error @ WithdrawError::Store(_)) => Err(fault(&error)),
        }
    }
}
