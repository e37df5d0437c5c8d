//! Account, identity's self service and postbox as the portal sees them.

use std::sync::{Arc, Mutex};

use futures_util::Stream;
use http::{HeaderName, HeaderValue};
use siegel_crypto::{KeySet, SigningKey, b64, sha256};
use siegel_grpc::testing::Fakes;
use siegel_grpc::{GrpcServices, refusal, unavailable};
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_server::{AccountService, AccountServiceServer};
use siegel_proto::identity::v1 as identity;
use siegel_proto::identity::v1::self_service_server::{SelfService, SelfServiceServer};
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::download_attachment_response::Part;
use siegel_proto::postbox::v1::evidence_service_server::{EvidenceService, EvidenceServiceServer};
use siegel_proto::postbox::v1::mailbox_service_server::{MailboxService, MailboxServiceServer};
use siegel_receipt::{Actor, Body, Claims, FORMAT, Kind, ReceiptFile, Sender, TYP};
use tonic::service::LayerExt as _;
use tonic::{Code, Request, Response, Status};
use tower_http::set_header::SetResponseHeaderLayer;

pub const LETTER: &str = "ltr_00000000000000000000000000000001";
pub const CONTENT: &[u8] = b"%PDF-1.7 a decision";

/// What the services know and were told.
pub struct Services {
    pub level_needed: Mutex<Option<TrustLevel>>,
    pub down: Mutex<bool>,
    pub opened: Mutex<u32>,
    pub ended: Mutex<Vec<String>>,
    pub key: SigningKey,
}

#[derive(Clone)]
struct Fake(Arc<Services>);

impl Services {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            level_needed: Mutex::default(),
            down: Mutex::default(),
            opened: Mutex::default(),
            ended: Mutex::default(),
            key: SigningKey::generate().unwrap(),
        })
    }

    /// The fakes answer with a DPoP nonce, as the guard in front of real services does.
    pub fn fakes(self: &Arc<Self>) -> Fakes {
        let name = HeaderName::from_static("dpop-nonce");
        let nonce = SetResponseHeaderLayer::overriding(name, HeaderValue::from_static("n"));
        let fake = Fake(self.clone());
        let account = AccountServiceServer::new(fake.clone());
        let own = SelfServiceServer::new(fake.clone());
        let mailbox = MailboxServiceServer::new(fake.clone());
        let evidence = EvidenceServiceServer::new(fake);
        let postbox = GrpcServices::new()
            .add(nonce.clone().named_layer(mailbox))
            .add(nonce.clone().named_layer(evidence));
        Fakes::new()
            .with("portal", "account", &GrpcServices::new().add(nonce.clone().named_layer(account)))
            .with("portal", "identity", &GrpcServices::new().add(nonce.named_layer(own)))
            .with("portal", "postbox", &postbox)
    }

    /// A receipt of the opening, signed with the published key.
    pub fn receipt(&self) -> String {
        let at = "2025-03-06T10:15:00.000000Z".to_owned();
        let body = Body {
            kind: Kind::Opened,
            etsi_event: Kind::Opened.etsi_event().map(str::to_owned),
            content_digest: b64::encode([1; 32]),
            attachment_digests: Vec::new(),
            event_time: at.clone(),
            recorded_time: at,
            clock_moved: false,
            number: 3,
            previous: Some(b64::encode([2; 32])),
            sender: Sender {
                tenant: "musterstadt".into(),
                client_id: "bauamt".into(),
                authority: "Bauamt Musterstadt".into(),
                ars: String::new(),
                service_id: String::new(),
            },
            required_level: 3,
            actor: Actor {
                role: "recipient".into(),
                pseudonym: Some("p".into()),
                trust_level: Some(3),
                authenticated_at: None,
                client_id: Some("siegel-portal".into()),
            },
            on_behalf_of: None,
            legal_effect: None,
            notification: None,
            attachment: None,
            commitments: std::collections::BTreeMap::new(),
        };
        let claims = Claims {
            iss: "http://localhost:8080".into(),
            iat: 1_741_256_100,
            jti: "rcp_1".into(),
            sub: LETTER.into(),
            toe: 1_741_256_100,
            events: [(Kind::Opened.event_uri(), body)].into(),
        };
        let file = ReceiptFile {
            format: FORMAT.into(),
            jws: self.key.sign(TYP, &claims).unwrap(),
            leaf_salt: b64::encode([7; 32]),
            jwks_uri: "http://localhost:8080/log/keys.json".into(),
            disclosed: std::collections::BTreeMap::new(),
            log: None,
        };
        file.to_json()
    }

    fn letter(&self) -> postbox::LetterSummary {
        let opened = *self.opened.lock().unwrap() > 0;
        let at = pbjson_types::Timestamp { seconds: 1_741_256_100, nanos: 0 };
        postbox::LetterSummary {
            letter_id: LETTER.into(),
            authority: "Bauamt <b>Musterstadt</b>".into(),
            subject: "Ihre \"Baugenehmigung\" <img src=x>".into(),
            provided_at: Some(at),
            required_level: 3,
            importance: postbox::Importance::Important.into(),
            delivery_type: postbox::DeliveryType::Decision.into(),
            state: if opened { 4 } else { 3 },
            opened_at: opened.then_some(at),
            attachment_count: 1,
            case_id: String::new(),
            announced_on: "2025-03-10".into(),
            can_open: self.level_needed.lock().unwrap().is_none(),
        }
    }

    fn refusal(&self) -> Result<(), Status> {
        if *self.down.lock().unwrap() {
            return Err(unavailable("DOWN", "down"));
        }
        match *self.level_needed.lock().unwrap() {
            None => Ok(()),
            Some(level) => Err(refusal(
                Code::PermissionDenied,
                "TRUST_TOO_LOW",
                "too low",
                [("needed", level.as_str())],
            )),
        }
    }
}

