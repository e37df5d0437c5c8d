//! `SelfService`: persons, for themselves.

use siegel_db::IdempotencyKey;
use siegel_grpc::{caller, digest, fault, invalid, refusal};
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::self_service_server::SelfService;
use tonic::{Code, Request, Response, Status};

use crate::app::client_consents::{self, WithdrawError};
use crate::app::log_out_everywhere;
use crate::app::self_care::{self, EndError};
use crate::state::Identity;

/// The service behind the account pages.
pub struct SelfCare(pub Identity);

#[tonic::async_trait]
impl SelfService for SelfCare {
    async fn list_credentials(
        &self,
        request: Request<pb::ListCredentialsRequest>,
    ) -> Result<Response<pb::ListCredentialsResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let found = self_care::credentials(&self.0, account).await.map_err(|e| fault(&e))?;
        let credentials = found.into_iter().map(|c| pb::Credential {
            credential_id: c.id.to_string(),
            kind: c.kind,
            label: c.label,
            level: siegel_proto::common::v1::TrustLevel::from(c.level).into(),
            added_at: Some(convert::timestamp(c.added_at_us)),
            last_used_at: c.last_used_at_us.map(convert::timestamp),
        });
        Ok(Response::new(pb::ListCredentialsResponse { credentials: credentials.collect() }))
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        let person = caller(&request)?.person()?;
        let found = self_care::list(&self.0, person.account, person.grant).await;
        let sessions = found.map_err(|e| fault(&e))?.into_iter().map(|s| pb::Session {
            session_id: s.id.to_string(),
            started_at: Some(convert::timestamp(s.started_at)),
            last_seen_at: Some(convert::timestamp(s.last_seen_at)),
            level: siegel_proto::common::v1::TrustLevel::from(s.level).into(),
            current: s.current,
            device: s.device,
        });
        Ok(Response::new(pb::ListSessionsResponse { sessions: sessions.collect() }))
    }

    async fn list_sign_ins(
        &self,
        request: Request<pb::ListSignInsRequest>,
    ) -> Result<Response<pb::ListSignInsResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let found = self_care::sign_ins(&self.0, account).await.map_err(|e| fault(&e))?;
        let sign_ins = found.into_iter().map(|s| pb::SignIn {
            at: Some(convert::timestamp(s.at)),
            session_id: s.session.to_string(),
            method: s.method,
            level: siegel_proto::common::v1::TrustLevel::from(s.level).into(),
            sector: s.sector,
            device: s.device,
        });
        Ok(Response::new(pb::ListSignInsResponse { sign_ins: sign_ins.collect() }))
    }

    async fn end_all_sessions(
        &self,
        request: Request<pb::EndAllSessionsRequest>,
    ) -> Result<Response<pb::EndAllSessionsResponse>, Status> {
        let caller = caller(&request)?;
        let (account, name) = (caller.person()?.account, caller.name());
        let asked = request.get_ref();
        if !(1..=128).contains(&asked.request_id.len()) {
            return Err(invalid(&[("request_id", "must have 1 to 128 characters")]));
        }
        let key =
            IdempotencyKey { caller: &name, request_id: &asked.request_id, digest: digest(asked) };
        let ended = log_out_everywhere::by_owner(&self.0, account, &key).await;
        let ended = ended.map_err(|e| status(&e))?;
        Ok(Response::new(pb::EndAllSessionsResponse { ended }))
    }

    async fn end_session(
        &self,
        request: Request<pb::EndSessionRequest>,
    ) -> Result<Response<pb::EndSessionResponse>, Status> {
        let caller = caller(&request)?;
        let (account, name) = (caller.person()?.account, caller.name());
        let asked = request.get_ref();
        if !(1..=128).contains(&asked.request_id.len()) {
            return Err(invalid(&[("request_id", "must have 1 to 128 characters")]));
        }
        let Ok(session) = asked.session_id.parse() else {
            return Err(invalid(&[("session_id", "is not the id of a session")]));
        };
        let key =
            IdempotencyKey { caller: &name, request_id: &asked.request_id, digest: digest(asked) };
        self_care::end(&self.0, account, session, &key).await.map_err(|e| status(&e))?;
        Ok(Response::new(pb::EndSessionResponse {}))
    }

    async fn list_client_consents(
        &self,
        request: Request<pb::ListClientConsentsRequest>,
    ) -> Result<Response<pb::ListClientConsentsResponse>, Status> {
        let account = caller(&request)?.person()?.account;
        let found = client_consents::list(&self.0, account).await.map_err(|e| fault(&e))?;
        let consents = found.into_iter().map(|c| pb::ClientConsent {
            client_id: c.client_id,
            client_name: c.client_name,
            scopes: c.scopes,
            given_at: Some(convert::timestamp(c.given_at)),
        });
        Ok(Response::new(pb::ListClientConsentsResponse { consents: consents.collect() }))
    }

    async fn withdraw_client_consent(
        &self,
        request: Request<pb::WithdrawClientConsentRequest>,
    ) -> Result<Response<pb::WithdrawClientConsentResponse>, Status> {
        let caller = caller(&request)?;
        let (account, name) = (caller.person()?.account, caller.name());
        let asked = request.get_ref();
        if !(1..=128).contains(&asked.request_id.len()) {
            return Err(invalid(&[("request_id", "must have 1 to 128 characters")]));
        }
        let key =
            IdempotencyKey { caller: &name, request_id: &asked.request_id, digest: digest(asked) };
        let done = client_consents::withdraw(&self.0, account, &asked.client_id, &key).await;
        done.map_err(|error| match &error {
            WithdrawError::Unknown => refusal(Code::NotFound, "CONSENT_UNKNOWN", &error, []),
            WithdrawError::Reused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", &error, []),
            WithdrawError::Store(cause) => fault(cause),
        })?;
        Ok(Response::new(pb::WithdrawClientConsentResponse {}))
    }

    async fn list_links(
        &self,
        request: Request<pb::ListLinksRequest>,
    ) -> Result<Response<pb::ListLinksResponse>, Status> {
        super::links::list(&self.0, &request).await
    }

    async fn unlink(
        &self,
        request: Request<pb::UnlinkRequest>,
    ) -> Result<Response<pb::UnlinkResponse>, Status> {
        super::links::unlink(&self.0, &request).await
    }
}

fn status(error: &EndError) -> Status {
    match error {
        EndError::Unknown => refusal(Code::NotFound, "SESSION_UNKNOWN", error, []),
        EndError::Reused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        EndError::Store(cause) => fault(cause),
    }
}
