//! An OpenID Provider of somebody else, honest unless told otherwise, over TLS on loopback.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::{Map, Value, json};
use siegel_crypto::{KeySet, SigningKey, b64, hmac_sha256, sha256};
use siegel_kernel::{Clock as _, Timestamp};
use siegel_oidc::{assertion, pkce};
use siegel_testkit::TestClock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use url::Url;

/// How its ID tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    Honestly,
    /// `alg: none`
    NotAtAll,
    /// HS256 with its public key, which everybody knows.
    WithThePublicKey,
    /// By a key that it does not publish.
    ByAStranger,
}

/// What it does, and what was done to it.
pub struct Script {
    pub key: SigningKey,
    pub signed: Signed,
    pub subject: String,
    /// Changes to the claims of its ID tokens; `null` leaves one out.
    pub claims: Map<String, Value>,
    pub userinfo: Map<String, Value>,
    pub down: bool,
    /// Its answers say who sends them (RFC 9207).
    pub names_itself: bool,
    pub access_token: &'static str,
    /// How often its keys were fetched.
    pub keys_fetched: u32,
    /// The latest request for authorization.
    pub asked: BTreeMap<String, String>,
    codes: BTreeMap<String, BTreeMap<String, String>>,
}

/// A free port of loopback with a certificate that nobody but the test trusts.
pub struct Place {
    /// `localhost:PORT`
    pub pair: String,
    pub root_pem: String,
    listener: tokio::net::TcpListener,
    acceptor: TlsAcceptor,
}

impl Place {
    pub async fn found() -> Self {
        siegel_crypto::install();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            pair: format!("localhost:{}", listener.local_addr().unwrap().port()),
            root_pem: made.cert.pem(),
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
        }
    }

    /// Until the test is over.
    pub fn serve(self, router: Router) {
        let Self { listener, acceptor, .. } = self;
        tokio::spawn(async move {
            loop {
                let Ok((tcp, _)) = listener.accept().await else { return };
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tokio::spawn(async move {
                    let Ok(tls) = acceptor.accept(tcp).await else { return };
                    let service = TowerToHyperService::new(router);
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(tls), service).await;
                });
            }
        });
    }
}

#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    pub pair: String,
    pub root_pem: String,
    pub script: Arc<Mutex<Script>>,
    clock: Arc<TestClock>,
    /// How its clients prove themselves, when by key.
    pub client_keys: Arc<Mutex<Option<KeySet>>>,
}