fn attachment() -> postbox::Attachment {
    postbox::Attachment {
        attachment_id: "att_1".into(),
        name: "Bescheid über \"alles\".pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: i64::try_from(CONTENT.len()).unwrap(),
        sha256: sha256(CONTENT).to_vec(),
    }
}

fn not_faked<T>() -> Result<Response<T>, Status> {
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
            verified_at: None,
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
        _: Request<account::SetAttributeRequest>,
    ) -> Result<Response<account::SetAttributeResponse>, Status> {
        Ok(Response::new(account::SetAttributeResponse::default()))
    }

    async fn list_consents(
        &self,
        _: Request<account::ListConsentsRequest>,
    ) -> Result<Response<account::ListConsentsResponse>, Status> {
        Ok(Response::new(account::ListConsentsResponse::default()))
    }

    async fn withdraw_consent(
        &self,
        _: Request<account::WithdrawConsentRequest>,
    ) -> Result<Response<account::WithdrawConsentResponse>, Status> {
        not_faked()
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
        Ok(Response::new(identity::ListCredentialsResponse::default()))
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
        _: Request<identity::RemoveCredentialRequest>,
    ) -> Result<Response<identity::RemoveCredentialResponse>, Status> {
        Err(Status::unimplemented("identity has pages of its own for it"))
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

type Bytes = std::pin::Pin<
    Box<dyn Stream<Item = Result<postbox::DownloadAttachmentResponse, Status>> + Send>,
>;

#[tonic::async_trait]
impl MailboxService for Fake {
    async fn list_letters(
        &self,
        _: Request<postbox::ListLettersRequest>,
    ) -> Result<Response<postbox::ListLettersResponse>, Status> {
        if *self.0.down.lock().unwrap() {
            return Err(unavailable("DOWN", "down"));
        }
        let letters = vec![self.0.letter()];
        Ok(Response::new(postbox::ListLettersResponse {
            letters,
            next_page_token: "more".into(),
            ..postbox::ListLettersResponse::default()
        }))
    }

    async fn preview(
        &self,
        _: Request<postbox::PreviewRequest>,
    ) -> Result<Response<postbox::PreviewResponse>, Status> {
        Ok(Response::new(postbox::PreviewResponse {
            letter: Some(self.0.letter()),
            effect_de: "Öffnen heißt: bekanntgegeben.".into(),
            effect_en: "Opening means: announced.".into(),
        }))
    }

    async fn open(
        &self,
        _: Request<postbox::OpenRequest>,
    ) -> Result<Response<postbox::OpenResponse>, Status> {
        self.0.refusal()?;
        *self.0.opened.lock().unwrap() += 1;
        let body = |language: &str, text: &str| postbox::Body {
            language: language.into(),
            plain_text: text.into(),
            easy_text: String::new(),
        };
        Ok(Response::new(postbox::OpenResponse {
            letter: Some(self.0.letter()),
            bodies: vec![
                body("en", "Hello <script>alert(2)</script>"),
                body("de", "Guten Tag <script>alert(1)</script>\n\n</section>Gruß"),
            ],
            attachments: vec![attachment()],
            receipt: Some(postbox::Receipt {
                receipt_id: "rcp_1".into(),
                letter_id: LETTER.into(),
                kind: "opened".into(),
                file: self.0.receipt(),
                recorded_at: None,
            }),
            ..postbox::OpenResponse::default()
        }))
    }

    type DownloadAttachmentStream = Bytes;

    async fn download_attachment(
        &self,
        _: Request<postbox::DownloadAttachmentRequest>,
    ) -> Result<Response<Bytes>, Status> {
        if *self.0.opened.lock().unwrap() == 0 {
            let code = Code::FailedPrecondition;
            return Err(refusal(code, "LETTER_NOT_OPENED", "not opened", []));
        }
        let (one, two) = CONTENT.split_at(5);
        let chunk = |bytes: &[u8]| Part::Chunk(bytes.to_vec());
        let parts = [Part::Attachment(attachment()), chunk(one), chunk(two)];
        let messages =
            parts.map(|part| Ok(postbox::DownloadAttachmentResponse { part: Some(part) }));
        Ok(Response::new(Box::pin(futures_util::stream::iter(messages))))
    }
}

#[tonic::async_trait]
impl EvidenceService for Fake {
    async fn list_receipts(
        &self,
        _: Request<postbox::ListReceiptsRequest>,
    ) -> Result<Response<postbox::ListReceiptsResponse>, Status> {
        let receipt = postbox::Receipt {
            receipt_id: "rcp_1".into(),
            letter_id: LETTER.into(),
            kind: "opened".into(),
            file: self.0.receipt(),
            recorded_at: None,
        };
        Ok(Response::new(postbox::ListReceiptsResponse { receipts: vec![receipt] }))
    }

    async fn list_signing_keys(
        &self,
        _: Request<postbox::ListSigningKeysRequest>,
    ) -> Result<Response<postbox::ListSigningKeysResponse>, Status> {
        if *self.0.down.lock().unwrap() {
            return Err(unavailable("DOWN", "down"));
        }
        let jwks = KeySet::new([self.0.key.public_jwk().clone()]).to_json();
        Ok(Response::new(postbox::ListSigningKeysResponse { jwks }))
    }

    async fn get_checkpoint(
        &self,
        _: Request<postbox::GetCheckpointRequest>,
    ) -> Result<Response<postbox::GetCheckpointResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<postbox::GetInclusionProofRequest>,
    ) -> Result<Response<postbox::GetInclusionProofResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }

    async fn get_mailbox_head(
        &self,
        _: Request<postbox::GetMailboxHeadRequest>,
    ) -> Result<Response<postbox::GetMailboxHeadResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }

    async fn get_consistency_proof(
        &self,
        _: Request<postbox::GetConsistencyProofRequest>,
    ) -> Result<Response<postbox::GetConsistencyProofResponse>, Status> {
        Err(Status::unimplemented("the portal does not ask"))
    }
}
