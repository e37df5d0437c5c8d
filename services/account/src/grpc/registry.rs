use siegel_proto::account::v1::account_registry_service_server::AccountRegistryService;
use siegel_proto::account::v1::{
    ChangeEmailRequest, ChangeEmailResponse, OpenAccountRequest, OpenAccountResponse,
    PreviewReleaseRequest, PreviewReleaseResponse, RecordConsentRequest, RecordConsentResponse,
    RecordIdentificationRequest, RecordIdentificationResponse, ReleaseAttributesRequest,
    ReleaseAttributesResponse,
};
use tonic::{Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Opening, kinds};

/// What identity does with accounts.
pub struct Registry(pub App);

#[tonic::async_trait]
impl AccountRegistryService for Registry {
    #[tracing::instrument(name = "account.open", skip_all)]
    async fn open_account(
        &self,
        request: Request<OpenAccountRequest>,
    ) -> Result<Response<OpenAccountResponse>, Status> {
        let order = read::order(&self.0, kinds::OPENED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let account = read::account_id(&wire.account_id)?;
        let opening = Opening { account, email: wire.email, locale: wire.locale };
        self.0.open_account(&order, &opening).await.map_err(|e| status(&e))?;
        Ok(Response::new(OpenAccountResponse {}))
    }

    #[tracing::instrument(name = "account.identification.record", skip_all)]
    async fn record_identification(
        &self,
        request: Request<RecordIdentificationRequest>,
    ) -> Result<Response<RecordIdentificationResponse>, Status> {
        let order =
            read::order(&self.0, kinds::IDENTIFIED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let account = read::account_id(&wire.account_id)?;
        let proven = wire.attributes.iter().enumerate().map(|(i, a)| read::proven(i, a));
        let proven = proven.collect::<Result<Vec<_>, _>>()?;
        let waits = self.0.record_identification(&order, account, &proven).await;
        let waits = waits.map_err(|e| status(&e))?;
        let pending_change_id = waits.map(|id| id.to_string()).unwrap_or_default();
        Ok(Response::new(RecordIdentificationResponse { pending_change_id }))
    }

    #[tracing::instrument(name = "account.email.change", skip_all)]
    async fn change_email(
        &self,
        request: Request<ChangeEmailRequest>,
    ) -> Result<Response<ChangeEmailResponse>, Status> {
        let order =
            read::order(&self.0, kinds::EMAIL_CHANGED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let account = read::account_id(&wire.account_id)?;
        self.0.change_email(&order, account, &wire.email).await.map_err(|e| status(&e))?;
        Ok(Response::new(ChangeEmailResponse {}))
    }

    #[tracing::instrument(name = "account.release.preview", skip_all)]
    async fn preview_release(
        &self,
        request: Request<PreviewReleaseRequest>,
    ) -> Result<Response<PreviewReleaseResponse>, Status> {
        let wire = request.into_inner();
        let account = read::account_id(&wire.account_id)?;
        let asked = read::asked(&wire.client_id, "", &wire.attributes, &wire.purpose)?;
        let preview = self.0.preview_release(account, &asked).await.map_err(|e| status(&e))?;
        Ok(Response::new(PreviewReleaseResponse {
            attributes: write::attributes(&preview.attributes, self.0.clock.now()),
            consented: preview.consented,
        }))
    }

    #[tracing::instrument(name = "account.consent.record", skip_all)]
    async fn record_consent(
        &self,
        request: Request<RecordConsentRequest>,
    ) -> Result<Response<RecordConsentResponse>, Status> {
        let order =
            read::order(&self.0, kinds::CONSENT_GIVEN, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let account = read::account_id(&wire.account_id)?;
        let asked =
            read::asked(&wire.client_id, &wire.client_name, &wire.attributes, &wire.purpose)?;
        let declined = read::names("declined", &wire.declined)?;
        let page = read::page(wire.page, wire.session_level)?;
        let consent = self.0.record_consent(&order, account, &asked, &declined, &page).await;
        let consent_id = consent.map_err(|e| status(&e))?.map(|id| id.to_string());
        let consent_id = consent_id.unwrap_or_default();
        Ok(Response::new(RecordConsentResponse { consent_id }))
    }

    #[tracing::instrument(name = "account.release", skip_all)]
    async fn release_attributes(
        &self,
        request: Request<ReleaseAttributesRequest>,
    ) -> Result<Response<ReleaseAttributesResponse>, Status> {
        let order = read::order(&self.0, kinds::RELEASED, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let account = read::account_id(&wire.account_id)?;
        let level = read::level("session_level", wire.session_level)?;
        let asked =
            read::asked(&wire.client_id, &wire.client_name, &wire.attributes, &wire.purpose)?;
        let released = self.0.release(&order, account, &asked, level).await;
        let released = released.map_err(|e| status(&e))?;
        let attributes = write::attributes(&released, self.0.clock.now());
        Ok(Response::new(ReleaseAttributesResponse { attributes }))
    }
}
