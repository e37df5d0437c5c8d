//! Account and identity's self service as the portal sees them.

use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_server::AccountService;
use siegel_proto::identity::v1 as identity;
use siegel_proto::identity::v1::self_service_server::SelfService;
use tonic::{Request, Response, Status};

use super::services::Fake;

pub(super) fn not_faked<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not faked"))
}

#[tonic::async_trait]
impl AccountService for Fake {
    async fn get_account(
        &self,
        _: Request<account::GetAccountRequest>,
    ) -> Result<Response<account::GetAccountResponse>, Status> {
        Ok(Response::new(account::GetAccountResponse {
            account_id: "acc_1".into(),
            opened_at: None,
            proven_level: 1,
            display_name: "Ada <Musterfrau>".into(),
        }))
    }

    async fn list_attributes(
        &self,
        _: Request<account::ListAttributesRequest>,
    ) -> Result<Response<account::ListAttributesResponse>, Status> {
        let attribute = |name: &str, value: &str, source: i32, level| account::Attribute {
            name: name.into(),
            value: value.into(),
            source,
            level,
            ..account::Attribute::default()
        };
        let attributes = vec![
            attribute("city", "Musterstadt <script>", 1, 1),
            attribute("given_name", "ADA", 3, 4),
            attribute("email", "ada@example.org", 2, 1),
        ];
        Ok(Response::new(account::ListAttributesResponse { attributes }))
    }

    async fn set_attribute(
        &self,
        request: Request<account::SetAttributeRequest>,
    ) -> Result<Response<account::SetAttributeResponse>, Status> {
        self.0.data.lock().unwrap().set.push(request.into_inner());
        Ok(Response::new(account::SetAttributeResponse::default()))
    }

    async fn list_consents(
        &self,
        _: Request<account::ListConsentsRequest>,
    ) -> Result<Response<account::ListConsentsResponse>, Status> {
        let consent = account::Consent {
            consent_id: super::data_fakes::CONSENT.into(),
            client_id: "bauamt".into(),
            client_name: "Bauamt <b>".into(),
            attributes: vec!["given_name".into()],
            purpose: "Antrag".into(),
            given_at: None,
        };
        Ok(Response::new(account::ListConsentsResponse { consents: vec![consent] }))
    }

    async fn withdraw_consent(
        &self,
        request: Request<account::WithdrawConsentRequest>,
    ) -> Result<Response<account::WithdrawConsentResponse>, Status> {
        self.0.data.lock().unwrap().withdrawn.push(request.into_inner().consent_id);
        Ok(Response::new(account::WithdrawConsentResponse {}))
    }

    async fn list_disclosures(
        &self,
        _: Request<account::ListDisclosuresRequest>,
    ) -> Result<Response<account::ListDisclosuresResponse>, Status> {
        Ok(Response::new(account::ListDisclosuresResponse::default()))
    }
}

#[tonic::async_trait]
impl SelfService for Fake {
    async fn list_credentials(
        &self,
        _: Request<identity::ListCredentialsRequest>,
    ) -> Result<Response<identity::ListCredentialsResponse>, Status> {
        let card = |(id, used): &(&str, i64)| identity::Credential {
            credential_id: (*id).to_owned(),
            kind: "eid".into(),
            last_used_at: Some(pbjson_types::Timestamp { seconds: *used, nanos: 0 }),
            ..Default::default()
        };
        let credentials = self.0.data.lock().unwrap().cards.iter().map(card).collect();
        Ok(Response::new(identity::ListCredentialsResponse { credentials }))
    }

    async fn list_sessions(
        &self,
        _: Request<identity::ListSessionsRequest>,
    ) -> Result<Response<identity::ListSessionsResponse>, Status> {
        let session = |id: &str, current| identity::Session {
            session_id: id.into(),
            level: 1,
            current,
            ..identity::Session::default()
        };
        let sessions = vec![session("ses_other", false), session("ses_mine", true)];
        Ok(Response::new(identity::ListSessionsResponse { sessions }))
    }

    async fn list_sign_ins(
        &self,
        _: Request<identity::ListSignInsRequest>,
    ) -> Result<Response<identity::ListSignInsResponse>, Status> {
        Ok(Response::new(identity::ListSignInsResponse::default()))
    }

    async fn end_all_sessions(
        &self,
        _: Request<identity::EndAllSessionsRequest>,
    ) -> Result<Response<identity::EndAllSessionsResponse>, Status> {
        Ok(Response::new(identity::EndAllSessionsResponse::default()))
    }

    async fn end_session(
        &self,
        request: Request<identity::EndSessionRequest>,
    ) -> Result<Response<identity::EndSessionResponse>, Status> {
        self.0.ended.lock().unwrap().push(request.into_inner().session_id);
        Ok(Response::new(identity::EndSessionResponse {}))
    }

    async fn list_client_consents(
        &self,
        _: Request<identity::ListClientConsentsRequest>,
    ) -> Result<Response<identity::ListClientConsentsResponse>, Status> {
        Ok(Response::new(identity::ListClientConsentsResponse::default()))
    }

    async fn withdraw_client_consent(
        &self,
        _: Request<identity::WithdrawClientConsentRequest>,
    ) -> Result<Response<identity::WithdrawClientConsentResponse>, Status> {
        Ok(Response::new(identity::WithdrawClientConsentResponse {}))
    }

    async fn list_links(
        &self,
        _: Request<identity::ListLinksRequest>,
    ) -> Result<Response<identity::ListLinksResponse>, Status> {
        Ok(Response::new(identity::ListLinksResponse::default()))
    }

    async fn list_claim_providers(
        &self,
        _: Request<identity::ListClaimProvidersRequest>,
    ) -> Result<Response<identity::ListClaimProvidersResponse>, Status> {
        Ok(Response::new(identity::ListClaimProvidersResponse::default()))
    }

    async fn unlink(
        &self,
        _: Request<identity::UnlinkRequest>,
    ) -> Result<Response<identity::UnlinkResponse>, Status> {
        Err(Status::unimplemented("no link is listed"))
    }

    async fn rename_credential(
        &self,
        _: Request<identity::RenameCredentialRequest>,
    ) -> Result<Response<identity::RenameCredentialResponse>, Status> {
        Err(Status::unimplemented("identity has pages of its own for it"))
    }

    async fn remove_credential(
        &self,
        request: Request<identity::RemoveCredentialRequest>,
    ) -> Result<Response<identity::RemoveCredentialResponse>, Status> {
        self.0.refusal()?;
        self.0.data.lock().unwrap().taken_off.push(request.into_inner());
        Ok(Response::new(identity::RemoveCredentialResponse {}))
    }

    async fn begin_totp(
        &self,
        _: Request<identity::BeginTotpRequest>,
    ) -> Result<Response<identity::BeginTotpResponse>, Status> {
        Err(Status::unimplemented("identity has pages of its own for it"))
    }

    async fn finish_totp(
        &self,
        _: Request<identity::FinishTotpRequest>,
    ) -> Result<Response<identity::FinishTotpResponse>, Status> {
        Err(Status::unimplemented("identity has pages of its own for it"))
    }

    async fn create_recovery_codes(
        &self,
        _: Request<identity::CreateRecoveryCodesRequest>,
    ) -> Result<Response<identity::CreateRecoveryCodesResponse>, Status> {
        Err(Status::unimplemented("identity has pages of its own for it"))
    }

    async fn change_password(
        &self,
        _: Request<identity::ChangePasswordRequest>,
    ) -> Result<Response<identity::ChangePasswordResponse>, Status> {
        Err(Status::unimplemented("identity has pages of its own for it"))
    }
}
