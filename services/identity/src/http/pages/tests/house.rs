//! A service with faked siblings, and browsers that visit it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use siegel_crypto::SystemEntropy;
use siegel_db::Db;
use siegel_grpc::GrpcServices;
use siegel_grpc::testing::{Fakes, outside};
use siegel_kernel::{AccountId, Entropy, SessionId, TrustLevel};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_registry_service_server::{
    AccountRegistryService, AccountRegistryServiceServer,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_proto::eid::v1 as eid;
use siegel_proto::eid::v1::identification_service_server::{
    IdentificationService, IdentificationServiceServer,
};
use siegel_proto::notification::v1 as mail;
use siegel_proto::notification::v1::notification_service_server::{
    NotificationService, NotificationServiceServer,
};
use siegel_testkit::{Backend, CountingEntropy, TestClock, TestDb, test_db};
use tonic::{Request as Call, Response as Answer, Status};
use tower::ServiceExt as _;

use crate::app::deliver_outbox;
use crate::domain::interaction::{AuthRequest, Interaction, InteractionId, RequestedClaim};
use crate::store::interactions;
use crate::{Config, Identity, Keys, MIGRATIONS};

/// Where the client of all tests takes its answers.
pub const CALLBACK: &str = "https://portal.example/cb";

/// What the siblings were told, and what they answer.
#[derive(Default)]
pub struct Siblings {
    pub mails: Mutex<Vec<mail::SendCodeRequest>>,
    pub opened: Mutex<Vec<account::OpenAccountRequest>>,
    pub emails: Mutex<Vec<account::ChangeEmailRequest>>,
    pub notices: Mutex<Vec<mail::NotifyRequest>>,
    pub recorded: Mutex<Vec<account::RecordIdentificationRequest>>,
    pub consents: Mutex<Vec<account::RecordConsentRequest>>,
    /// What the account service has, by claim name.
    pub attributes: Mutex<BTreeMap<String, String>>,
    /// The account service is down.
    pub account_is_down: Mutex<bool>,
    /// Who holds the card before the reader, and how it ends.
    /// Each is read once, in this order.
    pub cards: Mutex<Vec<Card>>,
    started: AtomicU32,
}

/// A card before the reader.
#[derive(Clone)]
pub struct Card {
    pub pseudonym: &'static str,
    pub family_name: &'static str,
    pub outcome: eid::Outcome,
}

impl Card {
    pub fn of(pseudonym: &'static str, family_name: &'static str) -> Self {
        Self { pseudonym, family_name, outcome: eid::Outcome::Identified }
    }
}

#[derive(Clone)]
struct Fake(Arc<Siblings>);

#[tonic::async_trait]
impl NotificationService for Fake {
    async fn send_code(
        &self,
        call: Call<mail::SendCodeRequest>,
    ) -> Result<Answer<mail::SendCodeResponse>, Status> {
        self.0.mails.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(mail::SendCodeResponse {}))
    }
    async fn set_contact(
        &self,
        _: Call<mail::SetContactRequest>,
    ) -> Result<Answer<mail::SetContactResponse>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn notify(
        &self,
        call: Call<mail::NotifyRequest>,
    ) -> Result<Answer<mail::NotifyResponse>, Status> {
        self.0.notices.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(mail::NotifyResponse::default()))
    }
    async fn get_notification(
        &self,
        _: Call<mail::GetNotificationRequest>,
    ) -> Result<Answer<mail::GetNotificationResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

impl Fake {
    fn account_is_up(&self) -> Result<(), Status> {
        let down = *self.0.account_is_down.lock().unwrap();
        if down { Err(Status::unavailable("down")) } else { Ok(()) }
    }
}

