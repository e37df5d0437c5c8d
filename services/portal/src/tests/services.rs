//! Account, identity's self service and postbox as the portal sees them.

use std::sync::{Arc, Mutex};

use http::{HeaderName, HeaderValue};
use siegel_crypto::{SigningKey, b64};
use siegel_grpc::testing::Fakes;
use siegel_grpc::{GrpcServices, refusal, unavailable};
use siegel_kernel::TrustLevel;
use siegel_proto::account::v1::account_service_server::AccountServiceServer;
use siegel_proto::account::v1::document_service_server::DocumentServiceServer;
use siegel_proto::account::v1::export_service_server::ExportServiceServer;
use siegel_proto::account::v1::identification_change_service_server::IdentificationChangeServiceServer;
use siegel_proto::account::v1::offer_service_server::OfferServiceServer;
use siegel_proto::account::v1::privacy_service_server::PrivacyServiceServer;
use siegel_proto::identity::v1::self_service_server::SelfServiceServer;
use siegel_proto::organisation::v1::claim_service_server::ClaimServiceServer;
use siegel_proto::organisation::v1::mailbox_rights_service_server::MailboxRightsServiceServer;
use siegel_proto::organisation::v1::mandate_service_server::MandateServiceServer;
use siegel_proto::organisation::v1::member_service_server::MemberServiceServer;
use siegel_proto::organisation::v1::organisation_service_server::OrganisationServiceServer;
use siegel_proto::organisation::v1::own_party_service_server::OwnPartyServiceServer;
use siegel_proto::organisation::v1::record_service_server::RecordServiceServer;
use siegel_proto::postbox::v1 as postbox;
use siegel_proto::postbox::v1::evidence_service_server::EvidenceServiceServer;
use siegel_proto::postbox::v1::mailbox_choice_service_server::MailboxChoiceServiceServer;
use siegel_proto::postbox::v1::mailbox_service_server::MailboxServiceServer;
use siegel_proto::postbox::v1::mailbox_settings_service_server::MailboxSettingsServiceServer;
use siegel_receipt::{Actor, Body, Claims, FORMAT, Kind, ReceiptFile, Reply, Sender, TYP};
use tonic::service::LayerExt as _;
use tonic::{Code, Status};
use tower_http::set_header::SetResponseHeaderLayer;

use super::data_fakes::DataTold;
use super::mailboxes::Arranged;
use super::mandates::Mandates;
use super::organisation_fakes::Firm;
use super::settings::Told;

pub const LETTER: &str = "ltr_00000000000000000000000000000001";
pub const CONTENT: &[u8] = b"%PDF-1.7 a decision";

/// What the services know and were told.
pub struct Services {
    pub level_needed: Mutex<Option<TrustLevel>>,
    pub down: Mutex<bool>,
    pub opened: Mutex<u32>,
    /// The visitor may read but not receive.
    pub reads_only: Mutex<bool>,
    /// Whether the letter is one of formal service, and how it was answered.
    pub needs_answer: Mutex<bool>,
    pub answers: Mutex<Vec<&'static str>>,
    pub ended: Mutex<Vec<String>>,
    pub told: Mutex<Told>,
    /// What the account service was told about data and documents.
    pub data: Mutex<DataTold>,
    pub arranged: Mutex<Arranged>,
    /// What the letter asks for, and the replies it got.
    pub actions: Mutex<Vec<postbox::LetterAction>>,
    pub replies: Mutex<Vec<postbox::ReplyRequest>>,
    pub reply_refused: Mutex<Option<&'static str>>,
    /// Which letters were asked for, where the letter was moved, and how it is laid out.
    pub listed: Mutex<Vec<postbox::ListLettersRequest>>,
    pub moved: Mutex<Vec<&'static str>>,
    pub folder: Mutex<postbox::Folder>,
    pub html: Mutex<String>,
    pub mandates: Mandates,
    /// Record, units, programs, and for whom the person may act.
    pub firm: Firm,
    pub key: SigningKey,
}

#[derive(Clone)]
pub(super) struct Fake(pub(super) Arc<Services>);

