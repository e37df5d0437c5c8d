//! `SelfService`: persons, for themselves.

use secrecy::SecretString;
use siegel_grpc::{caller, digest, fault, invalid, refusal};
use siegel_proto::convert;
use siegel_proto::identity::v1 as pb;
use siegel_proto::identity::v1::self_service_server::SelfService;
use tonic::{Code, Request, Response, Status};

use super::beginnings::{Acting, Order, account};
use super::not_changed::not_changed;
use crate::app::client_consents::{self, WithdrawError};
use crate::app::credentials::{self, NotChanged};
use crate::app::log_out_everywhere;
use crate::app::self_care::{self, EndError};
use crate::state::Identity;
use crate::store::credentials::CredentialId;

/// The service behind the account pages.
pub struct SelfCare(pub Identity);

#[tonic::async_trait]
impl SelfService for SelfCare {
    async fn list_credentials(
        &self,
        request: Request<pb::ListCredentialsRequest>,
    ) -> Result<Response<pb::ListCredentialsResponse>, Status> {
        let account = account(&request)?;
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
        let account = account(&request)?;
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
        let asked = request.get_ref();
        let order = Order::of(&request, &asked.request_id, digest(asked))?;
        let ended = log_out_everywhere::by_owner(&self.0, order.account, &order.key()).await;
        let ended = ended.map_err(|e| status(&e))?;
        Ok(Response::new(pb::EndAllSessionsResponse { ended }))
    }

    async fn end_session(
        &self,
        request: Request<pb::EndSessionRequest>,
    ) -> Result<Response<pb::EndSessionResponse>, Status> {
        let asked = request.get_ref();
        let order = Order::of(&request, &asked.request_id, digest(asked))?;
        let Ok(session) = asked.session_id.parse() else {
            return Err(invalid(&[("session_id", "is not the id of a session")]));
        };
        self_care::end(&self.0, order.account, session, &order.key())
            .await
            .map_err(|e| status(&e))?;
        Ok(Response::new(pb::EndSessionResponse {}))
    }

    async fn list_client_consents(
        &self,
        request: Request<pb::ListClientConsentsRequest>,
    ) -> Result<Response<pb::ListClientConsentsResponse>, Status> {
        let account = account(&request)?;
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
        let asked = request.get_ref();
        let order = Order::of(&request, &asked.request_id, digest(asked))?;
        let key = order.key();
        let done = client_consents::withdraw(&self.0, order.account, &asked.client_id, &key).await;
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

    async fn list_claim_providers(
        &self,
        request: Request<pb::ListClaimProvidersRequest>,
    ) -> Result<Response<pb::ListClaimProvidersResponse>, Status> {
        super::links::claim_providers(&self.0, &request).await
    }

    async fn unlink(
        &self,
        request: Request<pb::UnlinkRequest>,
    ) -> Result<Response<pb::UnlinkResponse>, Status> {
        super::links::unlink(&self.0, &request).await
    }

    async fn rename_credential(
        &self,
        request: Request<pb::RenameCredentialRequest>,
    ) -> Result<Response<pb::RenameCredentialResponse>, Status> {
        let acting = Acting::of(&self.0, &request, &request.get_ref().request_id).await?;
        let asked = request.get_ref();
        let id = credential(&asked.credential_id)?;
        let label = credentials::label(&asked.label);
        if label.is_empty() {
            return Err(invalid(&[("label", "must have 1 to 60 characters")]));
        }
        let done = credentials::manage::rename(&self.0, &acting.person(), id, &label).await;
        done.map_err(|e| not_changed(&e))?;
        Ok(Response::new(pb::RenameCredentialResponse {}))
    }

    async fn remove_credential(
        &self,
        request: Request<pb::RemoveCredentialRequest>,
    ) -> Result<Response<pb::RemoveCredentialResponse>, Status> {
        let acting = Acting::of(&self.0, &request, &request.get_ref().request_id).await?;
        let id = credential(&request.get_ref().credential_id)?;
        match credentials::manage::remove(&self.0, &acting.person(), id).await {
            // Gone already: a retry.
            Ok(()) | Err(NotChanged::Unknown) => Ok(Response::new(pb::RemoveCredentialResponse {})),
            Err(error) => Err(not_changed(&error)),
        }
    }

    async fn begin_totp(
        &self,
        request: Request<pb::BeginTotpRequest>,
    ) -> Result<Response<pb::BeginTotpResponse>, Status> {
        let acting = Acting::of(&self.0, &request, &request.get_ref().request_id).await?;
        let begun = credentials::totp::begin(&self.0, &acting.person()).await;
        begun.map_err(|e| not_changed(&e))?;
        let shown = credentials::totp::pending(&self.0, acting.session.account).await;
        let generator =
            shown.map_err(|e| fault(&e))?.ok_or_else(|| not_changed(&NotChanged::NothingBegun))?;
        let address = generator.address().map_err(|e| fault(&e))?;
        Ok(Response::new(pb::BeginTotpResponse {
            address: address.to_string(),
            secret: generator.written().to_string(),
        }))
    }

    async fn finish_totp(
        &self,
        request: Request<pb::FinishTotpRequest>,
    ) -> Result<Response<pb::FinishTotpResponse>, Status> {
        let acting = Acting::of(&self.0, &request, &request.get_ref().request_id).await?;
        let asked = request.get_ref();
        let label = credentials::label(&asked.label);
        let done = credentials::totp::finish(&self.0, &acting.person(), &asked.code, &label).await;
        done.map_err(|e| not_changed(&e))?;
        Ok(Response::new(pb::FinishTotpResponse {}))
    }

    async fn create_recovery_codes(
        &self,
        request: Request<pb::CreateRecoveryCodesRequest>,
    ) -> Result<Response<pb::CreateRecoveryCodesResponse>, Status> {
        let acting = Acting::of(&self.0, &request, &request.get_ref().request_id).await?;
        let made = credentials::recovery::create(&self.0, &acting.person()).await;
        let made = made.map_err(|e| not_changed(&e))?;
        let codes = made.iter().map(|code| code.to_string()).collect();
        Ok(Response::new(pb::CreateRecoveryCodesResponse { codes }))
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        let acting = Acting::of(&self.0, &request, &request.get_ref().request_id).await?;
        let asked = request.into_inner();
        let old = (!asked.old_password.is_empty()).then(|| SecretString::from(asked.old_password));
        let new = SecretString::from(asked.new_password);
        let done = credentials::password::change(&self.0, &acting.person(), old, new).await;
        done.map_err(|e| not_changed(&e))?;
        Ok(Response::new(pb::ChangePasswordResponse {}))
    }
}

fn credential(text: &str) -> Result<CredentialId, Status> {
    text.parse().map_err(|_| invalid(&[("credential_id", "is not the id of a credential")]))
}

fn status(error: &EndError) -> Status {
    match error {
        EndError::Unknown => refusal(Code::NotFound, "SESSION_UNKNOWN", error, []),
        EndError::Reused => refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", error, []),
        EndError::Store(cause) => fault(cause),
    }
}
