//! One postbox for a test, with people, senders and a clock that is moved.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use siegel_db::{Db, on};
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, GrpcServices, Outside, Person};
use siegel_kernel::{AccountId, GrantId, OrganisationId, Timestamp, TrustLevel};
use siegel_proto::account::v1::document_deposit_service_server::DocumentDepositServiceServer;
use siegel_proto::account::v1::level_service_server::LevelServiceServer;
use siegel_proto::common::v1::TrustLevel as WireLevel;
use siegel_proto::notification::v1 as notification;
use siegel_proto::notification::v1::push_service_server::PushServiceServer;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::mailbox_directory_service_server::MailboxDirectoryServiceServer;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::evidence_service_client::EvidenceServiceClient;
use siegel_proto::postbox::v1::handle_service_client::HandleServiceClient;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;
use siegel_proto::postbox::v1::mailbox_settings_service_client::MailboxSettingsServiceClient;
use siegel_proto::postbox::v1::sender_service_client::SenderServiceClient;
use siegel_proto::postbox::v1::upload_service_client::UploadServiceClient;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, Verified, verify_published};
use siegel_testkit::{CountingEntropy, TestClock};
use tonic::Status;
use tonic::transport::Channel;

use super::deposits::Safe;
use super::fakes::{Access, Levels, Notifications, Pushes};
use crate::app::Postbox;
use crate::config::Config;
use crate::start::{build, services};
use crate::store::senders::Sender;

pub const CLIENT: &str = "musterstadt-bauamt";
pub const OTHER_CLIENT: &str = "musterstadt-meldeamt";
pub const FOREIGN_CLIENT: &str = "neustadt-bauamt";

pub struct World {
    pub postbox: Postbox,
    pub clock: Arc<TestClock>,
    pub db: Db,
    pub dir: tempfile::TempDir,
    pub notifications: Notifications,
    pub pushes: Pushes,
    pub access: Access,
    pub safe: Safe,
    pub levels: Levels,
    pub outside: Outside,
}

pub fn account(n: u128) -> AccountId {
    AccountId::from_uuid(uuid::Uuid::from_u128(n))
}

pub fn company() -> OrganisationId {
    OrganisationId::from_uuid(uuid::Uuid::from_u128(9))
}

fn sender(client_id: &str, tenant: &str, sector: &str) -> Sender {
    Sender {
        client_id: client_id.into(),
        tenant: tenant.into(),
        sector: sector.into(),
        authority: "Bauamt Musterstadt".into(),
        ars: "010510044044".into(),
        service_id: "99012070".into(),
    }
}

pub fn senders() -> Vec<Sender> {
    vec![
        sender(CLIENT, "musterstadt", "musterstadt"),
        sender(OTHER_CLIENT, "musterstadt", "musterstadt"),
        sender(FOREIGN_CLIENT, "neustadt", "neustadt"),
    ]
}

pub fn client(client_id: &str, tenant: &str) -> Caller {
    let grant = GrantId::from_uuid(uuid::Uuid::from_u128(5)).to_string();
    let scopes = vec!["postbox.deliver".into()];
    Caller::Client { client_id: client_id.into(), tenant: tenant.into(), scopes, grant }
}

pub fn person(n: u128, level: TrustLevel) -> Caller {
    Caller::Person(Person {
        account: account(n),
        client_id: "portal".into(),
        subject: "pairwise".into(),
        level,
        authenticated_at: Timestamp::parse_rfc3339("2025-03-06T10:00:00Z").unwrap(),
        grant: GrantId::from_uuid(uuid::Uuid::from_u128(5)),
        session: None,
        scopes: vec!["postbox.read".into()],
        acting_for: None,
    })
}

impl World {
    pub async fn new(db: Db) -> Self {
        Self::with(db, |_| {}).await
    }

    /// One whose platform is operated by `musterstadt`.
    pub async fn of_platform(db: Db) -> Self {
        Self::with(db, |config| config.operator_tenant = Some("musterstadt".into())).await
    }

    /// One with other settings.
    pub async fn with(db: Db, bend: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(TestClock::default());
        let dir = tempfile::tempdir().unwrap();
        let notifications = Notifications {
            state: Arc::new(Mutex::new(notification::NotificationState::Sent)),
            orders: Arc::default(),
        };
        let notifier = notification::notification_service_server::NotificationServiceServer::new(
            notifications.clone(),
        );
        let pushes = Pushes::default();
        let pusher = PushServiceServer::new(pushes.clone());
        let rights = Access::default();
        let access = organisation::access_service_server::AccessServiceServer::new(rights.clone());
        let directory = MailboxDirectoryServiceServer::new(rights.clone());
        let fakes = Fakes::new()
            .with("postbox", "notification", &GrpcServices::new().add(notifier).add(pusher))
            .with("postbox", "organisation", &GrpcServices::new().add(access).add(directory));
        let safe = Safe::default();
        let deposits = DocumentDepositServiceServer::new(safe.clone());
        let levels = Levels::default();
        let known = LevelServiceServer::new(levels.clone());
        let account = GrpcServices::new().add(deposits).add(known);
        let fakes = fakes.with("postbox", "account", &account);
        let entropy = Arc::new(CountingEntropy::default());
        let outside = outside("postbox", db.clone(), clock.clone(), entropy, &fakes);
        let mut config = Config::in_directory(dir.path(), senders());
        config.limits.attachment_bytes = 200_000;
        bend(&mut config);
        let postbox = build(config, &outside).await.unwrap();
        Self {
            postbox,
            clock,
            db,
            dir,
            notifications,
            pushes,
            access: rights,
            safe,
            levels,
            outside,
        }
    }

