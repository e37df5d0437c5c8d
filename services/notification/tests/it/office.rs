//! A running service, a mail server, and what the tests say to them.

use std::sync::Arc;
use std::time::Duration;

use siegel_db::{Db, StoreError, on};
use siegel_egress::Egress;
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_grpc::{Caller, Running};
use siegel_kernel::{Clock as _, Timestamp};
use siegel_notification::{Config, Encryption, MIGRATIONS, Smtp, start};
use siegel_proto::notification::v1::notification_service_client::NotificationServiceClient;
use siegel_proto::notification::v1::{
    CodePurpose, GetNotificationRequest, NotificationState, NotifyRequest, SendCodeRequest,
    SetContactRequest, Template,
};
use siegel_testkit::{CountingEntropy, TestClock};
use tonic::Status;
use tonic::transport::Channel;

use crate::postbox::Postbox;
use crate::smtp::Server;

pub use siegel_grpc::reason;

pub static TABLES: &siegel_db::Migrations = &MIGRATIONS;

pub const ERIKA: &str = "acc_0123456789abcdef0123456789abcdef";
pub const CLUB: &str = "org_0123456789abcdef0123456789abcdef";

pub struct Office {
    pub db: Db,
    pub clock: Arc<TestClock>,
    pub mails: Server,
    pub postbox: Postbox,
    running: Running,
    _dir: tempfile::TempDir,
}

impl Office {
    pub async fn open(db: Db) -> Self {
        let settings = siegel_egress::EgressSettings::default();
        let egress = Egress::new(&settings, siegel_config::Profile::Sandbox).unwrap();
        Self::with_way_out(db, egress).await
    }

    pub async fn with_way_out(db: Db, egress: Egress) -> Self {
        let mails = Server::start().await;
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::default());
        let entropy = Arc::new(CountingEntropy::default());
        let postbox = Postbox::new();
        let fakes = Fakes::new().with("notification", "postbox", &postbox.services());
        let outside = outside("notification", db.clone(), clock.clone(), entropy, &fakes);
        let outside = siegel_grpc::Outside { egress, ..outside };
        let smtp = Smtp {
            host: "127.0.0.1".into(),
            port: mails.port,
            encryption: Encryption::None,
            from: "Servicekonto <noreply@musterstadt.example>".into(),
            username: None,
            password_file: None,
        };
        let config = Config { key_encryption_key_file: dir.path().join("kek"), smtp };
        let running = start(config, outside).await.unwrap();
        Self { db, clock, mails, postbox, running, _dir: dir }
    }

    /// The service as this sibling reaches it.
    pub fn sibling(&self, name: &str) -> NotificationServiceClient<Channel> {
        NotificationServiceClient::new(self.channel(name))
    }

    pub fn channel(&self, sibling: &str) -> Channel {
        serve(&self.running.grpc, Caller::Sibling(sibling.to_owned()))
    }

    pub async fn send_code(&self, request: SendCodeRequest) -> Result<(), Status> {
        self.sibling("identity").send_code(request).await.map(drop)
    }

    pub async fn set_contact(&self, request: SetContactRequest) -> Result<(), Status> {
        self.sibling("account").set_contact(request).await.map(drop)
    }

    pub async fn notify(&self, request: NotifyRequest) -> Result<NotificationState, Status> {
        self.sibling("postbox").notify(request).await.map(|answer| answer.into_inner().state())
    }

    pub async fn state(&self, caller: &str, request_id: &str) -> Result<NotificationState, Status> {
        let request = GetNotificationRequest { request_id: request_id.into() };
        let answer = self.sibling(caller).get_notification(request).await;
        answer.map(|answer| answer.into_inner().state())
    }

    /// Waits for this state of an order; meanwhile the clock makes retries due.
    pub async fn wait_for(&self, caller: &str, request_id: &str, state: NotificationState) {
        let waiting = async {
            while self.state(caller, request_id).await.unwrap() != state {
                self.make_retries_due().await;
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    }

    /// Moves the clock to where a job that was put back is due. Not while one is under way: its time
    /// would seem to be over, and its mail be sent again.
    pub async fn make_retries_due(&self) {
        let claimed = self.count("SELECT COALESCE(MAX(claimed_until_us), 0) FROM outbox").await;
        if Timestamp::from_micros(claimed) > self.clock.now() {
            return;
        }
        let due = "SELECT COALESCE(MIN(due_at_us), 0) FROM outbox \
            WHERE claimed_until_us = 0 AND attempts > 0";
        let due = Timestamp::from_micros(self.count(due).await);
        if due > self.clock.now() {
            self.clock.set(due);
        }
    }

    /// A number from the database.
    pub async fn count(&self, sql: &'static str) -> i64 {
        let counted = async {
            let mut tx = self.db.read().await?;
            Ok::<i64, StoreError>(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
        };
        counted.await.unwrap()
    }

    /// The only value that a query gives.
    pub async fn bytes(&self, sql: &'static str) -> Option<Vec<u8>> {
        let read = async {
            let mut tx = self.db.read().await?;
            Ok::<_, StoreError>(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
        };
        read.await.unwrap()
    }

    /// Audit kinds, subjects and details so far, in order.
    pub async fn audit(&self) -> Vec<(String, String, String)> {
        const SQL: &str = "SELECT kind, subject, detail FROM audit ORDER BY id";
        let read = async {
            let mut tx = self.db.read().await?;
            Ok::<_, StoreError>(on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
        };
        read.await.unwrap()
    }
}

pub fn code() -> SendCodeRequest {
    SendCodeRequest {
        request_id: "code-1".into(),
        email: "erika@example.org".into(),
        code: "042917".into(),
        purpose: CodePurpose::Registration.into(),
        locale: "de".into(),
    }
}

pub fn already_registered() -> SendCodeRequest {
    let purpose = CodePurpose::AlreadyRegistered.into();
    SendCodeRequest { code: String::new(), purpose, ..code() }
}

pub fn contact() -> SetContactRequest {
    SetContactRequest {
        request_id: "contact-1".into(),
        recipient: ERIKA.into(),
        email: "erika@example.org".into(),
        locale: "de".into(),
    }
}

pub fn notice() -> NotifyRequest {
    NotifyRequest {
        request_id: "letter-1".into(),
        recipient: ERIKA.into(),
        template: Template::LetterProvided.into(),
        required_level: 3,
        path: "/postbox".into(),
        reminder_of: String::new(),
        days: 0,
    }
}
