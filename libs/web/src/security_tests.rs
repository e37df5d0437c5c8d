use std::sync::Arc;

use axum::body::Body;
use axum::routing::{get, post};
use http::Request;
use http::header::{COOKIE, STRICT_TRANSPORT_SECURITY};
use http_body_util::BodyExt;
use siegel_kernel::{Entropy, EntropyUnavailable};
use tower::ServiceExt;

use super::*;
use crate::{CheckedForm, Csrf};

/// Counts up: two draws differ, and tests repeat.
struct Counting(std::sync::atomic::AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buf: &mut [u8]) -> Result<(), EntropyUnavailable> {
        for byte in buf {
            *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
struct Form {
    name: String,
    #[serde(default)]
    count: Vec<u8>,
}

fn app_at(origin: &str, key: &[u8]) -> Router {
    let csrf = Csrf::new(key, Arc::new(Counting(0.into())));
    let face = Face::new(origin, csrf).exempt(["/authorize"]);
    let form = |view: View| async move {
        let page = view.page("Form").html(view.csrf_field().to_string());
        FormAction::of("https://portal.example/cb?x=1").unwrap().on(page)
    };
    let submit = |CheckedForm(form): CheckedForm<Form>| async move {
        format!("{} {:?}", form.name, form.count)
    };
    let router = Router::new()
        .route("/form", get(form).post(submit))
        .route("/plain", get(|view: View| async move { view.page("<Plain>").html("") }))
        .route("/authorize", post(|view: View| async move { view.page("Authorized").html("") }))
        .route("/json", get(|| async { (StatusCode::BAD_REQUEST, axum::Json("bad")) }));
    protect(router, &face)
}

fn app() -> Router {
    app_at("http://localhost:8080", b"key of the tests")
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn fetch(path: &str) -> Response {
    app().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

/// The cookie and the token that a browser holds after opening the form.
async fn opened(app: Router) -> (String, String) {
    let response = app.oneshot(Request::get("/form").body(Body::empty()).unwrap()).await.unwrap();
    let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
    let html = text(response).await;
    let token = html.split("name=\"csrf_token\" value=\"").nth(1).unwrap();
    (cookie, token.split('"').next().unwrap().to_owned())
}

async fn send(app: Router, cookie: &str, token: &str, site: &str) -> Response {
    let request = Request::post("/form")
        .header(COOKIE, cookie)
        .header("sec-fetch-site", site)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("csrf_token={token}&name=Zo%C3%AB&count=1&count=2")))
        .unwrap();
    app.oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_form_of_ours_is_accepted_as_often_as_it_is_sent() {
    let (cookie, token) = opened(app()).await;
    for _ in 0..2 {
        let response = send(app(), &cookie, &token, "same-origin").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(text(response).await, "Zoë [1, 2]");
    }
}

#[tokio::test]
async fn a_token_is_refused_without_its_cookie_and_with_another_browsers() {
    let (cookie, token) = opened(app()).await;
    let other = format!("siegel_csrf={}", siegel_crypto::b64::encode([9; 32]));
    for (cookie, token) in
        [("", token.as_str()), (&other, &token), (&cookie, ""), (&cookie, &token[1..])]
    {
        let response = send(app(), cookie, token, "same-origin").await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(text(response).await.contains("Das Formular ist nicht mehr gültig"));
    }
}

#[tokio::test]
async fn a_token_of_another_service_is_refused() {
    let (cookie, token) = opened(app_at("http://localhost:8080", b"another key")).await;
    let response = send(app(), &cookie, &token, "same-origin").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn two_renderings_of_one_form_carry_different_tokens() {
    let app = app();
    let (cookie, first) = opened(app.clone()).await;
    let request = Request::get("/form").header(COOKIE, &cookie).body(Body::empty()).unwrap();
    let second = app.oneshot(request).await.unwrap();
    assert_eq!(header(&second, "set-cookie"), "", "the browser keeps its cookie");
    assert!(!text(second).await.contains(&first));
}

#[tokio::test]
async fn a_request_from_another_website_gets_a_page_that_says_so() {
    let (cookie, token) = opened(app()).await;
    let response = send(app(), &cookie, &token, "cross-site").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(text(response).await.contains("von einer anderen Website"));
}

#[tokio::test]
async fn an_exempt_path_takes_posts_from_anywhere_and_no_other_does() {
    let post = |path: &str| {
        Request::post(path).header("origin", "https://evil.example").body(Body::empty()).unwrap()
    };
    let exempt = app().oneshot(post("/authorize")).await.unwrap();
    assert_eq!(exempt.status(), StatusCode::OK);
    let other = app().oneshot(post("/authorize/x")).await.unwrap();
    assert_eq!(other.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_post_from_elsewhere_does_not_spoil_the_forms_that_are_open() {
    for path in ["/authorize", "/form"] {
        let request = Request::post(path)
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .body(Body::empty())
            .unwrap();
        let response = app().oneshot(request).await.unwrap();
        assert_eq!(header(&response, "set-cookie"), "", "{path}");
    }
}

/// `Referrer-Policy: no-referrer` makes browsers send `Origin: null` with our own forms
/// (Fetch §3.2); `Sec-Fetch-Site` then says that they are ours.
#[tokio::test]
async fn our_own_form_is_accepted_although_its_origin_is_null() {
    let (cookie, token) = opened(app()).await;
    let request = |site: Option<&str>| {
        let request = Request::post("/form")
            .header(COOKIE, &cookie)
            .header("origin", "null")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = match site {
            Some(site) => request.header("sec-fetch-site", site),
            None => request,
        };
        request.body(Body::from(format!("csrf_token={token}&name=Ada"))).unwrap()
    };
    let own = app().oneshot(request(Some("same-origin"))).await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);
    let unknown = app().oneshot(request(None)).await.unwrap();
    assert_eq!(unknown.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn forms_lead_to_our_origin_only_unless_the_page_names_another() {
    let plain = fetch("/plain").await;
    assert_eq!(
        header(&plain, "content-security-policy"),
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
         font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    );
    let form = fetch("/form").await;
    let policy = header(&form, "content-security-policy");
    assert!(policy.contains("form-action 'self' https://portal.example; "), "{policy}");
}

#[test]
fn a_form_action_is_an_origin_and_cannot_extend_the_policy() {
    let of = |url| FormAction::of(url).map(|FormAction(text)| text);
    assert_eq!(of("https://A.example:443/cb"), Some("https://a.example".into()));
    assert_eq!(of("http://127.0.0.1:8123/cb"), Some("http://127.0.0.1:8123".into()));
    assert_eq!(of("http://[::1]:8123/cb"), Some("http:".into()));
    assert_eq!(of("com.example.app:/cb"), Some("com.example.app:".into()));
    assert_eq!(of("https://a.example; script-src *"), None);
    assert_eq!(of("https://[2001:db8::1]/cb"), None);
    assert_eq!(of("javascript:alert(1)"), None);
    assert_eq!(of("/relative"), None);
}

#[tokio::test]
async fn every_response_carries_the_security_headers() {
    for path in ["/plain", "/json", "/nowhere"] {
        let response = fetch(path).await;
        assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert!(!header(&response, "content-security-policy").is_empty(), "{path}");
        assert!(!response.headers().contains_key(STRICT_TRANSPORT_SECURITY), "{path}");
    }
}

#[tokio::test]
async fn https_is_kept_and_its_cookies_are_bound_to_the_host() {
    let app = app_at("https://portal.example", b"key");
    let request = Request::get("/plain").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(header(&response, "strict-transport-security"), "max-age=31536000");
    assert!(header(&response, "set-cookie").starts_with("__Host-siegel_csrf="));
    assert!(header(&response, "set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn the_language_switch_keeps_the_page_and_its_query() {
    let response = fetch("/plain?id=7&lang=en&ui_locales=de&x=%2F").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(header(&response, "location"), "/plain?id=7&x=%2F");
    assert!(header(&response, "set-cookie").starts_with("siegel_lang=en; Path=/"));
}

#[tokio::test]
async fn the_language_switch_never_leads_to_another_origin() {
    for path in ["//evil.example/?lang=en", "///evil.example?lang=en", "/%5C/evil?lang=en"] {
        let location = header(&fetch(path).await, "location").to_owned();
        let target = Url::parse("http://localhost:8080").unwrap().join(&location).unwrap();
        assert_eq!(target.origin().ascii_serialization(), "http://localhost:8080", "{location}");
    }
}

#[tokio::test]
async fn a_page_speaks_the_language_of_the_cookie_and_links_to_the_other() {
    let request = Request::get("/plain?id=%22%3E")
        .header(COOKIE, "siegel_lang=en")
        .body(Body::empty())
        .unwrap();
    let html = text(app().oneshot(request).await.unwrap()).await;
    assert!(html.contains("<html lang=\"en\">"));
    assert!(html.contains("href=\"?id=%22%3E&#38;lang=de\""), "{html}");
    assert!(html.contains("<h1 class=\"kern-heading-large\">&#60;Plain&#62;</h1>"));
}

#[tokio::test]
async fn a_bare_error_becomes_a_page_for_browsers_and_stays_bare_for_machines() {
    let ask = |path: &str, accept: &str| {
        Request::get(path).header(ACCEPT, accept).body(Body::empty()).unwrap()
    };
    let page = app().oneshot(ask("/nowhere", "text/html,*/*")).await.unwrap();
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(text(page).await.contains("Diese Seite gibt es nicht"));
    let bare = app().oneshot(ask("/nowhere", "application/json")).await.unwrap();
    assert_eq!(text(bare).await, "");
    let json = app().oneshot(ask("/json", "text/html")).await.unwrap();
    assert_eq!(text(json).await, "\"bad\"");
}

#[tokio::test]
async fn protected_routers_can_be_merged_and_the_stylesheet_is_kept_forever() {
    let csrf = Csrf::new(b"other", Arc::new(Counting(0.into())));
    let face = Face::new("http://localhost:8080", csrf);
    let other = protect(Router::new().route("/other", get(|| async { "other" })), &face);
    let app = app().merge(other).merge(crate::assets::router());
    for (path, cache) in [
        ("/other", "no-store"),
        (crate::assets::stylesheet_href(), "public, max-age=31536000, immutable"),
        ("/assets/siegel-0123456789abcdef.css", "public, max-age=300"),
        ("/assets/favicon.svg", "public, max-age=300"),
        (crate::assets::auto_submit_href(), "public, max-age=300"),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "cache-control"), cache, "{path}");
    }
}

#[test]
fn images_come_from_https_origins_only() {
    let of = |url: &str| ImageSource::of(url).map(|source| source.0);
    assert_eq!(of("https://cdn.example:8443/a/logo.png?x").unwrap(), "https://cdn.example:8443");
    for bad in ["http://cdn.example/l.png", "javascript:alert(1)", "data:image/png,x", "/l.png"] {
        assert_eq!(of(bad), None, "{bad}");
    }
    assert_eq!(of("https://[::1]/l.png"), None);
}

#[test]
fn a_page_may_show_images_of_several_origins_each_named_once() {
    let urls = ["https://a.example/1.png", "https://b.example/2.png", "https://a.example/3.png"];
    let response = axum::response::IntoResponse::into_response(());
    let response =
        urls.iter().filter_map(|url| ImageSource::of(url)).fold(response, |r, s| s.on(r));
    let csrf = Csrf::new(b"other", Arc::new(Counting(0.into())));
    let policy = policy(&Face::new("http://localhost:8080", csrf), response.extensions());
    let policy = policy.to_str().unwrap();
    assert!(policy.contains("img-src 'self' data: https://a.example https://b.example;"));
}
