//! The account service as the pages about data and documents see it.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use siegel_grpc::refusal;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::document_service_server::DocumentService;
use siegel_proto::account::v1::export_service_server::ExportService;
use siegel_proto::account::v1::identification_change_service_server::IdentificationChangeService;
use siegel_proto::account::v1::offer_service_server::OfferService;
use siegel_proto::account::v1::privacy_service_server::PrivacyService;
use siegel_proto::account::v1::upload_document_request::Part as Up;
use siegel_proto::identity::v1 as identity;
use tonic::{Code, Request, Response, Status, Streaming};

use super::account_fakes::not_faked;
use super::services::Fake;

pub const CONSENT: &str = "cns_00000000000000000000000000000001";
pub const CHANGE: &str = "chg_00000000000000000000000000000001";
pub const DOCUMENT: &str = "doc_00000000000000000000000000000001";
pub const OFFER: &str = "imp_00000000000000000000000000000001";
pub const GRANT: &str = "dgr_00000000000000000000000000000001";

/// When the card was read that the comparison is about, in seconds.
pub const READ_AT: i64 = 1_751_353_200;

/// What the account service was told.
#[derive(Default)]
pub struct DataTold {
    pub set: Vec<account::SetAttributeRequest>,
    pub withdrawn: Vec<String>,
    /// Whether a card waits, and what was decided.
    pub waits: bool,
    pub decided: Vec<account::DecideChangeRequest>,
    /// Cards of the account, by the second they were used last; none is shown at first.
    pub cards: Vec<(&'static str, i64)>,
    pub taken_off: Vec<identity::RemoveCredentialRequest>,
    pub uploaded: Vec<(account::DocumentHead, usize)>,
    pub granted: Vec<account::GrantDocumentRequest>,
    pub revoked: Vec<String>,
    pub deleted: Vec<String>,
    pub kept: Vec<siegel_proto::postbox::v1::DepositAttachmentRequest>,
    pub full: bool,
    pub offers: Vec<account::Offer>,
    pub accepted: Vec<account::AcceptOfferRequest>,
    pub declined: Vec<account::DeclineOfferRequest>,
}

fn city(value: &str) -> account::Attribute {
    account::Attribute {
        name: "city".into(),
        value: value.into(),
        source: 3,
        level: 4,
        ..Default::default()
    }
}

#[tonic::async_trait]
impl IdentificationChangeService for Fake {
    async fn list_attribute_history(
        &self,
        _: Request<account::ListAttributeHistoryRequest>,
    ) -> Result<Response<account::ListAttributeHistoryResponse>, Status> {
        let value = account::PastValue { attribute: Some(city("Köln <b>")), ..Default::default() };
        let next_page_token = "more".to_owned();
        let values = vec![value];
        Ok(Response::new(account::ListAttributeHistoryResponse { values, next_page_token }))
    }

    async fn get_pending_change(
        &self,
        _: Request<account::GetPendingChangeRequest>,
    ) -> Result<Response<account::GetPendingChangeResponse>, Status> {
        let change = account::PendingChange {
            change_id: CHANGE.into(),
            differences: vec![account::Difference {
                name: "city".into(),
                before: Some(city("Köln <b>")),
                after: Some(city("Kiel")),
                differs: true,
            }],
            proposed_at: Some(pbjson_types::Timestamp { seconds: READ_AT, nanos: 0 }),
            ..Default::default()
        };
        let change = self.0.data.lock().unwrap().waits.then_some(change);
        Ok(Response::new(account::GetPendingChangeResponse { change }))
    }

