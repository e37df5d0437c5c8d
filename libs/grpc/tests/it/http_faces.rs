//! The guard behind JSON over HTTP and gRPC-Web.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use siegel_crypto::SigningKey;
use siegel_kernel::Clock as _;
use siegel_oidc::{AccessToken, Confirmation, TokenKind, dpop};
use siegel_transcode::{Origins, with_http_faces};
use tower::ServiceExt as _;

use crate::house::{House, ORIGIN, claims};

const LIST: &str = "/v1/postbox/EvidenceService/ListReceipts";
const WATCH: &str = "/v1/postbox/SenderService/WatchEvents";
const KEYS: &str = "/v1/postbox/EvidenceService/ListSigningKeys";

/// A caller with a token bound to its key.
struct Caller {
    house: House,
    http: Router,
    key: SigningKey,
    token: String,
}

impl Caller {
    fn new(kind: TokenKind) -> Self {
        let (house, key) = (House::new(), SigningKey::generate().unwrap());
        let bound = Confirmation { jkt: Some(key.kid().to_owned()), x5t_s256: None };
        let claims = claims(&house.identity, "postbox", kind);
        let token = house.identity.sign(&AccessToken { cnf: Some(bound), ..claims });
        let http = with_http_faces(house.postbox.clone(), &Origins::default());
        Self { house, http, key, token }
    }

    /// A call at `path` with a proof about `method` and `proven`.
    async fn call(
        &self,
        path: &str,
        (method, proven): (Method, &str),
        nonce: Option<&str>,
    ) -> Response<Body> {
        let url = format!("{ORIGIN}{proven}");
        let access_token = Some(self.token.as_str());
        let about = dpop::Expected { method: method.as_str(), url: &url, access_token, jkt: None };
        let jti = siegel_crypto::random_token(&siegel_crypto::SystemEntropy::new()).unwrap();
        let now = self.house.identity.clock.now();
        let proof = dpop::prove(&self.key, &about, nonce, jti, now).unwrap();
        let verb = if path == WATCH { Method::GET } else { Method::POST };
        let request = Request::builder()
            .method(verb)
            .uri(path)
            .header(header::AUTHORIZATION, format!("DPoP {}", self.token))
            .header("dpop", proof);
        self.http.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The nonce that the first call is answered with.
    async fn nonce(&self, path: &str, proven: (Method, &str)) -> String {
        let asked = self.call(path, proven, None).await;
        assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
        let challenge = asked.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains("use_dpop_nonce"), "{challenge}");
        asked.headers()["dpop-nonce"].to_str().unwrap().to_owned()
    }
}

