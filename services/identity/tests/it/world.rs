//! One identity service with registered clients, a clock to move, and a person with a session.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use siegel_crypto::{SigningKey, random_token};
use siegel_db::Db;
use siegel_identity::app::authorize;
use siegel_identity::config::ClientConfig;
use siegel_identity::domain::ageing::Proof;
use siegel_identity::domain::answer::RedirectTarget;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::{accounts, interactions, sessions};
use siegel_identity::{Config, Identity, Keys};
use siegel_kernel::{AccountId, Clock as _, SessionId, Timestamp, TrustLevel};
use siegel_oidc::dpop::{self, Expected};
use siegel_oidc::{assertion, pkce};
use siegel_testkit::TestClock;
use tower::ServiceExt as _;
use url::form_urlencoded;

use crate::fakes::{self, Account};

pub const ORIGIN: &str = "http://localhost:8080";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CALLBACK: &str = "https://portal.example/cb";

/// An RSA key that enables RS256.
pub const RSA_KEY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../libs/crypto/fixtures/rsa-2048.pem");

/// Form or query parameters.
pub type Fields = BTreeMap<String, String>;

pub fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

pub fn encoded(fields: &Fields) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// `/authorize` of the portal with these parameters changed; an empty value leaves one out.
pub fn request<const N: usize>(changes: [(&str, &str); N]) -> Fields {
    let challenge = pkce::challenge(VERIFIER);
    let mut all = fields([
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "s t/ä"),
        ("nonce", "n-1"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    for (name, value) in changes {
        if value.is_empty() {
            all.remove(name);
        } else {
            all.insert(name.to_owned(), value.to_owned());
        }
    }
    all
}

/// The form that redeems a code of the portal.
pub fn redemption(code: &str) -> Fields {
    fields([
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ])
}

pub struct World {
    pub state: Identity,
    pub clock: Arc<TestClock>,
    pub account: Account,
    /// Key of the clients that authenticate by assertion.
    pub client_key: SigningKey,
    pub dpop_key: SigningKey,
    _dir: tempfile::TempDir,
    config: Config,
    router: Router,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub fn text(&self, name: &str) -> String {
        self.json().get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub fn error(&self) -> String {
        self.text("error")
    }

    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// The parameters of the address this leads to.
    pub fn location(&self) -> Fields {
        let location = self.header("location");
        let query = location.split_once('?').map(|(_, q)| q).unwrap_or_default();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

fn client(text: &str) -> ClientConfig {
    toml::from_str(text).unwrap()
}

fn clients(jwks: &str) -> Vec<ClientConfig> {
    let portal = format!(
        r#"
        client_id = "portal"
        name = "Bürgerportal"
        tenant = "musterstadt"
        sector = "musterstadt"
        redirect_uris = ["{CALLBACK}", "https://portal.example/other"]
        jwks = '{jwks}'
        grant_types = ["authorization_code", "refresh_token", "client_credentials"]
        scopes = ["openid", "profile", "email", "postbox", "offline_access", "postbox.read",
            "postbox.deliver", "account.read"]
        "#
    );
    let fapi = portal
        .replace("\"portal\"", "\"bank\"")
        .replace("\"musterstadt\"\n        redirect", "\"beispielau\"\n        redirect")
        + "\nsecurity_profile = \"fapi2\"\n";
    let other = portal.replace("\"portal\"", "\"other\"");
    let app = r#"
        client_id = "app"
        name = "App"
        tenant = "musterstadt"
        sector = "app"
        auth_method = "none"
        redirect_uris = ["http://127.0.0.1/cb", "http://localhost/cb"]
        scopes = ["openid", "email", "postbox.read", "offline_access"]
    "#;
    vec![client(&portal), client(&fapi), client(&other), client(app)]
}

impl World {
    pub async fn new(db: Db) -> Self {
        Self::with(db, |_| {}).await
    }

    /// With other settings.
    pub async fn with(db: Db, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let client_key = SigningKey::generate().unwrap();
        let jwks = siegel_crypto::KeySet::new([client_key.public_jwk().clone()]).to_json();
        let file = |name: &str| dir.path().join(name);
        let mut config = Config {
            token_signing_key_file: file("signing.pem"),
            signing_keys: Vec::new(),
            rs256_key_file: Some(RSA_KEY.into()),
            key_encryption_key_file: file("kek"),
            pairwise_key_file: file("pairwise"),
            nonce_key_file: file("nonce"),
            require_pushed: false,
            four_eyes: false,
            operators: Vec::new(),
            resource_levels: BTreeMap::new(),
            registration: None,
            people: siegel_identity::people_config::PeopleConfig::default(),
            clients: clients(&jwks),
            upstreams: Vec::new(),
            connection_groups: Vec::new(),
        };
        change(&mut config);
        let clock = Arc::new(TestClock::default());
        let account = Account::default();
        let state = prepared(&config, db, clock.clone(), &account);
        let registrations = config.registrations().unwrap();
        siegel_identity::app::clients::register(&state, &registrations).await.unwrap();
        let router = siegel_identity::router(&state);
        let dpop_key = SigningKey::generate().unwrap();
        Self { state, clock, account, client_key, dpop_key, _dir: dir, config, router }
    }

    /// Another process on the same database and keys.
    pub fn replica(&self) -> Self {
        let db = self.state.outside.db.clone();
        let state = prepared(&self.config, db, self.clock.clone(), &self.account);
        let router = siegel_identity::router(&state);
        Self {
            state,
            clock: self.clock.clone(),
            account: self.account.clone(),
            client_key: self.client_key.clone(),
            dpop_key: self.dpop_key.clone(),
            _dir: tempfile::tempdir().unwrap(),
            config: self.config.clone(),
            router,
        }
    }

    /// The same with other settings.
    pub fn with_settings(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self.state.config = Arc::new(self.config.clone());
        self.router = siegel_identity::router(&self.state);
        self
    }

    /// The same with another way out of the house.
    pub fn with_egress(mut self, egress: siegel_egress::Egress) -> Self {
        self.state.outside.egress = egress;
        self.router = siegel_identity::router(&self.state);
        self
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn fresh(&self) -> String {
        random_token(&*self.state.outside.entropy).unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    pub async fn authorize<const N: usize>(&self, changes: [(&str, &str); N]) -> Answer {
        self.get(&format!("/authorize?{}", encoded(&request(changes)))).await
    }

    /// A person with a session of this level that entered all sectors.
    pub async fn session(&self, level: TrustLevel) -> SessionView {
        let (clock, entropy) = (&*self.state.outside.clock, &*self.state.outside.entropy);
        let account = AccountId::new(clock, entropy).unwrap();
        let id = SessionId::new(clock, entropy).unwrap();
        let now = self.now();
        let address: [u8; 32] = entropy.array().unwrap();
        let mut tx = self.state.outside.db.begin().await.unwrap();
        let new = accounts::NewAccount {
            id: account,
            address_hash: &address,
            address_sealed: b"sealed",
            locale: "de",
            at: now,
        };
        assert!(accounts::insert(&mut tx, &new).await.unwrap());
        let token = siegel_crypto::sha256(cookie(id).as_bytes());
        sessions::insert(&mut tx, id, &token, account, now).await.unwrap();
        assert!(accounts::open(&mut tx, account, now).await.unwrap());
        let proof = Proof::new(level, "pwd", now);
        for sector in ["musterstadt", "beispielau", "app"] {
            sessions::enter(&mut tx, id, sector, now).await.unwrap();
            sessions::prove(&mut tx, id, sector, &proof).await.unwrap();
        }
        tx.commit().await.unwrap();
        SessionView {
            guest: false,
            id,
            account,
            level,
            authenticated_at: now,
            started_at: now,
            amr: vec!["pwd".to_owned()],
        }
    }

    /// Through `/authorize` and past the pages: the parameters of the answer.
    pub async fn granted(&self, request: &Fields, session: &SessionView) -> Fields {
        let answer = self.get(&format!("/authorize?{}", encoded(request))).await;
        let location = answer.header("location");
        let Some(id) = location.strip_prefix("/login/") else {
            panic!("not to the pages: {} {location} {}", answer.status, answer.body)
        };
        self.finished(id, session).await
    }

    /// Past the pages of one interaction.
    pub async fn finished(&self, interaction: &str, session: &SessionView) -> Fields {
        let mut tx = self.state.outside.db.read().await.unwrap();
        let id = interaction.parse().unwrap();
        let found = interactions::find(&mut tx, id, self.now()).await.unwrap().unwrap();
        drop(tx);
        let target = authorize::complete(&self.state, &found, session).await.unwrap();
        match target {
            RedirectTarget::Redirect(url) => {
                let query = url.split_once('?').unwrap().1;
                form_urlencoded::parse(query.as_bytes()).into_owned().collect()
            }
            RedirectTarget::FormPost(form) => form.fields.into_iter().collect(),
        }
    }

    /// A code of the portal.
    pub async fn code<const N: usize>(
        &self,
        changes: [(&str, &str); N],
        session: &SessionView,
    ) -> String {
        let answer = self.granted(&request(changes), session).await;
        answer.get("code").unwrap().clone()
    }

    /// The parameters that authenticate a client by assertion.
    pub fn assertion(&self, client: &str) -> Fields {
        let text =
            assertion::make(&self.client_key, client, ORIGIN, self.fresh(), self.now()).unwrap();
        fields([("client_assertion_type", assertion::TYPE), ("client_assertion", &text)])
    }

    /// A proof with the nonce the endpoint last handed out.
    pub fn proof(&self, method: &str, path: &str, token: Option<&str>) -> String {
        let url = format!("{ORIGIN}{path}");
        let nonce = siegel_identity::app::dpop::fresh_nonce(&self.state, self.now());
        let expected = Expected { method, url: &url, access_token: token, jkt: None };
        let (jti, now) = (self.fresh(), self.now());
        dpop::prove(&self.dpop_key, &expected, Some(&nonce), jti, now).unwrap()
    }

    /// `/token` of a client that authenticates by assertion, without a proof.
    pub async fn token(&self, client: &str, form: Fields) -> Answer {
        let mut form = form;
        form.extend(self.assertion(client));
        self.post("/token", &encoded(&form), &[]).await
    }

    /// `/token` with a DPoP proof.
    pub async fn bound_token(&self, client: &str, form: Fields) -> Answer {
        let mut form = form;
        form.extend(self.assertion(client));
        let proof = self.proof("POST", "/token", None);
        self.post("/token", &encoded(&form), &[("dpop", &proof)]).await
    }

    /// The claims of a token we signed.
    pub fn claims(&self, token: &str, typ: &str) -> Value {
        self.state.keys.published().verify(token, typ).unwrap()
    }

    /// Kinds and outcomes in the audit trail.
    pub async fn audited(&self) -> Vec<(String, String)> {
        const SQL: &str = "SELECT kind, outcome FROM audit ORDER BY id";
        let mut tx = self.state.outside.db.read().await.unwrap();
        siegel_db::on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await.unwrap())
    }
}

/// The session cookie of [`World::session`].
pub fn cookie(session: SessionId) -> String {
    format!("cookie-{session}")
}

fn prepared(config: &Config, db: Db, clock: Arc<TestClock>, account: &Account) -> Identity {
    let entropy = Arc::new(siegel_crypto::SystemEntropy::new());
    let fakes = fakes::all(account);
    let outside = siegel_grpc::testing::outside("identity", db, clock, entropy.clone(), &fakes);
    let keys = Keys::load(config, true, &*entropy).unwrap();
    Identity::new(config.clone(), outside, keys).unwrap()
}