impl Provider {
    pub async fn start(clock: Arc<TestClock>) -> Self {
        let place = Place::found().await;
        let (pair, root_pem) = (place.pair.clone(), place.root_pem.clone());
        let script = Script {
            key: SigningKey::generate().unwrap(),
            signed: Signed::Honestly,
            subject: "erika".into(),
            claims: Map::new(),
            userinfo: Map::new(),
            down: false,
            names_itself: true,
            access_token: "at-1",
            keys_fetched: 0,
            asked: BTreeMap::new(),
            codes: BTreeMap::new(),
        };
        let provider = Self {
            issuer: format!("https://{pair}"),
            pair,
            root_pem,
            script: Arc::new(Mutex::new(script)),
            clock,
            client_keys: Arc::default(),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        place.serve(router);
        provider
    }

    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// Its next ID tokens carry these claims.
    pub fn says(&self, claims: Value) {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        self.set(|s| s.claims = claims);
    }

    /// A browser arrives, and its person logs in: the address it is sent back to.
    pub fn logs_in(&self, address: &str) -> String {
        let url = Url::parse(address).unwrap();
        assert_eq!(url.origin().ascii_serialization(), self.issuer, "the browser is elsewhere");
        let asked: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let code = b64::encode(sha256(address.as_bytes()));
        let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
        let mut script = self.script.lock().unwrap();
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked["state"]);
        if script.names_itself {
            back.query_pairs_mut().append_pair("iss", &self.issuer);
        }
        script.codes.insert(code, asked.clone());
        script.asked = asked;
        back.into()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn id_token(&self, script: &Script, asked: &BTreeMap<String, String>) -> String {
        let now = self.now().as_seconds();
        let hash = sha256(script.access_token.as_bytes());
        let mut claims = json!({
            "iss": self.issuer,
            "sub": script.subject,
            "aud": asked["client_id"],
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": asked["nonce"],
            "at_hash": b64::encode(&hash[..16]),
        });
        let all = claims.as_object_mut().unwrap();
        for (name, value) in &script.claims {
            if value.is_null() {
                all.remove(name);
            } else {
                all.insert(name.clone(), value.clone());
            }
        }
        let forged = |header: Value| {
            let part = |v: &Value| b64::encode(v.to_string());
            format!("{}.{}", part(&header), part(&claims))
        };
        match script.signed {
            Signed::Honestly => script.key.sign("JWT", &claims).unwrap(),
            Signed::ByAStranger => SigningKey::generate().unwrap().sign("JWT", &claims).unwrap(),
            Signed::NotAtAll => format!("{}.", forged(json!({ "alg": "none", "typ": "JWT" }))),
            Signed::WithThePublicKey => {
                let input = forged(json!({ "alg": "HS256", "kid": script.key.kid() }));
                let secret = script.key.public_point().unwrap();
                format!("{input}.{}", b64::encode(hmac_sha256(&secret, input.as_bytes())))
            }
        }
    }
}

async fn discovery(State(provider): State<Provider>) -> Response {
    let script = provider.script.lock().unwrap();
    if script.down {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let url = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": url("/authorize"),
        "token_endpoint": url("/token"),
        "userinfo_endpoint": url("/userinfo"),
        "jwks_uri": url("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        // A careless one: it announces what must not be believed.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": script.names_itself,
    }))
    .into_response()
}

async fn keys(State(provider): State<Provider>) -> Response {
    let mut script = provider.script.lock().unwrap();
    script.keys_fetched += 1;
    let set = KeySet::new([script.key.public_jwk().clone()]).to_json();
    ([("content-type", "application/json")], set).into_response()
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(sent): Form<BTreeMap<String, String>>,
) -> Response {
    let refused =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let mut script = provider.script.lock().unwrap();
    if script.down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    // Each code once, by whoever asked for it.
    let asked = sent.get("code").and_then(|code| script.codes.remove(code));
    let Some(asked) = asked else { return refused("invalid_grant") };
    let verifier = sent.get("code_verifier").map(String::as_str).unwrap_or_default();
    if sent["redirect_uri"] != asked["redirect_uri"]
        || !pkce::verify(verifier, &asked["code_challenge"])
    {
        return refused("invalid_grant");
    }
    let by_secret = headers.contains_key("authorization") || sent.contains_key("client_secret");
    let by_key = provider.client_keys.lock().unwrap().as_ref().is_some_and(|keys| {
        let text = sent.get("client_assertion").map(String::as_str).unwrap_or_default();
        let client = asked["client_id"].as_str();
        assertion::verify(
            text,
            keys,
            client,
            assertion::Accepted::Exactly(&provider.issuer),
            provider.now(),
        )
        .is_ok()
    });
    if !by_secret && !by_key {
        return refused("invalid_client");
    }
    let id_token = provider.id_token(&script, &asked);
    Json(json!({
        "access_token": script.access_token,
        "token_type": "Bearer",
        "expires_in": 300,
        "id_token": id_token,
    }))
    .into_response()
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let script = provider.script.lock().unwrap();
    let expected = format!("Bearer {}", script.access_token);
    if headers.get("authorization").is_none_or(|v| v.as_bytes() != expected.as_bytes()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut claims = script.userinfo.clone();
    claims.entry("sub").or_insert_with(|| script.subject.clone().into());
    Json(claims).into_response()
}