    pub fn channel(&self, caller: Caller) -> Channel {
        serve(&services(&self.postbox), caller)
    }

    /// The HTTP faces in front of the same services.
    pub fn http(&self, caller: Caller) -> axum::Router {
        let grpc = siegel_grpc::testing::router(&services(&self.postbox), caller);
        siegel_transcode::with_http_faces(grpc, &siegel_transcode::Origins::default())
    }

    pub fn sender(&self) -> SenderServiceClient<Channel> {
        self.sender_as(client(CLIENT, "musterstadt"))
    }

    pub fn sender_as(&self, caller: Caller) -> SenderServiceClient<Channel> {
        SenderServiceClient::new(self.channel(caller)).max_decoding_message_size(64 << 20)
    }

    pub fn reader(&self, n: u128, level: TrustLevel) -> MailboxServiceClient<Channel> {
        MailboxServiceClient::new(self.channel(person(n, level)))
    }

    pub fn uploads(&self, caller: Caller) -> UploadServiceClient<Channel> {
        UploadServiceClient::new(self.channel(caller))
    }

    pub fn settings(&self, caller: Caller) -> MailboxSettingsServiceClient<Channel> {
        MailboxSettingsServiceClient::new(self.channel(caller))
    }

    /// Lets account `n` end a handle.
    pub async fn revoke(&self, n: u128, handle: &str) -> Result<(), Status> {
        let request = pb::RevokeHandleRequest {
            request_id: format!("revoke {handle}"),
            organisation_id: String::new(),
            handle: handle.into(),
            ..Default::default()
        };
        let mut owner = self.settings(person(n, TrustLevel::Low));
        owner.revoke_handle(request).await.map(|_| ())
    }

    pub fn evidence(&self, caller: Caller) -> EvidenceServiceClient<Channel> {
        EvidenceServiceClient::new(self.channel(caller))
    }

    /// The handle of account `n` for the sector `musterstadt`.
    pub async fn handle(&self, n: u128) -> String {
        let owner = pb::issue_handle_request::Owner::AccountId(account(n).to_string());
        self.handle_for(owner, "musterstadt").await
    }

    pub async fn handle_for(&self, owner: pb::issue_handle_request::Owner, sector: &str) -> String {
        let request = pb::IssueHandleRequest {
            request_id: "h".into(),
            owner: Some(owner),
            sector: sector.into(),
            ..Default::default()
        };
        let channel = self.channel(Caller::Sibling("identity".into()));
        HandleServiceClient::new(channel).issue_handle(request).await.unwrap().into_inner().handle
    }

    /// The handle of a mailbox beside the central one of an organisation.
    pub async fn handle_beside(&self, organisation: &str, mailbox: &str) -> String {
        let owner = pb::issue_handle_request::Owner::OrganisationId(organisation.to_owned());
        let request = pb::IssueHandleRequest {
            request_id: "h".into(),
            owner: Some(owner),
            sector: "musterstadt".into(),
            mailbox_id: mailbox.into(),
        };
        self.handles().issue_handle(request).await.unwrap().into_inner().handle
    }

    /// The kinds of all entries of a letter, as its sender sees them.
    pub async fn kinds(&self, letter_id: &str) -> Vec<String> {
        self.sent(letter_id).await.receipts.into_iter().map(|r| r.kind).collect()
    }

    pub async fn sent(&self, letter_id: &str) -> pb::GetSentLetterResponse {
        let request = pb::GetSentLetterRequest { letter_id: letter_id.into() };
        self.sender().get_sent_letter(request).await.unwrap().into_inner()
    }

    pub async fn summary(&self, letter_id: &str) -> pb::LetterSummary {
        let request = pb::PreviewRequest {
            letter_id: letter_id.into(),
            organisation_id: String::new(),
            ..Default::default()
        };
        let preview = self.reader(1, TrustLevel::High).preview(request).await.unwrap();
        preview.into_inner().letter.unwrap()
    }

    /// Verifies a receipt with the published keys, as an outsider does.
    pub async fn verified(&self, receipt: &pb::Receipt) -> Verified {
        let keys = PublishedKeys::from_json(&self.postbox.key_set().await.unwrap()).unwrap();
        let file = ReceiptFile::parse(&receipt.file).unwrap();
        verify_published(&file, &keys, KeyTrust::Given).unwrap()
    }

