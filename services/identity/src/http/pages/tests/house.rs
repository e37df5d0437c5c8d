//! A service with faked siblings, and browsers that visit it.

mod browser;
#[path = "../../../../tests/it/parties.rs"]
#[expect(dead_code, reason = "the integration tests use the rest")]
mod parties;
mod siblings;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::header;
use siegel_crypto::SystemEntropy;
use siegel_db::Db;
use siegel_grpc::testing::outside;
use siegel_kernel::{AccountId, Entropy, SessionId, TrustLevel};
use siegel_proto::notification::v1 as mail;
use siegel_testkit::{Backend, CountingEntropy, TestClock, TestDb, test_db};

pub use browser::{Browser, PASSWORD, Page};
pub use parties::Way;
use siblings::fakes;
pub use siblings::{Card, Siblings};

use crate::app::deliver_outbox;
use crate::domain::interaction::{AuthRequest, Interaction, InteractionId, RequestedClaim};
use crate::store::interactions;
use crate::{Config, Identity, Keys, MIGRATIONS};

/// Where browsers show certificates.
pub const LISTENER: &str = "https://localhost:8444";
/// Where the client of all tests takes its answers.
pub const CALLBACK: &str = "https://portal.example/cb";

/// The service under test.
pub struct House {
    pub state: Identity,
    pub clock: Arc<TestClock>,
    pub siblings: Arc<Siblings>,
    pub(super) router: Router,
    keys: Arc<tempfile::TempDir>,
    _db: Option<TestDb>,
}

impl House {
    pub async fn new() -> Self {
        let test = test_db(Backend::Sqlite, &MIGRATIONS).await.unwrap();
        let db = test.db.clone();
        let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy::default());
        let keys = Arc::new(tempfile::tempdir().unwrap());
        let none = serde_json::json!({});
        let built = Self::built(db, Arc::default(), Arc::default(), &entropy, keys, &none);
        Self { _db: Some(test), ..built }
    }

    /// On a database of the caller's.
    pub fn on(db: Db) -> Self {
        Self::with(db, &serde_json::json!({}))
    }

    /// The same with settings of `[identity.people]`.
    pub fn with(db: Db, people: &serde_json::Value) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let keys = Arc::new(tempfile::tempdir().unwrap());
        Self::built(db, Arc::default(), Arc::default(), &entropy, keys, people)
    }

    /// With a listener for certificates beside it.
    pub fn with_listener(mut self) -> Self {
        self.state.outside.mtls_origin = Some(LISTENER.to_owned());
        self.router = crate::router(&self.state);
        self
    }

    /// Another process on the same database and keys.
    pub fn replica(&self) -> Self {
        let (clock, siblings) = (self.clock.clone(), self.siblings.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let (db, none) = (self.state.outside.db.clone(), serde_json::json!({}));
        Self::built(db, clock, siblings, &entropy, self.keys.clone(), &none)
    }

    fn built(
        db: Db,
        clock: Arc<TestClock>,
        siblings: Arc<Siblings>,
        entropy: &Arc<dyn Entropy>,
        dir: Arc<tempfile::TempDir>,
        people: &serde_json::Value,
    ) -> Self {
        let fakes = fakes(&siblings);
        let outside = outside("identity", db, clock.clone(), entropy.clone(), &fakes);
        let file = |name: &str| dir.path().join(name).display().to_string();
        let config: Config = serde_json::from_value(serde_json::json!({
            "token_signing_key_file": file("signing.pem"),
            "key_encryption_key_file": file("kek"),
            "pairwise_key_file": file("pairwise"),
            "nonce_key_file": file("nonce"),
            "people": people,
        }))
        .unwrap();
        let keys = Keys::load(&config, true, &**entropy).unwrap();
        let state = Identity::new(config, outside, keys).unwrap();
        let router = crate::router(&state);
        Self { state, clock, siblings, router, keys: dir, _db: None }
    }

    /// A request of the client `portal` that needs this level; its id.
    pub async fn asks(&self, floor: TrustLevel) -> InteractionId {
        self.asks_with(|request| {
            request.floor = floor;
            request.aim = floor;
        })
        .await
    }

    pub async fn asks_with(&self, change: impl FnOnce(&mut AuthRequest)) -> InteractionId {
        let mut request = AuthRequest {
            client_id: "portal".into(),
            client_name: "Bürgerportal <Test>".into(),
            tenant: "Stadt Musterstadt".into(),
            sector: "musterstadt".into(),
            redirect_uri: CALLBACK.into(),
            state: Some("st".into()),
            code_challenge: Some("c".into()),
            scopes: vec!["openid".into()],
            purpose: "Antrag auf Wohngeld".into(),
            ..AuthRequest::default()
        };
        change(&mut request);
        let (clock, entropy) = (&*self.state.outside.clock, &*self.state.outside.entropy);
        let id = InteractionId::new(clock, entropy).unwrap();
        let now = self.state.now();
        let interaction = Interaction {
            id,
            request,
            session: None,
            eid_session: None,
            created_at: now,
            expires_at: now.plus(Duration::from_mins(30)),
            browser: None,
        };
        let mut tx = self.state.outside.db.begin().await.unwrap();
        interactions::insert(&mut tx, &interaction).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Does what waits in the outbox.
    pub async fn delivers(&self) {
        let handle = |job| deliver_outbox::handle(self.state.clone(), job);
        while self.state.outbox.step(&handle).await.unwrap() {}
    }

    /// The last mail.
    pub fn last_mail(&self) -> mail::SendCodeRequest {
        self.siblings.mails.lock().unwrap().last().cloned().unwrap()
    }

    pub fn shows_card(&self, card: Card) {
        *self.siblings.cards.lock().unwrap() = vec![card];
    }

    /// Registers an address with the password of all tests, in a browser of its own.
    pub async fn has_account(&self, email: &str) -> Browser<'_> {
        let id = self.asks(TrustLevel::Basic).await;
        let mut browser = self.browser();
        browser.get(&format!("/login/{id}")).await;
        browser.registers(id, email).await;
        self.delivers().await;
        browser
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser::of(self)
    }

    /// What was mailed to an address, latest last.
    pub fn mails_to(&self, email: &str) -> Vec<mail::SendCodeRequest> {
        let mails = self.siblings.mails.lock().unwrap();
        mails.iter().filter(|m| m.email == email).cloned().collect()
    }

    /// The session behind a browser: its id, account and level.
    pub async fn session_of(
        &self,
        browser: &Browser<'_>,
    ) -> Option<(SessionId, AccountId, TrustLevel)> {
        let cookie = format!("siegel_session={}", browser.cookies.get("siegel_session")?);
        let mut headers = http::HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        let view = crate::app::sessions::any_from_cookie(&self.state, &headers).await.unwrap()?;
        Some((view.id, view.account, view.level))
    }

    /// Kinds and outcomes of the audit trail, in order.
    pub async fn audit(&self) -> Vec<(String, String)> {
        const SQL: &str = "SELECT kind, outcome FROM audit ORDER BY id";
        let mut tx = self.state.outside.db.read().await.unwrap();
        siegel_db::on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await.unwrap())
    }
}

/// An attribute a client asks for.
pub fn claim(name: &str, essential: bool) -> RequestedClaim {
    RequestedClaim { name: name.into(), essential, ..RequestedClaim::default() }
}