impl Services {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            level_needed: Mutex::default(),
            down: Mutex::default(),
            opened: Mutex::default(),
            reads_only: Mutex::default(),
            needs_answer: Mutex::default(),
            answers: Mutex::default(),
            ended: Mutex::default(),
            told: Mutex::default(),
            data: Mutex::default(),
            arranged: Mutex::default(),
            actions: Mutex::default(),
            replies: Mutex::default(),
            reply_refused: Mutex::default(),
            listed: Mutex::default(),
            moved: Mutex::default(),
            folder: Mutex::default(),
            html: Mutex::default(),
            mandates: Mandates::default(),
            firm: Firm::default(),
            key: SigningKey::generate().unwrap(),
        })
    }

    /// The fakes answer with a DPoP nonce, as the guard in front of real services does.
    pub fn fakes(self: &Arc<Self>) -> Fakes {
        let name = HeaderName::from_static("dpop-nonce");
        let nonce = SetResponseHeaderLayer::overriding(name, HeaderValue::from_static("n"));
        let fake = Fake(self.clone());
        let account = AccountServiceServer::new(fake.clone());
        let changes = IdentificationChangeServiceServer::new(fake.clone());
        let privacy = PrivacyServiceServer::new(fake.clone());
        let offers = OfferServiceServer::new(fake.clone());
        let export = ExportServiceServer::new(fake.clone());
        let safe = DocumentServiceServer::new(fake.clone());
        let account = GrpcServices::new()
            .add(nonce.clone().named_layer(account))
            .add(nonce.clone().named_layer(changes))
            .add(nonce.clone().named_layer(privacy))
            .add(nonce.clone().named_layer(offers))
            .add(nonce.clone().named_layer(export))
            .add(nonce.clone().named_layer(safe));
        let own = SelfServiceServer::new(fake.clone());
        let mailbox = MailboxServiceServer::new(fake.clone());
        let settings = MailboxSettingsServiceServer::new(fake.clone());
        let choice = MailboxChoiceServiceServer::new(fake.clone());
        let rights = MailboxRightsServiceServer::new(fake.clone());
        let evidence = EvidenceServiceServer::new(fake);
        let postbox = GrpcServices::new()
            .add(nonce.clone().named_layer(mailbox))
            .add(nonce.clone().named_layer(settings))
            .add(nonce.clone().named_layer(choice))
            .add(nonce.clone().named_layer(evidence));
        let mandates = MandateServiceServer::new(self.mandates.clone());
        let organisations = OrganisationServiceServer::new(self.mandates.clone());
        let organisation = GrpcServices::new()
            .add(nonce.clone().named_layer(mandates))
            .add(nonce.clone().named_layer(organisations))
            .add(nonce.clone().named_layer(rights))
            .add(nonce.clone().named_layer(RecordServiceServer::new(self.firm.clone())))
            .add(nonce.clone().named_layer(MemberServiceServer::new(self.firm.clone())))
            .add(nonce.clone().named_layer(OwnPartyServiceServer::new(self.firm.clone())))
            .add(nonce.clone().named_layer(ClaimServiceServer::new(self.firm.clone())))
            .add(super::organisations::letters());
        Fakes::new()
            .with("portal", "organisation", &organisation)
            .with("portal", "account", &account)
            .with("portal", "identity", &GrpcServices::new().add(nonce.named_layer(own)))
            .with("portal", "postbox", &postbox)
    }

    /// What the latest receipt is about.
    pub fn kind(&self) -> Kind {
        if self.replies.lock().unwrap().is_empty() { Kind::Opened } else { Kind::ReplyAccepted }
    }

    /// A receipt of the opening or the reply, signed with the published key.
    pub fn receipt(&self) -> String {
        let at = "2025-03-06T10:15:00.000000Z".to_owned();
        let body = Body {
            kind: self.kind(),
            etsi_event: self.kind().etsi_event().map(str::to_owned),
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
            request_digest: None,
            instruction: None,
            service_use: None,
            replaced_by: None,
            outages: Vec::new(),
            reply: (self.kind() == Kind::ReplyAccepted).then(|| Reply {
                reply_id: "rpl_1".into(),
                content_digest: b64::encode([9; 32]),
                attachment_digests: vec![b64::encode([8; 32])],
                due_on: Some("2025-03-05".into()),
                late: true,
            }),
            reason: None,
            commitments: std::collections::BTreeMap::new(),
        };
        let claims = Claims {
            iss: "http://localhost:8080".into(),
            iat: 1_741_256_100,
            jti: "rcp_1".into(),
            sub: LETTER.into(),
            toe: 1_741_256_100,
            events: [(self.kind().event_uri(), body)].into(),
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

    pub(super) fn letter(&self) -> postbox::LetterSummary {
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
            needs_answer: *self.needs_answer.lock().unwrap(),
            folder: (*self.folder.lock().unwrap()).into(),
            ..postbox::LetterSummary::default()
        }
    }

    pub(super) fn refusal(&self) -> Result<(), Status> {
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
