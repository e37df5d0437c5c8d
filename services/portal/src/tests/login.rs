use std::time::Duration;

use serde_json::{Value, json};
use siegel_kernel::Clock as _;

use super::world::World;

/// Begins a log-in at `level`.
async fn begin(world: &mut World, level: &str) {
    let page = world.browser.get(&format!("/account/login?level={level}&return=/postbox")).await;
    assert_eq!(page.status, 303, "{}", page.body);
}

/// A log-in whose ID token has this claim changed is refused and signs nobody in.
async fn is_refused_with(claim: &'static str, value: Value) {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    world.identity.said().claims.insert(claim, value);
    let answer = world.answer();
    world.fails(&answer, "failed").await;
}

#[tokio::test]
async fn a_first_visit_logs_in_and_comes_back_to_where_it_wanted_to_go() {
    let mut world = World::new().await;
    let page = world.browser.get("/postbox?show=unread").await;
    let login = "/account/login?return=%2Fpostbox%3Fshow%3Dunread";
    assert_eq!((page.status, page.location.as_deref()), (303, Some(login)));

    let page = world.browser.get(login).await;
    let target = page.location.unwrap();
    let expected = "http://localhost:8080/authorize?client_id=siegel-portal&request_uri=urn";
    assert!(target.starts_with(expected), "{target}");

    let answer = world.answer();
    let page = world.browser.get(&answer).await;
    assert_eq!(page.location.as_deref(), Some("/postbox?show=unread"));
    let page = world.browser.get("/postbox?show=unread").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Ada &#60;Musterfrau&#62;"), "the header greets by name, escaped");
}

#[tokio::test]
async fn the_request_is_pushed_with_pkce_a_bound_key_every_service_and_the_level() {
    let mut world = World::new().await;
    begin(&mut world, "substantial").await;
    let said = world.identity.said();
    let pushed = |name: &str| said.pushed[name].clone();
    assert_eq!(pushed("acr_values"), "substantial high");
    assert_eq!(pushed("code_challenge_method"), "S256");
    assert_eq!(pushed("redirect_uri"), "http://localhost:8080/account/callback");
    let services = "urn:siegel:account urn:siegel:organisation urn:siegel:postbox \
                    urn:siegel:identity";
    assert_eq!(pushed("resource"), services);
    let scopes = pushed("scope");
    for scope in ["openid", "offline_access", "postbox.read", "identity.self"] {
        assert!(scopes.split(' ').any(|s| s == scope), "{scope} is missing in {scopes}");
    }
    assert_eq!(pushed("dpop_jkt").len(), 43);
    assert_eq!(pushed("ui_locales"), "de");
}

#[tokio::test]
async fn an_answer_with_a_state_that_nobody_began_is_refused() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    let state = world.identity.said().pushed["state"].clone();
    let answer = world.answer().replace(&state, &"A".repeat(43));
    world.fails(&answer, "unknown").await;
    assert!(world.identity.said().redeemed.is_empty(), "the code is not even redeemed");
}

#[tokio::test]
async fn an_answer_in_another_browser_is_refused_and_spoils_nothing() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    let answer = world.answer();
    let mut stranger = world.stranger();
    stranger.cookies.insert("siegel_portal_login".into(), "A".repeat(43));
    let page = stranger.get(&answer).await;
    assert!(page.location.unwrap().contains("why=unknown"));
    assert!(!stranger.cookies.contains_key("siegel_portal"));
    let page = world.browser.get(&answer).await;
    assert_eq!(page.location.as_deref(), Some("/postbox"), "its own browser is still let in");
}

#[tokio::test]
async fn an_answer_is_worth_one_log_in() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    let answer = world.answer();
    assert_eq!(world.browser.get(&answer).await.location.as_deref(), Some("/postbox"));
    let page = world.browser.get(&answer).await;
    assert!(page.location.unwrap().contains("why=unknown"));
}

#[tokio::test]
async fn an_answer_from_another_issuer_or_from_none_is_refused() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    let answer = world.answer();
    let (without, _) = answer.split_once("&iss=").unwrap();
    for bad in [without.to_owned(), format!("{without}&iss=http%3A%2F%2Fevil.example")] {
        world.fails(&bad, "failed").await;
    }
    assert!(world.identity.said().redeemed.is_empty());
    let page = world.browser.get(&answer).await;
    assert_eq!(page.location.as_deref(), Some("/postbox"), "the right one still works");
}

#[tokio::test]
async fn an_id_token_with_another_nonce_is_refused() {
    is_refused_with("nonce", json!("another")).await;
    is_refused_with("nonce", Value::Null).await;
}

#[tokio::test]
async fn an_id_token_of_another_issuer_or_for_another_client_is_refused() {
    is_refused_with("iss", json!("http://evil.example")).await;
    is_refused_with("aud", json!("another-portal")).await;
    is_refused_with("aud", json!(["siegel-portal", "another-portal"])).await;
}

#[tokio::test]
async fn an_id_token_out_of_its_time_is_refused() {
    let now = siegel_testkit::TestClock::default().now().as_seconds();
    is_refused_with("exp", json!(now - 1)).await;
    is_refused_with("iat", json!(now + 600)).await;
    is_refused_with("auth_time", json!(now + 600)).await;
    is_refused_with("auth_time", Value::Null).await;
}

#[tokio::test]
async fn an_id_token_that_names_no_level_is_refused() {
    is_refused_with("acr", Value::Null).await;
    is_refused_with("acr", json!("gold")).await;
}

#[tokio::test]
async fn an_id_token_that_belongs_to_another_access_token_is_refused() {
    is_refused_with("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")).await;
}

