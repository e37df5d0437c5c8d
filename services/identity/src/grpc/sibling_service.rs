//! `SiblingService`: the suite's own services.

use siegel_grpc::{caller, fault, invalid, peer_thumbprint, refusal};
use siegel_kernel::GrantId;
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::sibling_service_server::SiblingService;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status};

use crate::app::acting::tokens;
use crate::app::check::{self, Facts};
use crate::app::service_tokens::{self, ServiceTokenError, Wanted};
use crate::app::watch;
use crate::domain::grant::Holder;
use crate::state::Identity;
use crate::store::grants;

/// Tokens, grants and revocations for services.
pub struct Siblings(pub Identity);

#[tonic::async_trait]
impl SiblingService for Siblings {
    async fn issue_service_token(
        &self,
        request: Request<pb::IssueServiceTokenRequest>,
    ) -> Result<Response<pb::IssueServiceTokenResponse>, Status> {
        let service = caller(&request)?.sibling()?.to_owned();
        let thumbprint = peer_thumbprint(&request).ok_or_else(|| {
            let text = "a service token is bound to the certificate of the connection";
            refusal(Code::Unauthenticated, "CERTIFICATE_MISSING", text, [])
        })?;
        // Either form names the service: `postbox`, `urn:siegel:postbox`.
        let to = &request.get_ref().audience;
        let to = to.strip_prefix("urn:siegel:").unwrap_or(to);
        if to.is_empty() {
            return Err(invalid(&[("audience", "is empty")]));
        }
        let wanted = Wanted { service: &service, to, thumbprint: &thumbprint };
        let (access_token, expires_at) =
            service_tokens::issue(&self.0, wanted).await.map_err(|e| status_of(&e))?;
        let expires_at = Some(convert::timestamp(expires_at));
        Ok(Response::new(pb::IssueServiceTokenResponse { access_token, expires_at }))
    }

    async fn resolve_grant(
        &self,
        request: Request<pb::ResolveGrantRequest>,
    ) -> Result<Response<pb::ResolveGrantResponse>, Status> {
        let unknown = || {
            let text = "there is no such grant, or it has ended";
            refusal(Code::NotFound, "GRANT_UNKNOWN", text, [])
        };
        let id: GrantId = request.get_ref().grant_id.parse().map_err(|_| unknown())?;
        let mut tx = self.0.outside.db.read().await.map_err(|e| fault(&e))?;
        let grant = grants::find(&mut tx, id).await.map_err(|e| fault(&e))?;
        let grant = grant.filter(|g| g.is_live(self.0.now())).ok_or_else(unknown)?;
        let answer = match grant.holder {
            Holder::Person { account, granted, .. } if !granted.session.guest => {
                pb::ResolveGrantResponse {
                    account_id: account.to_string(),
                    acting_for: tokens::for_siblings(&granted.request, account),
                    ..pb::ResolveGrantResponse::default()
                }
            }
            Holder::Program(held) => pb::ResolveGrantResponse {
                acting_for: Some(tokens::represented(&held.chosen)),
                system_user_id: held.program.id,
                ..pb::ResolveGrantResponse::default()
            },
            _ => return Err(unknown()),
        };
        Ok(Response::new(answer))
    }

    async fn check_token(
        &self,
        request: Request<pb::CheckTokenRequest>,
    ) -> Result<Response<pb::CheckTokenResponse>, Status> {
        let asked = request.get_ref();
        let issued_at = asked.issued_at.as_ref().map(convert::instant);
        let issued_at = issued_at.ok_or_else(|| invalid(&[("issued_at", "is missing")]))?;
        let facts = Facts {
            grant: asked.grant_id.parse().ok(),
            client_id: &asked.client_id,
            subject: &asked.subject,
            issued_at,
        };
        let mut tx = self.0.outside.db.read().await.map_err(|e| fault(&e))?;
        let active =
            check::is_active(&mut tx, &facts, self.0.now()).await.map_err(|e| fault(&e))?;
        Ok(Response::new(pb::CheckTokenResponse { active }))
    }

    type WatchRevocationsStream = ReceiverStream<Result<pb::WatchRevocationsResponse, Status>>;

    async fn watch_revocations(
        &self,
        request: Request<pb::WatchRevocationsRequest>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let after = request.get_ref().after_position;
        let stream = watch::follow(&self.0, after).await.map_err(|e| fault(&e))?;
        Ok(Response::new(stream))
    }
}

fn status_of(error: &ServiceTokenError) -> Status {
    use ServiceTokenError as E;
    match error {
        E::OutOfReach { .. } => refusal(Code::PermissionDenied, "OUT_OF_REACH", error, []),
        E::Store(_) | E::Sign(_) | E::Entropy(_) => fault(error),
    }
}