#[tonic::async_trait]
impl AccountRegistryService for Fake {
    async fn open_account(
        &self,
        call: Call<account::OpenAccountRequest>,
    ) -> Result<Answer<account::OpenAccountResponse>, Status> {
        self.account_is_up()?;
        self.0.opened.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::OpenAccountResponse {}))
    }
    async fn change_email(
        &self,
        call: Call<account::ChangeEmailRequest>,
    ) -> Result<Answer<account::ChangeEmailResponse>, Status> {
        self.account_is_up()?;
        self.0.emails.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::ChangeEmailResponse {}))
    }
    async fn record_identification(
        &self,
        call: Call<account::RecordIdentificationRequest>,
    ) -> Result<Answer<account::RecordIdentificationResponse>, Status> {
        self.account_is_up()?;
        self.0.recorded.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::RecordIdentificationResponse {}))
    }
    async fn preview_release(
        &self,
        call: Call<account::PreviewReleaseRequest>,
    ) -> Result<Answer<account::PreviewReleaseResponse>, Status> {
        self.account_is_up()?;
        let asked = call.into_inner();
        let held = self.0.attributes.lock().unwrap().clone();
        let attribute = |name: &String| {
            held.get(name).map(|value| account::Attribute {
                name: name.clone(),
                value: value.clone(),
                source: AttributeSource::Eid.into(),
                level: siegel_proto::common::v1::TrustLevel::High.into(),
                verified_at: None,
            })
        };
        let consents = self.0.consents.lock().unwrap();
        let covers = |c: &account::RecordConsentRequest| {
            c.client_id == asked.client_id
                && c.account_id == asked.account_id
                && asked.attributes.iter().all(|a| c.attributes.contains(a))
        };
        let consented = consents.iter().any(covers);
        let attributes = asked.attributes.iter().filter_map(attribute).collect();
        Ok(Answer::new(account::PreviewReleaseResponse { attributes, consented }))
    }
    async fn record_consent(
        &self,
        call: Call<account::RecordConsentRequest>,
    ) -> Result<Answer<account::RecordConsentResponse>, Status> {
        self.account_is_up()?;
        self.0.consents.lock().unwrap().push(call.into_inner());
        Ok(Answer::new(account::RecordConsentResponse { consent_id: "cns_1".into() }))
    }
    async fn release_attributes(
        &self,
        _: Call<account::ReleaseAttributesRequest>,
    ) -> Result<Answer<account::ReleaseAttributesResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl IdentificationService for Fake {
    async fn start_identification(
        &self,
        call: Call<eid::StartIdentificationRequest>,
    ) -> Result<Answer<eid::StartIdentificationResponse>, Status> {
        let return_url = call.into_inner().return_url;
        assert!(return_url.starts_with("http://localhost:8080/login/int_"), "{return_url}");
        let n = self.0.started.fetch_add(1, Ordering::SeqCst);
        Ok(Answer::new(eid::StartIdentificationResponse {
            session_id: format!("eid_{n}"),
            browser_url: format!("http://localhost:8080/eid/simulated/eid_{n}"),
        }))
    }
    async fn fetch_identification(
        &self,
        _: Call<eid::FetchIdentificationRequest>,
    ) -> Result<Answer<eid::FetchIdentificationResponse>, Status> {
        let card = {
            let mut cards = self.0.cards.lock().unwrap();
            (!cards.is_empty()).then(|| cards.remove(0))
        };
        let Some(card) = card else { return Err(Status::not_found("fetched before")) };
        let attribute =
            |name: &str, value: &str| eid::EidAttribute { name: name.into(), value: value.into() };
        Ok(Answer::new(eid::FetchIdentificationResponse {
            outcome: card.outcome.into(),
            level: siegel_proto::common::v1::TrustLevel::High.into(),
            pseudonym: card.pseudonym.into(),
            attributes: vec![
                attribute("given_name", "Erika"),
                attribute("family_name", card.family_name),
                attribute("date_of_birth", "1964-08-12"),
            ],
            source: "simulated".into(),
            identified_at: Some(convert::timestamp(siegel_kernel::Timestamp::from_seconds(1))),
        }))
    }
}

/// The service under test.
pub struct House {
    pub state: Identity,
    pub clock: Arc<TestClock>,
    pub siblings: Arc<Siblings>,
    router: Router,
    keys: Arc<tempfile::TempDir>,
    _db: Option<TestDb>,
}

impl House {
    pub async fn new() -> Self {
        let test = test_db(Backend::Sqlite, &MIGRATIONS).await.unwrap();
        let db = test.db.clone();
        let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy::default());
        let keys = Arc::new(tempfile::tempdir().unwrap());
        let built = Self::built(db, Arc::default(), Arc::default(), &entropy, keys);
        Self { _db: Some(test), ..built }
    }

    /// On a database of the caller's.
    pub fn on(db: Db) -> Self {
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        let keys = Arc::new(tempfile::tempdir().unwrap());
        Self::built(db, Arc::default(), Arc::default(), &entropy, keys)
    }

    /// Another process on the same database and keys.
    pub fn replica(&self) -> Self {
        let (clock, siblings) = (self.clock.clone(), self.siblings.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
        Self::built(self.state.outside.db.clone(), clock, siblings, &entropy, self.keys.clone())
    }

    fn built(
        db: Db,
        clock: Arc<TestClock>,
        siblings: Arc<Siblings>,
        entropy: &Arc<dyn Entropy>,
        dir: Arc<tempfile::TempDir>,
    ) -> Self {
        let fake = Fake(siblings.clone());
        let one = |services: GrpcServices| services;
        let fakes = Fakes::new()
            .with(
                "identity",
                "notification",
                &one(GrpcServices::new().add(NotificationServiceServer::new(fake.clone()))),
            )
            .with(
                "identity",
                "account",
                &one(GrpcServices::new().add(AccountRegistryServiceServer::new(fake.clone()))),
            )
            .with(
                "identity",
                "eid",
                &one(GrpcServices::new().add(IdentificationServiceServer::new(fake))),
            );
        let outside = outside("identity", db, clock.clone(), entropy.clone(), &fakes);
        let file = |name: &str| dir.path().join(name).display().to_string();
        let config: Config = serde_json::from_value(serde_json::json!({
            "token_signing_key_file": file("signing.pem"),
            "key_encryption_key_file": file("kek"),
            "pairwise_key_file": file("pairwise"),
            "nonce_key_file": file("nonce"),
        }))
        .unwrap();
        let keys = Keys::load(&config, true, &**entropy).unwrap();
        let state = Identity::new(config, outside, keys).unwrap();
        let router = crate::http::pages::router(state.clone());
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
        Browser { house: self, cookies: BTreeMap::new(), csrf: String::new(), address: None }
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

/// The password of all tests.
pub const PASSWORD: &str = "vier lange Pferde singen";

/// A browser: keeps cookies and the form token of the last page.
#[derive(Clone)]
pub struct Browser<'a> {
    house: &'a House,
    pub cookies: BTreeMap<String, String>,
    pub csrf: String,
    /// Where it calls from, when that can be told.
    pub address: Option<std::net::IpAddr>,
}

/// What came back.
pub struct Page {
    pub status: StatusCode,
    pub location: String,
    pub headers: http::HeaderMap,
    pub body: String,
}

impl Page {
    /// The body without what differs from one rendering to the next.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for (i, part) in self.body.split("name=\"csrf_token\" value=\"").enumerate() {
            out.push_str(if i == 0 { part } else { part.split_once('"').map_or("", |p| p.1) });
        }
        out
    }
}

