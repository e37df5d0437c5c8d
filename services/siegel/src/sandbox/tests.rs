//! The pages as a browser and a script see them.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use siegel_kernel::{Clock, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;

use super::*;

struct House {
    router: Router,
    sandbox: Sandbox,
    _dir: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(
            SandboxClock::load(Arc::new(SystemClock), &dir.path().join("clock.json")).unwrap(),
        );
        let mails = SandboxMailSink::start().await.unwrap();
        let people = vec![("Erika Beispiel".to_owned(), "erika@persona.example".to_owned())];
        let sandbox = Sandbox::new("http://localhost:8080", mails, clock, people);
        Self { router: sandbox.router(), sandbox, _dir: dir }
    }

    async fn get(&self, path: &str) -> (StatusCode, String, String) {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, kind: &str, cookie: &str, body: &str) -> (StatusCode, String, String) {
        let request = Request::post("/sandbox/clock")
            .header(header::CONTENT_TYPE, kind)
            .header(header::COOKIE, cookie)
            .body(Body::from(body.to_owned()));
        self.send(request.unwrap()).await
    }

    /// Status, body, the cookie that was set.
    async fn send(&self, mut request: Request<Body>) -> (StatusCode, String, String) {
        let here = header::HeaderValue::from_static("localhost:8080");
        request.headers_mut().entry(header::HOST).or_insert(here);
        let response = self.router.clone().oneshot(request).await.unwrap();
        let cookie = response.headers().get(header::SET_COOKIE);
        let cookie = cookie.map(|c| c.to_str().unwrap().split(';').next().unwrap().to_owned());
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap(), cookie.unwrap_or_default())
    }

    async fn gets_mail(&self, to: &str, subject: &str) {
        let mut stream =
            tokio::net::TcpStream::connect(("127.0.0.1", self.sandbox.mails.port())).await.unwrap();
        let talk = format!(
            "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<{to}>\r\nDATA\r\nSubject: {subject}\r\n\r\n<b>123456\r\n.\r\nQUIT\r\n"
        );
        stream.write_all(talk.as_bytes()).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn the_mail_list_shows_mails_newest_first_and_each_has_its_page() {
    let house = House::new().await;
    assert!(house.get("/sandbox/mail").await.1.contains("Noch keine Mail"));
    house.gets_mail("a@x.example", "Erste").await;
    house.gets_mail("b@x.example", "Zweite").await;
    let list = house.get("/sandbox/mail").await.1;
    assert!(list.find("Zweite").unwrap() < list.find("Erste").unwrap());
    let (status, one, _) = house.get("/sandbox/mail/1").await;
    assert!(status == StatusCode::OK && one.contains("&#60;b&#62;123456"), "{one}");
    assert_eq!(house.get("/sandbox/mail/3").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn machines_read_the_mails_of_one_recipient_as_json() {
    let house = House::new().await;
    house.gets_mail("a@x.example", "=?utf-8?Q?Best=C3=A4tigung?=").await;
    house.gets_mail("b@x.example", "x").await;
    let all: serde_json::Value =
        serde_json::from_str(&house.get("/sandbox/mail.json").await.1).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(all[0]["to"], "b@x.example");
    let own = house.get("/sandbox/mail.json?to=A@x.example").await.1;
    let own: serde_json::Value = serde_json::from_str(&own).unwrap();
    assert_eq!(own[0]["subject"], "Bestätigung");
    assert_eq!(own[0]["text"], "<b>123456");
    assert!(own[0]["received_at"].as_str().unwrap().ends_with('Z') && own[1].is_null());
}

#[tokio::test]
async fn a_script_moves_the_clock_with_json() {
    let house = House::new().await;
    let (status, body, _) = house.post("application/json", "", r#"{"days":4}"#).await;
    assert!(status == StatusCode::OK && body.contains("\"moved\":true"), "{body}");
    let to = r#"{"to":"2099-01-01"}"#;
    assert_eq!(house.post("application/json", "", to).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    for bad in [r#"{"days":-1}"#, "{}", r#"{"days":1,"to":"2027-01-01"}"#, r#"{"to":"soon"}"#] {
        let status = house.post("application/json", "", bad).await.0;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    let ahead = house.sandbox.clock.now().since(SystemClock.now()).as_secs();
    assert!((4 * 86_400 - 60..=4 * 86_400).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn the_page_moves_the_clock_only_with_its_token() {
    let house = House::new().await;
    let (_, html, cookie) = house.get("/sandbox").await;
    let token = html.split("name=\"csrf_token\" value=\"").nth(1).unwrap().split('"').next();
    let form = "application/x-www-form-urlencoded";
    assert_eq!(house.post(form, &cookie, "days=1").await.0, StatusCode::FORBIDDEN);
    assert!(!house.sandbox.clock.is_moved());
    let body = format!("days=1&csrf_token={}", token.unwrap());
    assert_eq!(house.post(form, &cookie, &body).await.0, StatusCode::SEE_OTHER);
    assert!(house.get("/sandbox").await.1.contains("vorgestellt"));
}

#[tokio::test]
async fn the_index_says_what_is_where_in_both_languages() {
    let house = House::new().await;
    let german = house.get("/sandbox").await.1;
    for text in
        ["href=\"/sandbox/mail\"", "erika@persona.example", "Erika Mustermann", "Testumgebung"]
    {
        assert!(german.contains(text), "{text}");
    }
    let english = house.get("/sandbox?ui_locales=en").await.1;
    assert!(english.contains("What is where"));
}

#[test]
fn both_languages_have_the_same_texts_and_every_text_that_is_asked_for() {
    let de = include_str!("locales/de/sandbox.ftl");
    siegel_web::testing::assert_same_keys(de, include_str!("locales/en/sandbox.ftl"));
    let sources = [include_str!("index.rs"), include_str!("mail_pages.rs")];
    siegel_web::testing::assert_texts_exist(&sources, de);
}

#[tokio::test]
async fn a_page_elsewhere_whose_name_leads_here_reads_no_mail() {
    let house = House::new().await;
    house.gets_mail("erika@persona.example", "Code").await;
    for host in ["evil.example:8080", "localhost.evil.example", "localhost@evil.example", ""] {
        let request = Request::get("/sandbox/mail.json").header(header::HOST, host);
        let (status, body, _) = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((status, body.as_str()), (StatusCode::MISDIRECTED_REQUEST, ""), "{host}");
    }
    for host in ["127.0.0.1:8080", "[::1]:8080", "LOCALHOST"] {
        let request = Request::get("/sandbox/mail.json").header(header::HOST, host);
        let (status, ..) = house.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{host}");
    }
}