async fn json(response: Response<Body>) -> serde_json::Value {
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn a_proof_is_about_the_http_request_that_was_made() {
    let caller = Caller::new(TokenKind::Person);
    let nonce = caller.nonce(LIST, (Method::POST, LIST)).await;
    let answer = caller.call(LIST, (Method::POST, LIST), Some(&nonce)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(json(answer).await["receipts"][0]["kind"], "person at substantial");
    let grpc = "/siegel.postbox.v1.EvidenceService/ListReceipts";
    for other in [(Method::POST, grpc), (Method::GET, LIST), (Method::POST, KEYS)] {
        let answer = caller.call(LIST, other, Some(&nonce)).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(json(answer).await["reason"], "DPOP_PROOF_INVALID");
    }
}

#[tokio::test]
async fn a_proof_over_http_is_accepted_once() {
    let caller = Caller::new(TokenKind::Person);
    let nonce = caller.nonce(LIST, (Method::POST, LIST)).await;
    let url = format!("{ORIGIN}{LIST}");
    let access_token = Some(caller.token.as_str());
    let about = dpop::Expected { method: "POST", url: &url, access_token, jkt: None };
    let now = caller.house.identity.clock.now();
    let proof = dpop::prove(&caller.key, &about, Some(&nonce), "once".into(), now).unwrap();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = Request::post(LIST)
            .header(header::AUTHORIZATION, format!("DPoP {}", caller.token))
            .header("dpop", &proof);
        let request = request.body(Body::empty()).unwrap();
        answers.push(caller.http.clone().oneshot(request).await.unwrap().status());
    }
    assert_eq!(answers, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
}

#[tokio::test]
async fn the_body_of_somebody_who_may_not_call_is_never_read() {
    let caller = Caller::new(TokenKind::Person);
    let read = Arc::new(AtomicBool::new(false));
    let touched = read.clone();
    let body = tokio_stream::iter(std::iter::from_fn(move || {
        touched.store(true, Ordering::SeqCst);
        Some(Ok::<_, std::io::Error>("{"))
    }));
    let request = Request::post(LIST).header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Body::from_stream(body)).unwrap();
    let answer = caller.http.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(json(answer).await["reason"], "TOKEN_MISSING");
    assert!(!read.load(Ordering::SeqCst), "it was read");
}

#[tokio::test]
async fn a_stream_of_events_says_why_it_ends() {
    let caller = Caller::new(TokenKind::Client);
    let nonce = caller.nonce(WATCH, (Method::GET, WATCH)).await;
    let answer = caller.call(WATCH, (Method::GET, WATCH), Some(&nonce)).await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    caller.house.identity.clock.advance(Duration::from_mins(5));
    let all = answer.into_body().collect().await.unwrap().to_bytes();
    let all = String::from_utf8_lossy(&all);
    assert!(all.contains("event: problem\n") && all.contains("TOKEN_EXPIRED"), "{all}");
}

#[tokio::test]
async fn what_is_for_siblings_is_not_there() {
    let caller = Caller::new(TokenKind::Client);
    let path = "/v1/postbox/HandleService/IssueHandle";
    let answer = caller.call(path, (Method::POST, path), None).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(json(answer).await["reason"], "NO_SUCH_RPC");
}

#[tokio::test]
async fn another_method_is_refused_with_the_right_one() {
    let caller = Caller::new(TokenKind::Client);
    let request = Request::get(KEYS).body(Body::empty()).unwrap();
    let answer = caller.http.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()[header::ALLOW], "POST");
}

/// `ListSigningKeys` as gRPC-Web, from a page of `origin`.
async fn from_page(router: &Router, origin: &str) -> Response<Body> {
    let request = Request::post("/siegel.postbox.v1.EvidenceService/ListSigningKeys")
        .header(header::CONTENT_TYPE, "application/grpc-web+proto")
        .header("x-grpc-web", "1")
        .header(header::ORIGIN, origin)
        .body(Body::from(vec![0; 5]));
    router.clone().oneshot(request.unwrap()).await.unwrap()
}

#[tokio::test]
async fn grpc_web_ends_with_its_trailers_in_the_body() {
    let caller = Caller::new(TokenKind::Client);
    let answer = from_page(&caller.http, "https://portal.example").await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/grpc-web+proto");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.windows(14).any(|part| part == b"grpc-status:0\r"[..].get(..14).unwrap()));
    assert!(body.windows(6).any(|part| part == b"anyone"), "the guard let it in as a public call");
}

#[tokio::test]
async fn pages_of_named_origins_only_may_read_answers() {
    let caller = Caller::new(TokenKind::Client);
    let allowed = |answer: Response<Body>| {
        let value = answer.headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let ours = "https://portal.example";
    assert_eq!(allowed(from_page(&caller.http, ours).await), None, "nobody unless named");
    let origins = Origins::new(&[ours.to_owned()]).unwrap();
    let open = with_http_faces(caller.house.postbox.clone(), &origins);
    assert_eq!(allowed(from_page(&open, ours).await).as_deref(), Some(ours));
    assert_eq!(allowed(from_page(&open, "https://evil.example").await), None);
    let ask = Request::options(LIST)
        .header(header::ORIGIN, ours)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,dpop");
    let answer = open.clone().oneshot(ask.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(allowed(answer).as_deref(), Some(ours));
}
