//! A person's data and documents on the pages.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use siegel_grpc::refusal;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::document_service_server::DocumentService;
use siegel_proto::account::v1::identification_change_service_server::IdentificationChangeService;
use siegel_proto::account::v1::privacy_service_server::PrivacyService;
use siegel_proto::account::v1::upload_document_request::Part as Up;
use tonic::{Code, Request, Response, Status, Streaming};

use super::account_fakes::not_faked;
use super::services::Fake;
use super::world::World;

pub const CONSENT: &str = "cns_00000000000000000000000000000001";
const CHANGE: &str = "chg_00000000000000000000000000000001";
const DOCUMENT: &str = "doc_00000000000000000000000000000001";
const GRANT: &str = "dgr_00000000000000000000000000000001";

/// What the account service was told.
#[derive(Default)]
pub struct DataTold {
    pub set: Vec<account::SetAttributeRequest>,
    pub withdrawn: Vec<String>,
    /// Whether a card waits, and what was decided.
    waits: bool,
    decided: Vec<account::DecideChangeRequest>,
    uploaded: Vec<(account::DocumentHead, usize)>,
    granted: Vec<account::GrantDocumentRequest>,
    revoked: Vec<String>,
    deleted: Vec<String>,
    full: bool,
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
        data.uploaded.push((head.unwrap(), bytes));
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

async fn signed_in() -> World {
    let mut world = World::new().await;
    world.log_in("/account").await;
    world
}

fn here() -> String {
    format!("/account/documents/{DOCUMENT}")
}

#[tokio::test]
async fn a_new_card_is_compared_side_by_side_and_decided_once() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account").await;
    assert!(!page.body.contains("/account/change"));
    world.services.data.lock().unwrap().waits = true;
    let page = world.browser.get("/account").await;
    assert!(page.body.contains("href=\"/account/change\""), "{}", page.body);
    let page = world.browser.get("/account/change").await;
    for text in ["Köln &#60;b&#62;", "<strong>Kiel</strong>", "anders"] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    let form = [("change", CHANGE), ("decision", "update")];
    let page = world.browser.post("/account/change", &form).await;
    assert_eq!(page.location.as_deref(), Some("/account"), "{}", page.body);
    let decided = world.services.data.lock().unwrap().decided.clone();
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].decision(), account::ChangeDecision::Update);
    let page = world.browser.get("/account/change").await;
    assert_eq!(page.location.as_deref(), Some("/account"), "nothing waits any more");
}

#[tokio::test]
async fn a_session_too_low_for_card_data_is_told_how_to_rise() {
    let mut world = signed_in().await;
    world.services.data.lock().unwrap().waits = true;
    world.browser.get("/account/change").await;
    *world.services.level_needed.lock().unwrap() = Some(siegel_kernel::TrustLevel::Substantial);
    let form = [("change", CHANGE), ("decision", "update")];
    let page = world.browser.post("/account/change", &form).await;
    assert!(page.body.contains("level=substantial"), "{}", page.body);
    assert!(world.services.data.lock().unwrap().decided.is_empty());
}

#[tokio::test]
async fn a_withdrawal_says_what_it_did_and_a_receipt_can_be_read_and_kept() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/consents").await;
    assert!(page.body.contains(&format!("/account/consents/{CONSENT}")), "{}", page.body);
    let page = world.browser.post("/account/consents", &[("consent_id", CONSENT)]).await;
    assert_eq!(world.services.data.lock().unwrap().withdrawn, [CONSENT]);
    let page = world.browser.get(&page.location.unwrap()).await;
    assert!(page.body.contains("fragt er wieder"), "{}", page.body);
    let page = world.browser.get(&format!("/account/consents/{CONSENT}")).await;
    for text in ["Ort &#60;b&#62; (nötig)", "Versand", "erlaubt"] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    let page = world.browser.get(&format!("/account/consents/{CONSENT}/receipt.json")).await;
    assert!(page.body.starts_with("{\"format\""));
    assert!(page.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let other = "/account/consents/cns_00000000000000000000000000000002";
    assert_eq!(world.browser.get(other).await.status, 404);
}

#[tokio::test]
async fn the_log_is_exported_and_looks_of_staff_are_shown() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/disclosures").await;
    assert!(page.body.contains("/account/disclosures/export"), "{}", page.body);
    let page = world.browser.get("/account/disclosures/export").await;
    assert_eq!(page.body, "{\"a\":1}");
    let page = world.browser.get("/account/staff").await;
    assert!(page.body.contains("Auskunft &#60;b&#62;"), "{}", page.body);
    let page = world.browser.get("/account/history").await;
    assert!(page.body.contains("Köln &#60;b&#62;"), "{}", page.body);
    assert!(page.body.contains("/account/history?page=more"));
}

