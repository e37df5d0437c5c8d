//! Answers that belong to no log-in of this browser, and providers that do not answer.

use std::time::Duration;

use http::{Request, StatusCode};
use siegel_db::Db;
use siegel_testkit::on_each_backend;

use super::land::{Land, parameter};
use super::provider::Provider;
use crate::world::ORIGIN;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    an_answer_that_names_another_issuer_is_refused,
    an_answer_that_does_not_name_its_issuer_is_refused_where_it_says_it_would,
    an_answer_at_another_providers_callback_is_refused,
    an_answer_in_another_browser_is_refused,
    an_answer_counts_once,
    an_answer_that_comes_too_late_is_refused,
    an_answer_with_a_parameter_twice_is_refused,
    a_cancelled_log_in_leads_back,
    a_provider_that_is_down_leads_back,
    a_page_of_another_origin_sends_nobody_there,
    one_provider_being_down_is_not_asked_again_and_again,
}

const CALLBACK: &str = "/login/upstream/land-b/callback";

async fn an_answer_that_names_another_issuer_is_refused(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let query = back.split_once('?').unwrap().1;
    let (query, _) = query.rsplit_once("&iss=").unwrap();
    let page = browser.comes(&format!("{CALLBACK}?{query}&iss=https%3A%2F%2Fevil.example")).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{}", page.body);
    assert!(browser.session().await.is_none());
    assert_eq!(land.refusals().await, ["UPSTREAM_OTHER_ISSUER"]);
}

async fn an_answer_that_does_not_name_its_issuer_is_refused_where_it_says_it_would(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let (bare, _) = back.rsplit_once("&iss=").unwrap();
    let page = browser.comes(bare).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{}", page.body);
    land.provider.set(|s| s.names_itself = false);
    land.clock().advance(Duration::from_mins(11));
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "one that never does: {}", page.body);
}

async fn an_answer_at_another_providers_callback_is_refused(db: Db) {
    let mut land = Land::new(db).await;
    let other = Provider::start(land.world.clock.clone()).await;
    land.trusts(&other, "land-c").await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let page = browser.get(&back.replace("land-b/callback", "land-c/callback")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert_eq!(land.refusals().await, ["UPSTREAM_UNKNOWN_STATE"]);
    // The reverse: the code of a malicious provider in the place of an honest one's.
    let evil = browser.goes_to(&first, "land-c", &other).await;
    let code = parameter(&evil, "code").unwrap();
    let again = browser.goes(&first).await;
    let state = parameter(&again, "state").unwrap();
    let iss = form(&land.provider.issuer);
    let page = browser.comes(&format!("{CALLBACK}?code={code}&state={state}&iss={iss}")).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "the honest one does not know it");
    assert!(browser.session().await.is_none());
}

fn form(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn an_answer_in_another_browser_is_refused(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let mut stranger = land.browser();
    let page = stranger.get(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "without any cookie");
    let second = land.asks([]).await;
    stranger.get(&second).await;
    let page = stranger.get(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "with a cookie of its own");
    let page = browser.comes(&back).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "and nothing was spoilt: {}", page.body);
}

async fn an_answer_counts_once(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let kept = browser.get(&back).await.location;
    let replayed = browser.get(&back).await;
    assert_eq!(replayed.status, StatusCode::FORBIDDEN, "the state is spent");
    browser.get(&kept).await;
    assert!(browser.session().await.is_some());
    let page = browser.get(&kept).await;
    assert_eq!(page.status, StatusCode::GONE, "and so is the answer");
    assert_eq!(land.refusals().await, ["UPSTREAM_UNKNOWN_STATE", "UPSTREAM_UNKNOWN_ANSWER"],);
}

async fn an_answer_that_comes_too_late_is_refused(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    land.clock().advance(Duration::from_mins(10));
    let page = browser.get(&back).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
}

async fn an_answer_with_a_parameter_twice_is_refused(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let page = browser.get(&format!("{back}&code=x")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
}

async fn a_cancelled_log_in_leads_back(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    let back = browser.goes(&first).await;
    let state = parameter(&back, "state").unwrap();
    let iss = form(&land.provider.issuer);
    let answer = format!("{CALLBACK}?error=access_denied&state={state}&iss={iss}");
    let page = browser.comes(&answer).await;
    assert!(page.body.contains("Sie haben abgebrochen"), "{}", page.body);
    assert!(page.body.contains(&format!("href=\"{first}\"")), "{}", page.body);
    // What a provider writes stands on no page.
    let back = browser.goes(&first).await;
    let state = parameter(&back, "state").unwrap();
    let answer =
        format!("{CALLBACK}?error=%3Cscript%3E&error_description=%3Cb%3E&state={state}&iss={iss}");
    let page = browser.comes(&answer).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(!page.body.contains("script>") && !page.body.contains("<b>"), "{}", page.body);
}

async fn a_provider_that_is_down_leads_back(db: Db) {
    let land = Land::new(db).await;
    land.provider.set(|s| s.down = true);
    let first = land.asks([]).await;
    let mut browser = land.browser();
    browser.get(&first).await;
    let page = browser.get(&format!("{first}/upstream?to=land-b")).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.body);
    assert!(page.body.contains(&format!("href=\"{first}\"")), "{}", page.body);
    land.provider.set(|s| s.down = false);
    land.clock().advance(Duration::from_secs(6));
    let page = browser.through(&first).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

async fn one_provider_being_down_is_not_asked_again_and_again(db: Db) {
    let land = Land::new(db).await;
    land.provider.set(|s| s.down = true);
    let first = land.asks([]).await;
    let mut browser = land.browser();
    browser.get(&first).await;
    browser.get(&format!("{first}/upstream?to=land-b")).await;
    land.provider.set(|s| s.down = false);
    let page = browser.get(&format!("{first}/upstream?to=land-b")).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "nobody waits for it for a while");
}

async fn a_page_of_another_origin_sends_nobody_there(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([]).await;
    let mut browser = land.browser();
    browser.get(&first).await;
    let cookie = format!("siegel_browser={}", browser.cookies["siegel_browser"]);
    let request = Request::get(format!("{first}/upstream?to=land-b"))
        .header("host", "localhost:8080")
        .header("cookie", cookie)
        .header("sec-fetch-site", "cross-site");
    let answer = land.world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.header("location").strip_prefix(ORIGIN).unwrap_or(&first), first);
}