    /// The one entry of this kind, verified.
    pub async fn entry(&self, letter_id: &str, kind: &str) -> Verified {
        let receipts = self.sent(letter_id).await.receipts;
        let receipt = receipts.iter().find(|r| r.kind == kind).expect(kind);
        self.verified(receipt).await
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let mut tx = self.db.read().await.unwrap();
        count(&mut tx, sql).await.unwrap()
    }

    /// Files in the object store.
    pub fn objects(&self) -> usize {
        files(&self.dir.path().join("objects"))
    }

    /// Nothing is left of any letter: no row, no object, no note of an upload.
    pub async fn assert_nothing_stored(&self) {
        self.assert_only_rejected(0).await;
    }

    /// Nothing is left of any letter but the receipts of `n` refusals, for their sender: no content,
    /// no place in a mailbox, no object, no request id that was used up.
    pub async fn assert_only_rejected(&self, n: i64) {
        let bare = "letters WHERE state = 'rejected' AND sequence IS NULL AND due_at_us IS NULL \
            AND LENGTH(wrapped_key) + LENGTH(sealed_head) + LENGTH(sealed_content) = 0 \
            AND case_tag IS NULL AND mailbox_id NOT IN (SELECT id FROM mailboxes)";
        let left = [
            "letters",
            bare,
            "evidence",
            "evidence WHERE kind = 'rejected' AND number = 1",
            "log_leaves",
            "events",
            "sent_letters",
            "rejections",
        ];
        for table in left {
            assert_eq!(self.count(table).await, n, "{table}");
        }
        let tables = [
            "mailbox_heads",
            "attachments",
            "attachment_parts",
            "resumable_uploads",
            "uploads",
            "outbox",
            "requests",
            "retention",
            "reminders",
            "letter_words",
        ];
        for table in tables {
            assert_eq!(self.count(table).await, 0, "{table} holds rows");
        }
        assert_eq!(self.objects(), 0, "the object store holds objects");
    }
}

async fn count(
    tx: &mut siegel_db::Tx,
    sql: sqlx::AssertSqlSafe<String>,
) -> Result<i64, siegel_db::StoreError> {
    Ok(on!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
}

fn files(dir: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .map(|e| e.unwrap())
        .map(|e| if e.file_type().unwrap().is_dir() { files(&e.path()) } else { 1 })
        .sum()
}

pub const DAY: Duration = Duration::from_hours(24);

pub const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Title (Bescheid) >>\nendobj\n";
pub const XML: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xbau:bescheid/>\n";

/// A decision for `handle` under OZG \u{a7} 9 with a PDF and its data set.
pub fn request(request_id: &str, handle: &str) -> pb::SubmitRequest {
    pb::SubmitRequest {
        request_id: request_id.into(),
        letter: Some(pb::Letter {
            handle: handle.into(),
            sender_reference: "Az. 2025-17".into(),
            subject: "Ihr Bescheid zur Gaube".into(),
            bodies: vec![pb::Body {
                language: "de".into(),
                plain_text: "Guten Tag, der Bescheid liegt bei.".into(),
                easy_text: String::new(),
                html: String::new(),
            }],
            hide_preview: false,
            required_level: WireLevel::Substantial.into(),
            importance: pb::Importance::Important.into(),
            delivery_type: pb::DeliveryType::Decision.into(),
            legal_basis: "ozg-9".into(),
            case_id: "BA-2025-17".into(),
            lane: 0,
            thread: String::new(),
            ..pb::Letter::default()
        }),
        attachments: vec![
            attachment("Bescheid.pdf", "application/pdf", PDF),
            attachment("Bescheid.xml", "application/xml", XML),
        ],
        upload_ids: vec![],
    }
}

pub fn attachment(name: &str, media_type: &str, content: &[u8]) -> pb::InlineAttachment {
    pb::InlineAttachment {
        declaration: Some(pb::AttachmentDeclaration {
            name: name.into(),
            media_type: media_type.into(),
            sha256: siegel_crypto::sha256(content).to_vec(),
            size_bytes: i64::try_from(content.len()).unwrap(),
        }),
        content: content.to_vec(),
    }
}

/// Makes a letter one of formal service, whose recipient was instructed.
pub fn formal(request: &mut pb::SubmitRequest) {
    let letter = letter(request);
    letter.delivery_type = pb::DeliveryType::FormalService.into();
    letter.legal_basis = "vwzg-5-7".into();
    let given_at = Timestamp::parse_rfc3339("2025-02-01T09:00:00Z").unwrap();
    letter.instruction = Some(pb::Instruction {
        text_version: "zustellung-2025-01".into(),
        given_at: Some(siegel_proto::convert::timestamp(given_at)),
    });
}

/// The letter of a request, to bend it.
pub fn letter(request: &mut pb::SubmitRequest) -> &mut pb::Letter {
    request.letter.as_mut().unwrap()
}
