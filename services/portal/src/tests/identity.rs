//! A small OpenID Provider that can be told to misbehave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey, b64, sha256};
use siegel_kernel::Clock;
use siegel_oidc::{assertion, dpop, pkce};
use siegel_testkit::TestClock;

pub const ISSUER: &str = "http://localhost:8080";
const NONCE: &str = "nonce-1";

pub struct FakeIdentity {
    pub url: String,
    pub issuer: String,
    clock: Arc<TestClock>,
    key: SigningKey,
    client: Mutex<KeySet>,
    state: Mutex<Said>,
}

/// What was said to it, and how it shall answer.
#[derive(Default)]
pub struct Said {
    /// The latest pushed request, repeated parameters joined by blanks.
    pub pushed: HashMap<String, String>,
    /// Every form sent to the token endpoint.
    pub redeemed: Vec<HashMap<String, String>>,
    pub revoked: Vec<String>,
    /// Replaces claims of the ID token; `null` removes one.
    pub claims: HashMap<&'static str, Value>,
    /// Signs ID tokens with a key that is not published.
    pub stranger: bool,
    /// The answer to refreshes.
    pub refresh_error: Option<&'static str>,
    jtis: Vec<String>,
}

type Shared = Arc<FakeIdentity>;

impl FakeIdentity {
    pub async fn start(clock: Arc<TestClock>, issuer: &str) -> Shared {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            issuer: issuer.to_owned(),
            clock,
            key: SigningKey::generate().unwrap(),
            client: Mutex::new(KeySet::new([])),
            state: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/par", post(par))
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub fn register(&self, client: &SigningKey) {
        *self.client.lock().unwrap() = KeySet::new([client.public_jwk().clone()]);
    }

    pub fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        self.state.lock().unwrap()
    }

    /// The client assertion of every request must hold and be new.
    fn authenticate(&self, form: &HashMap<String, String>) -> bool {
        let text = form.get("client_assertion").map(String::as_str).unwrap_or_default();
        let issuer = assertion::Accepted::Exactly(&self.issuer);
        let keys = self.client.lock().unwrap().clone();
        let held = assertion::verify(text, &keys, "siegel-portal", issuer, self.clock.now());
        let Ok(held) = held else { return false };
        let mut said = self.said();
        let fresh = !said.jtis.contains(&held.jti);
        said.jtis.push(held.jti);
        fresh
    }

    fn id_token(&self, access_token: &str, nonce: Option<&String>) -> String {
        let now = self.clock.now().as_seconds();
        let hash = sha256(access_token.as_bytes());
        let mut claims = json!({
            "iss": self.issuer, "aud": "siegel-portal", "sub": "pairwise-1",
            "iat": now, "exp": now + 300, "auth_time": now - 5, "acr": "basic",
            "at_hash": b64::encode(&hash[..16]),
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        let said = self.said();
        for (name, value) in &said.claims {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(*name)),
                value => claims[*name] = value.clone(),
            }
        }
        let stranger = SigningKey::generate().unwrap();
        let key = if said.stranger { &stranger } else { &self.key };
        key.sign("JWT", &claims).unwrap()
    }
}

async fn discovery(State(fake): State<Shared>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", fake.issuer);
    Json(json!({
        "issuer": fake.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "pushed_authorization_request_endpoint": at("/par"),
        "revocation_endpoint": at("/revoke"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(fake): State<Shared>) -> Response {
    let jwks = KeySet::new([fake.key.public_jwk().clone()]).to_json();
    ([("content-type", "application/json")], jwks).into_response()
}

fn refused(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

fn joined(pairs: Vec<(String, String)>) -> HashMap<String, String> {
    let mut form: HashMap<String, String> = HashMap::new();
    for (name, value) in pairs {
        let held = form.entry(name).or_default();
        if !held.is_empty() {
            held.push(' ');
        }
        held.push_str(&value);
    }
    form
}

async fn par(State(fake): State<Shared>, Form(pairs): Form<Vec<(String, String)>>) -> Response {
    let form = joined(pairs);
    if !fake.authenticate(&form) {
        return refused("invalid_client");
    }
    fake.said().pushed = form;
    let body = json!({ "request_uri": "urn:ietf:params:oauth:request_uri:1", "expires_in": 60 });
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn token(
    State(fake): State<Shared>,
    headers: HeaderMap,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let form = joined(pairs);
    if !fake.authenticate(&form) {
        return refused("invalid_client");
    }
    let url = format!("{}/token", fake.issuer);
    let jkt = fake.said().pushed["dpop_jkt"].clone();
    let expected =
        dpop::Expected { method: "POST", url: &url, access_token: None, jkt: Some(&jkt) };
    let proof = headers.get("dpop").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let Ok(proof) = dpop::verify(proof, &expected, fake.clock.now()) else {
        return refused("invalid_dpop_proof");
    };
    if proof.nonce.as_deref() != Some(NONCE) {
        return ([("dpop-nonce", NONCE)], refused("use_dpop_nonce")).into_response();
    }
    let service = form.get("resource").cloned().unwrap_or_default();
    fake.said().redeemed.push(form.clone());
    let count = fake.said().redeemed.len();
    let access_token = format!("at-{service}-{count}");
    let id_token = if form["grant_type"] == "authorization_code" {
        let challenge = fake.said().pushed["code_challenge"].clone();
        if form["code"] != "good" || !pkce::verify(&form["code_verifier"], &challenge) {
            return refused("invalid_grant");
        }
        let nonce = fake.said().pushed["nonce"].clone();
        fake.id_token(&access_token, Some(&nonce))
    } else {
        if let Some(error) = fake.said().refresh_error {
            return refused(error);
        }
        if form["refresh_token"] != "rt-secret" {
            return refused("invalid_grant");
        }
        fake.id_token(&access_token, None)
    };
    Json(json!({
        "access_token": access_token, "token_type": "DPoP", "expires_in": 300,
        "refresh_token": "rt-secret", "id_token": id_token,
    }))
    .into_response()
}

async fn revoke(
    State(fake): State<Shared>,
    Form(form): Form<HashMap<String, String>>,
) -> StatusCode {
    if !fake.authenticate(&form) {
        return StatusCode::BAD_REQUEST;
    }
    fake.said().revoked.push(form["token"].clone());
    StatusCode::OK
}