#[tokio::test]
async fn an_id_token_signed_by_a_stranger_is_refused() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    world.identity.said().stranger = true;
    let answer = world.answer();
    world.fails(&answer, "failed").await;
}

#[tokio::test]
async fn a_level_below_the_one_asked_for_is_refused() {
    let mut world = World::new().await;
    begin(&mut world, "high").await;
    world.identity.said().claims.insert("acr", json!("substantial"));
    let answer = world.answer();
    let page = world.fails(&answer, "level").await;
    assert!(page.body.contains("Vertrauensniveau wurde nicht erreicht"), "{}", page.body);
}

#[tokio::test]
async fn a_cancelled_log_in_says_so_and_repeats_no_text_from_outside() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    let answer = world.answer().replace("code=good", "error=access_denied");
    let page = world.fails(&format!("{answer}&error_description=Call+0900"), "cancelled").await;
    assert!(page.body.contains("abgebrochen"));
    assert!(!page.body.contains("0900"));
}

#[tokio::test]
async fn each_log_in_gets_a_new_cookie_and_ends_the_session_before() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    let first = world.browser.cookies["siegel_portal"].clone();
    world.identity.said().claims.insert("acr", json!("high"));
    begin(&mut world, "high").await;
    let answer = world.answer();
    world.browser.get(&answer).await;
    assert_ne!(world.browser.cookies["siegel_portal"], first);
    assert_eq!(world.identity.said().revoked, ["rt-secret"], "identity hears of it");

    let mut thief = world.stranger();
    thief.cookies.insert("siegel_portal".into(), first);
    let page = thief.get("/account").await;
    assert_eq!(page.status, 303, "the old cookie opens nothing");
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_bound_to_the_host_on_https() {
    let mut world = World::new().await;
    begin(&mut world, "basic").await;
    let answer = world.answer();
    world.browser.get(&answer).await;
    let cookie = world.browser.set.iter().find(|c| c.starts_with("siegel_portal=")).unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");

    let mut world = World::at("https://amt.example").await;
    begin(&mut world, "basic").await;
    let answer = world.answer();
    world.browser.get(&answer).await;
    let host = "__Host-siegel_portal=";
    let cookie = world.browser.set.iter().find(|c| c.starts_with(host)).unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
}

#[tokio::test]
async fn an_unused_session_ends_after_an_hour_and_a_busy_one_after_twelve() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    for _ in 0..11 {
        world.clock.advance(Duration::from_mins(59));
        assert_eq!(world.browser.get("/account").await.status, 200);
    }
    world.clock.advance(Duration::from_mins(59));
    assert_eq!(world.browser.get("/account").await.status, 200, "11 h 48 min");
    world.clock.advance(Duration::from_mins(13));
    assert_eq!(world.browser.get("/account").await.status, 303, "12 h 1 min");

    world.log_in("/account").await;
    world.clock.advance(Duration::from_mins(61));
    assert_eq!(world.browser.get("/account").await.status, 303);
}

#[tokio::test]
async fn a_token_is_fetched_once_per_service_and_again_shortly_before_it_ends() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    let redeemed = |world: &World| -> Vec<String> {
        let said = world.identity.said();
        said.redeemed.iter().map(|form| form["resource"].clone()).collect()
    };
    assert_eq!(redeemed(&world), ["urn:siegel:account"], "the code brought the first");
    world.browser.get("/account").await;
    world.browser.get("/postbox").await;
    world.browser.get("/postbox").await;
    assert_eq!(redeemed(&world), ["urn:siegel:account", "urn:siegel:postbox"]);
    world.clock.advance(Duration::from_secs(271));
    world.browser.get("/postbox").await;
    assert_eq!(redeemed(&world).len(), 3, "30 s before its end a token is replaced");
}

#[tokio::test]
async fn a_session_that_ended_at_identity_asks_to_sign_in_again() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    world.identity.said().refresh_error = Some("invalid_grant");
    let page = world.browser.get("/postbox").await;
    assert_eq!(page.status, 401);
    assert!(page.body.contains("/account/login?return=%2Fpostbox"), "{}", page.body);
    assert_eq!(world.browser.get("/account").await.status, 303, "the session is gone");
}

#[tokio::test]
async fn a_level_that_fell_at_identity_is_shown_as_fallen() {
    let mut world = World::new().await;
    world.identity.said().claims.insert("acr", json!("high"));
    world.log_in("/account").await;
    assert!(world.browser.get("/account").await.body.contains("siegel-level--4"));
    world.identity.said().claims.insert("acr", json!("basic"));
    world.browser.get("/postbox").await;
    let page = world.browser.get("/account").await;
    assert!(page.body.contains("Online-Ausweis auf „hoch“ anheben"), "{}", page.body);
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_at_identity() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    world.browser.get("/account").await;
    let page = world.browser.post("/account/logout", &[]).await;
    assert_eq!(page.location.as_deref(), Some("/"));
    assert_eq!(*world.services.ended.lock().unwrap(), ["ses_mine"]);
    assert_eq!(world.identity.said().revoked, ["rt-secret"]);
    assert!(!world.browser.cookies.contains_key("siegel_portal"));
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    world.browser.get("/account").await;
    world.browser.token = "forged".to_owned();
    let page = world.browser.post("/account/logout", &[]).await;
    assert_eq!(page.status, 403);
    assert!(world.services.ended.lock().unwrap().is_empty());
    assert_eq!(world.browser.get("/account").await.status, 200);
}

#[tokio::test]
async fn the_start_page_and_the_start_itself_need_no_identity() {
    let mut world = World::new().await;
    let page = world.browser.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("href=\"/sandbox\""));
    assert!(world.identity.said().pushed.is_empty());
}