impl<'a> Browser<'a> {
    /// The same browser, whose next request another replica answers.
    pub fn at<'b>(&self, house: &'b House) -> Browser<'b> {
        Browser {
            house,
            cookies: self.cookies.clone(),
            csrf: self.csrf.clone(),
            address: self.address,
        }
    }

    /// Time passes, seconds.
    pub fn later(&self, seconds: u64) {
        self.house.clock.advance(Duration::from_secs(seconds));
    }

    /// Without its session and without what it is known by.
    pub fn stranger(&self) -> Browser<'a> {
        self.house.browser()
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let path = path.strip_prefix("http://localhost:8080").unwrap_or(path);
        self.send(Request::get(path), Body::empty()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf_token", &self.csrf);
        form.extend_pairs(fields);
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, Body::from(form.finish())).await
    }

    async fn send(&mut self, request: http::request::Builder, body: Body) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = request
            .header(header::HOST, "localhost:8080")
            .header(header::ACCEPT, "text/html")
            .header(header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0")
            .header(header::COOKIE, cookies.join("; "));
        let request = match self.address {
            Some(address) => request.extension(siegel_grpc::ClientAddress(address)),
            None => request,
        };
        let response =
            self.house.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        if let Some((_, rest)) = body.split_once("name=\"csrf_token\" value=\"") {
            self.csrf = rest.split('"').next().unwrap().to_owned();
        }
        let location = headers.get(header::LOCATION).map(|v| v.to_str().unwrap().to_owned());
        Page { status, location: location.unwrap_or_default(), headers, body }
    }

    /// Registers on the pages of this request, with the code from the mail.
    pub async fn registers(&mut self, id: InteractionId, email: &str) -> Page {
        self.get(&format!("/login/{id}/register")).await;
        let fields = [("email", email), ("password", PASSWORD)];
        let sent = self.post(&format!("/login/{id}/register"), &fields).await;
        assert_eq!(sent.location, format!("/login/{id}/confirm"), "{}", sent.body);
        self.house.delivers().await;
        self.get(&format!("/login/{id}/confirm")).await;
        let code = self.house.last_mail().code;
        self.post(&format!("/login/{id}/confirm"), &[("code", &code)]).await
    }

    /// Opens the first page of a request and logs in there.
    pub async fn logs_in(&mut self, id: InteractionId, email: &str) -> Page {
        self.get(&format!("/login/{id}")).await;
        self.tries(id, email, PASSWORD).await
    }

    pub async fn tries(&mut self, id: InteractionId, email: &str, password: &str) -> Page {
        let fields = [("email", email), ("password", password)];
        self.post(&format!("/login/{id}"), &fields).await
    }

    /// Identifies with the card before the reader, from the page `page`.
    pub async fn identifies(&mut self, id: InteractionId, page: &str) -> Page {
        let sent = self.post(&format!("/login/{id}{page}"), &[("method", "eid")]).await;
        let eid = sent.location.rsplit('/').next().unwrap().to_owned();
        self.get(&format!("/login/{id}/eid?eid_session={eid}")).await
    }
}

/// An attribute a client asks for.
pub fn claim(name: &str, essential: bool) -> RequestedClaim {
    RequestedClaim { name: name.into(), essential, ..RequestedClaim::default() }
}