    async fn decide_change(
        &self,
        request: Request<account::DecideChangeRequest>,
    ) -> Result<Response<account::DecideChangeResponse>, Status> {
        self.0.refusal()?;
        let mut data = self.0.data.lock().unwrap();
        data.decided.push(request.into_inner());
        data.waits = false;
        Ok(Response::new(account::DecideChangeResponse {}))
    }
}

/// Köln and, proven here already, the name, from an account known at level low.
pub fn offer() -> account::Offer {
    let upstream = |mut attribute: account::Attribute| {
        attribute.source = 4;
        attribute.source_detail = "Altkonto <b>".into();
        attribute.level = 2;
        Some(attribute)
    };
    let name = account::Attribute { name: "family_name".into(), ..city("Gabler") };
    account::Offer {
        offer_id: OFFER.into(),
        system: "Altkonto <b>".into(),
        tenant: "land".into(),
        needed_level: 2,
        attributes: vec![
            account::OfferedAttribute {
                new: upstream(city("Köln <b>")),
                today: Some(city("Kiel")),
                comes: true,
            },
            account::OfferedAttribute { new: upstream(name), today: None, comes: false },
        ],
        ..Default::default()
    }
}

#[tonic::async_trait]
impl OfferService for Fake {
    async fn list_offers(
        &self,
        _: Request<account::ListOffersRequest>,
    ) -> Result<Response<account::ListOffersResponse>, Status> {
        let offers = self.0.data.lock().unwrap().offers.clone();
        Ok(Response::new(account::ListOffersResponse { offers }))
    }

    async fn accept_offer(
        &self,
        request: Request<account::AcceptOfferRequest>,
    ) -> Result<Response<account::AcceptOfferResponse>, Status> {
        self.0.refusal()?;
        let mut data = self.0.data.lock().unwrap();
        data.accepted.push(request.into_inner());
        data.offers.clear();
        Ok(Response::new(account::AcceptOfferResponse {}))
    }

    async fn decline_offer(
        &self,
        request: Request<account::DeclineOfferRequest>,
    ) -> Result<Response<account::DeclineOfferResponse>, Status> {
        let mut data = self.0.data.lock().unwrap();
        data.declined.push(request.into_inner());
        data.offers.clear();
        Ok(Response::new(account::DeclineOfferResponse {}))
    }
}

#[tonic::async_trait]
impl PrivacyService for Fake {
    type ExportDisclosuresStream =
        BoxStream<'static, Result<account::ExportDisclosuresResponse, Status>>;

    async fn list_past_consents(
        &self,
        _: Request<account::ListPastConsentsRequest>,
    ) -> Result<Response<account::ListPastConsentsResponse>, Status> {
        Ok(Response::new(account::ListPastConsentsResponse::default()))
    }

    async fn get_consent_receipt(
        &self,
        request: Request<account::GetConsentReceiptRequest>,
    ) -> Result<Response<account::GetConsentReceiptResponse>, Status> {
        if request.into_inner().consent_id != CONSENT {
            return Err(refusal(Code::NotFound, "CONSENT_UNKNOWN", "no", []));
        }
        let line = account::ReceiptLine {
            name: "city".into(),
            label: "Ort <b>".into(),
            purpose: "Versand".into(),
            required: true,
            allowed: true,
            source: 3,
            level: 4,
            taken_over: false,
        };
        let receipt = account::ConsentReceipt {
            consent_id: CONSENT.into(),
            client_name: "Bauamt".into(),
            lines: vec![line],
            ..Default::default()
        };
        let document = br#"{"format":"siegel-consent-receipt/1"}"#.to_vec();
        Ok(Response::new(account::GetConsentReceiptResponse { receipt: Some(receipt), document }))
    }

    async fn export_disclosures(
        &self,
        _: Request<account::ExportDisclosuresRequest>,
    ) -> Result<Response<Self::ExportDisclosuresStream>, Status> {
        let piece = |text: &str| Ok(account::ExportDisclosuresResponse { chunk: text.into() });
        Ok(Response::new(stream::iter([piece("{\"a\":"), piece("1}")]).boxed()))
    }

    async fn list_staff_accesses(
        &self,
        _: Request<account::ListStaffAccessesRequest>,
    ) -> Result<Response<account::ListStaffAccessesResponse>, Status> {
        let access = account::StaffAccess {
            staff: "land/auskunft".into(),
            reason: "Auskunft <b>".into(),
            ..Default::default()
        };
        let accesses = vec![access];
        Ok(Response::new(account::ListStaffAccessesResponse { accesses, ..Default::default() }))
    }
}

#[tonic::async_trait]
impl ExportService for Fake {
    type ExportAccountStream = BoxStream<'static, Result<account::ExportAccountResponse, Status>>;