#[tokio::test]
async fn a_file_is_stored_with_its_digest_and_a_full_safe_says_so() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/documents").await;
    assert!(page.body.contains("Bescheid &#60;b&#62;.html"), "{}", page.body);
    let files = ("file", &[("a.pdf", "%PDF")][..]);
    let page = world.browser.post_files("/account/documents", &[("nonce", "n")], files).await;
    assert_eq!(page.location.as_deref(), Some("/account/documents"), "{}", page.body);
    let uploaded = world.services.data.lock().unwrap().uploaded.pop().unwrap();
    assert_eq!((uploaded.0.name.as_str(), uploaded.1), ("a.pdf", 4));
    assert_eq!(uploaded.0.media_type, "application/pdf");
    assert_eq!(uploaded.0.sha256, siegel_crypto::sha256(b"%PDF"));
    world.services.data.lock().unwrap().full = true;
    let page = world.browser.post_files("/account/documents", &[("nonce", "n")], files).await;
    assert!(page.body.contains("kein Platz mehr"), "{}", page.body);
    let empty = ("file", &[("", "")][..]);
    let page = world.browser.post_files("/account/documents", &[("nonce", "n")], empty).await;
    assert!(page.body.contains("nicht leer"), "{}", page.body);
}

#[tokio::test]
async fn a_document_is_saved_and_never_shown_within_the_portal() {
    let mut world = signed_in().await;
    let page = world.browser.get(&format!("{}/file", here())).await;
    assert_eq!(page.body, "<script>alert(1)");
    assert!(page.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(page.headers["content-security-policy"], "default-src 'none'; sandbox");
}

#[tokio::test]
async fn a_document_is_shared_with_a_known_service_only_and_taken_back() {
    let mut world = signed_in().await;
    let page = world.browser.get(&here()).await;
    for text in ["Bauamt &#60;b&#62;", GRANT, &"ab".repeat(32)] {
        assert!(page.body.contains(text), "{text} is missing in {}", page.body);
    }
    let form = |client: &'static str| {
        [
            ("action", "share"),
            ("nonce", "n"),
            ("client", client),
            ("purpose", "Bauantrag"),
            ("days", "7"),
            ("often", "once"),
        ]
    };
    let page = world.browser.post(&here(), &form("bauamt")).await;
    assert_eq!(page.location.as_deref(), Some(here().as_str()), "{}", page.body);
    let granted = world.services.data.lock().unwrap().granted.clone();
    assert_eq!(granted.len(), 1);
    assert_eq!((granted[0].client_id.as_str(), granted[0].many), ("bauamt", false));
    world.browser.get(&here()).await;
    let page = world.browser.post(&here(), &form("stranger")).await;
    assert_ne!(page.status, 303, "no service that the person never dealt with");
    world.browser.get(&here()).await;
    world.browser.post(&here(), &[("action", "revoke"), ("grant", GRANT)]).await;
    assert_eq!(world.services.data.lock().unwrap().revoked, [GRANT]);
    world.browser.get(&here()).await;
    let page = world.browser.post(&here(), &[("action", "delete")]).await;
    assert_eq!(page.location.as_deref(), Some("/account/documents"));
    assert_eq!(world.services.data.lock().unwrap().deleted, [DOCUMENT]);
}

#[tokio::test]
async fn what_does_not_apply_is_ticked_and_not_typed() {
    let mut world = signed_in().await;
    let page = world.browser.get("/account/edit").await;
    assert!(page.body.contains("name=\"none-birth_name\""), "{}", page.body);
    assert!(!page.body.contains("name=\"none-family_name\""), "everybody has one");
    let both = [("birth_name", "Gabler"), ("none-birth_name", "1")];
    let page = world.browser.post("/account/edit", &both).await;
    assert_eq!(page.status, 200, "both is an error");
    world.browser.post("/account/edit", &[("birth_name", ""), ("none-birth_name", "1")]).await;
    let set = world.services.data.lock().unwrap().set.clone();
    let [only] = &set[..] else { unreachable!("one is written") };
    assert_eq!((only.name.as_str(), only.not_applicable), ("birth_name", true));
}
