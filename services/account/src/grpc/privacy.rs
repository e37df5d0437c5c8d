use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use siegel_crypto::b64;
use siegel_grpc::{caller, refusal};
use siegel_proto::account::v1 as pb;
use siegel_proto::account::v1::privacy_service_server::PrivacyService;
use siegel_proto::convert;
use tonic::{Code, Request, Response, Status};

use super::status::status;
use super::{read, write};
use crate::app::{App, Export, Failure, Look};
use crate::store::consents::{ConsentId, Past};

/// What a person sees of consents, disclosures and staff.
pub struct Privacy(pub App);

#[tonic::async_trait]
impl PrivacyService for Privacy {
    type ExportDisclosuresStream =
        BoxStream<'static, Result<pb::ExportDisclosuresResponse, Status>>;

    #[tracing::instrument(name = "account.consents.past", skip_all)]
    async fn list_past_consents(
        &self,
        request: Request<pb::ListPastConsentsRequest>,
    ) -> Result<Response<pb::ListPastConsentsResponse>, Status> {
        let account = read::own_account(&request)?;
        let size = read::page_size(request.get_ref().page_size)?;
        let (at, id) = read::time_token(&request.get_ref().page_token)?;
        let past = self.0.past_consents(account, (at, ConsentId::from_uuid(id)), size + 1).await;
        let (past, last) = write::page(past.map_err(|e| status(&e))?, size);
        let token = |p: Past| write::time_token(p.consent.given_at, p.consent.id.as_uuid());
        Ok(Response::new(pb::ListPastConsentsResponse {
            consents: past.iter().map(write::past_consent).collect(),
            next_page_token: last.map(token).unwrap_or_default(),
        }))
    }

    #[tracing::instrument(name = "account.consent.receipt", skip_all)]
    async fn get_consent_receipt(
        &self,
        request: Request<pb::GetConsentReceiptRequest>,
    ) -> Result<Response<pb::GetConsentReceiptResponse>, Status> {
        let account = read::own_account(&request)?;
        let unknown = Failure::UnknownConsent;
        let id = request.get_ref().consent_id.parse();
        let id = id.map_err(|_| refusal(Code::NotFound, "CONSENT_UNKNOWN", &unknown, []))?;
        let receipted = self.0.consent_receipt(account, id).await.map_err(|e| status(&e))?;
        let receipt = Some(write::receipt(&receipted));
        Ok(Response::new(pb::GetConsentReceiptResponse { receipt, document: receipted.document }))
    }

    #[tracing::instrument(name = "account.disclosures.export", skip_all)]
    async fn export_disclosures(
        &self,
        request: Request<pb::ExportDisclosuresRequest>,
    ) -> Result<Response<Self::ExportDisclosuresStream>, Status> {
        let caller = caller(&request)?;
        let account = caller.person()?.account;
        // Whether there is such an account is known before the first byte.
        self.0.begin_export(account, caller.level()).await.map_err(|e| status(&e))?;
        let begin = (self.0.clone(), Export::Begin);
        let pieces = stream::try_unfold(begin, move |(app, mut at)| async move {
            let piece = app.export_piece(account, &mut at).await.map_err(|e| status(&e))?;
            Ok(piece.map(|chunk| (pb::ExportDisclosuresResponse { chunk }, (app, at))))
        });
        Ok(Response::new(pieces.boxed()))
    }

    #[tracing::instrument(name = "account.staff_accesses.list", skip_all)]
    async fn list_staff_accesses(
        &self,
        request: Request<pb::ListStaffAccessesRequest>,
    ) -> Result<Response<pb::ListStaffAccessesResponse>, Status> {
        let account = read::own_account(&request)?;
        let size = read::page_size(request.get_ref().page_size)?;
        let before = read::page_token(&request.get_ref().page_token)?;
        let looks = self.0.staff_accesses(account, before, size + 1).await;
        let (looks, last) = write::page(looks.map_err(|e| status(&e))?, size);
        let access = |look: &Look| pb::StaffAccess {
            at: Some(convert::timestamp(look.at)),
            staff: look.staff.clone(),
            what: look.what.clone(),
            reason: look.reason.reason.clone(),
            reference: look.reason.reference.clone(),
        };
        Ok(Response::new(pb::ListStaffAccessesResponse {
            accesses: looks.iter().map(access).collect(),
            next_page_token: last.map(|l| b64::encode(l.id.to_be_bytes())).unwrap_or_default(),
        }))
    }
}