    async fn export_account(
        &self,
        _: Request<account::ExportAccountRequest>,
    ) -> Result<Response<Self::ExportAccountStream>, Status> {
        let piece = |text: &str| Ok(account::ExportAccountResponse { chunk: text.into() });
        let pieces = [piece("{\"format\":\"siegel-"), piece("account/1\"}")];
        Ok(Response::new(stream::iter(pieces).boxed()))
    }
}

#[tonic::async_trait]
impl DocumentService for Fake {
    type DownloadDocumentStream =
        BoxStream<'static, Result<account::DownloadDocumentResponse, Status>>;

    async fn upload_document(
        &self,
        request: Request<Streaming<account::UploadDocumentRequest>>,
    ) -> Result<Response<account::UploadDocumentResponse>, Status> {
        let mut messages = request.into_inner();
        let (mut head, mut bytes) = (None, 0);
        while let Some(message) = messages.message().await? {
            match message.part {
                Some(Up::Head(one)) => head = Some(one),
                Some(Up::Chunk(chunk)) => bytes += chunk.len(),
                None => {}
            }
        }
        let mut data = self.0.data.lock().unwrap();
        if data.full {
            return Err(refusal(Code::ResourceExhausted, "QUOTA_EXCEEDED", "full", []));
        }
        let head = head.ok_or_else(|| siegel_grpc::invalid(&[("head", "must come first")]))?;
        data.uploaded.push((head, bytes));
        Ok(Response::new(account::UploadDocumentResponse::default()))
    }

    async fn list_documents(
        &self,
        _: Request<account::ListDocumentsRequest>,
    ) -> Result<Response<account::ListDocumentsResponse>, Status> {
        let documents = vec![document()];
        let (used_bytes, quota_bytes) = (1_500, 100_000);
        Ok(Response::new(account::ListDocumentsResponse { documents, used_bytes, quota_bytes }))
    }

    async fn rename_document(
        &self,
        _: Request<account::RenameDocumentRequest>,
    ) -> Result<Response<account::RenameDocumentResponse>, Status> {
        not_faked()
    }

    async fn delete_document(
        &self,
        request: Request<account::DeleteDocumentRequest>,
    ) -> Result<Response<account::DeleteDocumentResponse>, Status> {
        self.0.data.lock().unwrap().deleted.push(request.into_inner().document_id);
        Ok(Response::new(account::DeleteDocumentResponse {}))
    }

    async fn download_document(
        &self,
        _: Request<account::DownloadDocumentRequest>,
    ) -> Result<Response<Self::DownloadDocumentStream>, Status> {
        use account::download_document_response::Part;
        let message = |part| Ok(account::DownloadDocumentResponse { part: Some(part) });
        let parts = [
            message(Part::Document(document())),
            message(Part::Chunk(b"<script>".to_vec())),
            message(Part::Chunk(b"alert(1)".to_vec())),
        ];
        Ok(Response::new(stream::iter(parts).boxed()))
    }

    async fn grant_document(
        &self,
        request: Request<account::GrantDocumentRequest>,
    ) -> Result<Response<account::GrantDocumentResponse>, Status> {
        self.0.data.lock().unwrap().granted.push(request.into_inner());
        Ok(Response::new(account::GrantDocumentResponse::default()))
    }

    async fn list_document_grants(
        &self,
        _: Request<account::ListDocumentGrantsRequest>,
    ) -> Result<Response<account::ListDocumentGrantsResponse>, Status> {
        let grant = account::DocumentGrant {
            grant_id: GRANT.into(),
            client_name: "Bauamt <b>".into(),
            purpose: "Bauantrag".into(),
            open: true,
            ..Default::default()
        };
        Ok(Response::new(account::ListDocumentGrantsResponse { grants: vec![grant] }))
    }

    async fn revoke_document_grant(
        &self,
        request: Request<account::RevokeDocumentGrantRequest>,
    ) -> Result<Response<account::RevokeDocumentGrantResponse>, Status> {
        self.0.data.lock().unwrap().revoked.push(request.into_inner().grant_id);
        Ok(Response::new(account::RevokeDocumentGrantResponse {}))
    }
}

fn document() -> account::Document {
    account::Document {
        document_id: DOCUMENT.into(),
        name: "Bescheid <b>.html".into(),
        media_type: "text/html".into(),
        size_bytes: 1_500,
        sha256: vec![0xab; 32],
        origin: account::DocumentOrigin::Person.into(),
        ..Default::default()
    }
}
