use siegel_crypto::b64;
use siegel_grpc::{invalid, refusal};
use siegel_proto::account::v1::account_service_server::AccountService;
use siegel_proto::account::v1::{
    GetAccountRequest, GetAccountResponse, ListAttributesRequest, ListAttributesResponse,
    ListConsentsRequest, ListConsentsResponse, ListDisclosuresRequest, ListDisclosuresResponse,
    SetAttributeRequest, SetAttributeResponse, WithdrawConsentRequest, WithdrawConsentResponse,
};
use siegel_proto::convert;
use tonic::{Code, Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Said, kinds};

/// The account as its owner sees it.
pub struct Accounts(pub App);

#[tonic::async_trait]
impl AccountService for Accounts {
    #[tracing::instrument(name = "account.get", skip_all)]
    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let account = read::own_account(&request)?;
        let overview = self.0.overview(account).await.map_err(|e| status(&e))?;
        Ok(Response::new(GetAccountResponse {
            account_id: overview.account.to_string(),
            opened_at: Some(convert::timestamp(overview.opened_at)),
            proven_level: write::level(overview.proven_level),
            display_name: overview.display_name,
        }))
    }

    #[tracing::instrument(name = "account.attributes.list", skip_all)]
    async fn list_attributes(
        &self,
        request: Request<ListAttributesRequest>,
    ) -> Result<Response<ListAttributesResponse>, Status> {
        let account = read::own_account(&request)?;
        let held = self.0.attributes(account).await.map_err(|e| status(&e))?;
        let attributes = write::attributes(&held, self.0.clock.now());
        Ok(Response::new(ListAttributesResponse { attributes }))
    }

    #[tracing::instrument(name = "account.attribute.set", skip_all)]
    async fn set_attribute(
        &self,
        request: Request<SetAttributeRequest>,
    ) -> Result<Response<SetAttributeResponse>, Status> {
        let account = read::own_account(&request)?;
        let order =
            read::order(&self.0, kinds::ATTRIBUTE_SET, &request, &request.get_ref().request_id)?;
        let wire = request.into_inner();
        let attribute = read::attribute("name", &wire.name)?;
        let said = match (wire.value.as_str(), wire.not_applicable) {
            ("", false) => Said::Nothing,
            ("", true) if attribute.may_not_apply => Said::NotApplicable,
            (_, true) => {
                let problem = "is said with a value, or of what everybody has";
                return Err(invalid(&[("not_applicable", problem)]));
            }
            (value, false) => Said::Value(value),
        };
        let held = self.0.set_attribute(&order, account, attribute, said).await;
        let held = held.map_err(|e| status(&e))?;
        let now = self.0.clock.now();
        let attribute = held.as_ref().map(|held| write::attribute(held, now));
        Ok(Response::new(SetAttributeResponse { attribute }))
    }

    #[tracing::instrument(name = "account.consents.list", skip_all)]
    async fn list_consents(
        &self,
        request: Request<ListConsentsRequest>,
    ) -> Result<Response<ListConsentsResponse>, Status> {
        let account = read::own_account(&request)?;
        let standing = self.0.consents(account).await.map_err(|e| status(&e))?;
        let consents = standing.iter().map(write::consent).collect();
        Ok(Response::new(ListConsentsResponse { consents }))
    }

    #[tracing::instrument(name = "account.consent.withdraw", skip_all)]
    async fn withdraw_consent(
        &self,
        request: Request<WithdrawConsentRequest>,
    ) -> Result<Response<WithdrawConsentResponse>, Status> {
        let account = read::own_account(&request)?;
        let order = read::order(
            &self.0,
            kinds::CONSENT_WITHDRAWN,
            &request,
            &request.get_ref().request_id,
        )?;
        let unknown = || refusal(Code::NotFound, "CONSENT_UNKNOWN", "there is no such consent", []);
        let consent = request.get_ref().consent_id.parse().map_err(|_| unknown())?;
        self.0.withdraw_consent(&order, account, consent).await.map_err(|e| status(&e))?;
        Ok(Response::new(WithdrawConsentResponse {}))
    }

    #[tracing::instrument(name = "account.disclosures.list", skip_all)]
    async fn list_disclosures(
        &self,
        request: Request<ListDisclosuresRequest>,
    ) -> Result<Response<ListDisclosuresResponse>, Status> {
        let account = read::own_account(&request)?;
        let size = read::page_size(request.get_ref().page_size)?;
        let before = read::page_token(&request.get_ref().page_token)?;
        let told = self.0.disclosures(account, before, size + 1).await.map_err(|e| status(&e))?;
        let (told, last) = write::page(told, size);
        let next_page_token =
            last.map_or_else(String::new, |t| b64::encode(t.line.id.to_be_bytes()));
        let disclosures = told.iter().map(write::disclosure).collect();
        Ok(Response::new(ListDisclosuresResponse { disclosures, next_page_token }))
    }
}
