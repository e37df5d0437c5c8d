//! What clients ask for at the end of a session. Names after "alias" are those of the OpenID
//! Foundation's modules.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::json;
use siegel_db::Db;
use siegel_identity::domain::client::Client;
use siegel_identity::domain::client::SigningAlg;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::{clients, sessions};
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{Answer, Fields, ORIGIN, World, cookie, encoded, fields};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_client_that_knows_the_session_ends_it_and_gets_its_state_back,
    without_state_the_address_is_exactly_the_registered_one,
    an_address_that_is_not_registered_is_an_error_and_ends_nothing,
    an_address_with_a_query_added_is_not_registered,
    a_hint_that_was_tampered_with_is_an_error_and_ends_nothing,
    a_hint_of_another_client_than_named_is_an_error,
    an_address_without_a_client_is_an_error,
    without_a_hint_the_person_is_asked_and_then_sent_back,
    without_anything_the_person_is_asked_and_stays_here,
    a_hint_alone_ends_the_session_here,
    an_expired_hint_is_as_good_as_a_fresh_one,
    a_hint_of_another_session_ends_nothing_without_asking,
    a_post_keeps_the_token_out_of_addresses,
    a_forged_or_old_ticket_is_worth_nothing,
    whoever_is_not_signed_in_is_sent_on,
    a_parameter_sent_twice_is_an_error,
    every_page_of_the_log_out_is_unframed_unkept_and_refers_to_nobody,
}

const BACK: &str = "https://portal.example/bye?from=siegel";

async fn world(db: Db) -> (World, SessionView) {
    let world = World::new(db).await;
    let mut tx = world.state.outside.db.begin().await.unwrap();
    for (id, sector) in [("rp", "musterstadt"), ("other-rp", "beispielau")] {
        let client = Client {
            tenant: "musterstadt".to_owned(),
            sector: sector.to_owned(),
            post_logout_redirect_uris: vec![BACK.to_owned()],
            ..Client::named(id)
        };
        clients::put(&mut tx, &client, world.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let session = world.session(TrustLevel::Basic).await;
    (world, session)
}

/// An ID token of the client `rp` about a session.
fn hint(world: &World, session: &SessionView) -> String {
    let now = world.now().as_seconds();
    let claims = json!({
        "iss": ORIGIN,
        "aud": "rp",
        "sub": world.state.subject("musterstadt", session.account),
        "sid": world.state.session_name("musterstadt", session.id),
        "iat": now,
        "exp": now + 300,
    });
    world.state.keys.sign(SigningAlg::ES256, "JWT", &claims, world.now()).unwrap()
}

async fn sent(world: &World, request: http::request::Builder, body: String) -> Answer {
    let request = request.header("accept", "text/html").header("host", "localhost:8080");
    world.send(request.body(Body::from(body)).unwrap()).await
}

async fn ask(world: &World, session: &SessionView, query: &Fields) -> Answer {
    follow(world, session, &format!("/logout?{}", encoded(query))).await
}

async fn follow(world: &World, session: &SessionView, path: &str) -> Answer {
    let cookies = format!("siegel_session={}", cookie(session.id));
    sent(world, Request::get(path).header("cookie", cookies), String::new()).await
}

/// Presses the button of the question, with the fields the page brought.
async fn confirm(world: &World, session: &SessionView, page: &Answer) -> Answer {
    assert!(page.body.contains("id=\"logout\""), "no question: {}", page.body);
    let hidden = page.body.split("<input type=\"hidden\" name=\"").skip(1);
    let pairs: Fields = hidden
        .map(|rest| {
            let (name, rest) = rest.split_once("\" value=\"").unwrap();
            let value = rest.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
            (name.to_owned(), value)
        })
        .collect();
    let csrf = page.header("set-cookie");
    let csrf = csrf.split(';').next().unwrap();
    let cookies = format!("siegel_session={}; {csrf}", cookie(session.id));
    let request = Request::post("/login/logout")
        .header("cookie", cookies)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded");
    sent(world, request, encoded(&pairs)).await
}

async fn lives(world: &World, session: &SessionView) -> bool {
    let mut tx = world.state.outside.db.read().await.unwrap();
    sessions::find(&mut tx, session.id).await.unwrap().is_some()
}

async fn refused(world: &World, session: &SessionView, query: &Fields) {
    let answer = ask(world, session, query).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query:?}");
    assert_eq!(answer.header("location"), "");
    assert!(lives(world, session).await, "it goes on");
    let audited = world.audited().await;
    assert!(audited.iter().any(|(kind, _)| kind == "identity.logout.refused"));
}

/// Alias `oidcc-rp-initiated-logout`.
async fn a_client_that_knows_the_session_ends_it_and_gets_its_state_back(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let query = [("id_token_hint", &*hint), ("post_logout_redirect_uri", BACK), ("state", "s &ä")];
    let answer = ask(&world, &session, &fields(query)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(answer.header("location"), format!("{BACK}&state=s+%26%C3%A4"));
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert!(!lives(&world, &session).await);
}

/// Alias `oidcc-rp-initiated-logout-no-state`.
async fn without_state_the_address_is_exactly_the_registered_one(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let query = [("id_token_hint", &*hint), ("post_logout_redirect_uri", BACK)];
    assert_eq!(ask(&world, &session, &fields(query)).await.header("location"), BACK);
}

/// Alias `oidcc-rp-initiated-logout-bad-post-logout-redirect-uri`.
async fn an_address_that_is_not_registered_is_an_error_and_ends_nothing(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    for bad in ["https://evil.example/", "https://portal.example/bye", "https://portal.example"] {
        let query = [("id_token_hint", &*hint), ("post_logout_redirect_uri", bad)];
        refused(&world, &session, &fields(query)).await;
        let query = [("client_id", "rp"), ("post_logout_redirect_uri", bad)];
        refused(&world, &session, &fields(query)).await;
    }
}

/// Alias `oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri`.
async fn an_address_with_a_query_added_is_not_registered(db: Db) {
    let (world, session) = world(db).await;
    let (hint, more) = (hint(&world, &session), format!("{BACK}&foo=bar"));
    let query = [("id_token_hint", &*hint), ("post_logout_redirect_uri", &*more)];
    refused(&world, &session, &fields(query)).await;
}

/// Aliases `oidcc-rp-initiated-logout-modified-id-token-hint`, `…-bad-id-token-hint`.
async fn a_hint_that_was_tampered_with_is_an_error_and_ends_nothing(db: Db) {
    let (world, session) = world(db).await;
    let good = hint(&world, &session);
    let (body, _) = good.rsplit_once('.').unwrap();
    let stranger = siegel_crypto::SigningKey::generate().unwrap();
    let claims = world.claims(&good, "JWT");
    let foreign = stranger.sign("JWT", &claims).unwrap();
    let confused =
        world.state.keys.sign(SigningAlg::ES256, "at+jwt", &claims, world.now()).unwrap();
    let elsewhere = json!({"iss": "https://other.example", "aud": "rp", "sub": "x"});
    let elsewhere =
        world.state.keys.sign(SigningAlg::ES256, "JWT", &elsewhere, world.now()).unwrap();
    for bad in [format!("{body}."), "a.b.c".to_owned(), foreign, confused, elsewhere] {
        let query = [("id_token_hint", &*bad), ("post_logout_redirect_uri", BACK)];
        refused(&world, &session, &fields(query)).await;
    }
}

async fn a_hint_of_another_client_than_named_is_an_error(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let query = [("id_token_hint", &*hint), ("client_id", "other-rp")];
    refused(&world, &session, &fields(query)).await;
}

/// Alias `oidcc-rp-initiated-logout-no-id-token-hint`.
async fn an_address_without_a_client_is_an_error(db: Db) {
    let (world, session) = world(db).await;
    let query = [("post_logout_redirect_uri", BACK), ("state", "s")];
    refused(&world, &session, &fields(query)).await;
    refused(&world, &session, &fields([("client_id", "nobody")])).await;
}

async fn without_a_hint_the_person_is_asked_and_then_sent_back(db: Db) {
    let (world, session) = world(db).await;
    let query = [("client_id", "rp"), ("post_logout_redirect_uri", BACK), ("state", "s")];
    let page = ask(&world, &session, &fields(query)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("id=\"stay\""));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' https://portal.example"), "{policy}");
    assert!(lives(&world, &session).await, "asking ends nothing");
    let done = confirm(&world, &session, &page).await;
    assert_eq!(done.header("location"), format!("{BACK}&state=s"));
    assert!(!lives(&world, &session).await);
}

/// Aliases `oidcc-rp-initiated-logout-no-params`, `…-only-state`.
async fn without_anything_the_person_is_asked_and_stays_here(db: Db) {
    let (world, session) = world(db).await;
    let page = ask(&world, &session, &fields([])).await;
    assert_eq!(page.status, StatusCode::OK);
    let page = ask(&world, &session, &fields([("state", "s")])).await;
    let done = confirm(&world, &session, &page).await;
    assert_eq!(done.header("location"), "/login/logout");
    assert!(!lives(&world, &session).await);
}

/// Alias `oidcc-rp-initiated-logout-no-post-logout-redirect-uri`.
async fn a_hint_alone_ends_the_session_here(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let answer = ask(&world, &session, &fields([("id_token_hint", &*hint)])).await;
    assert_eq!(answer.header("location"), "/login/logout");
    assert!(!lives(&world, &session).await);
}

async fn an_expired_hint_is_as_good_as_a_fresh_one(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    world.clock.advance(Duration::from_mins(30));
    let answer = ask(&world, &session, &fields([("id_token_hint", &*hint)])).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(!lives(&world, &session).await);
}

async fn a_hint_of_another_session_ends_nothing_without_asking(db: Db) {
    let (world, session) = world(db).await;
    let other = world.session(TrustLevel::Basic).await;
    let hint = hint(&world, &other);
    let page = ask(&world, &session, &fields([("id_token_hint", &*hint)])).await;
    assert!(page.body.contains("id=\"logout\""));
    assert!(lives(&world, &session).await && lives(&world, &other).await);
}

async fn a_post_keeps_the_token_out_of_addresses(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let form =
        fields([("id_token_hint", &*hint), ("post_logout_redirect_uri", BACK), ("state", "s")]);
    // From the client's page: without our cookie.
    let headers = [("origin", "https://portal.example"), ("sec-fetch-site", "cross-site")];
    let answer = world.post("/logout", &encoded(&form), &headers).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let location = answer.header("location");
    assert!(location.starts_with("/logout?") && !location.contains(&hint), "{location}");
    assert!(lives(&world, &session).await);
    let done = follow(&world, &session, &location).await;
    assert_eq!(done.header("location"), format!("{BACK}&state=s"));
    assert!(!lives(&world, &session).await);
}

async fn a_forged_or_old_ticket_is_worth_nothing(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let form = encoded(&fields([("id_token_hint", &*hint)]));
    let location = world.post("/logout", &form, &[]).await.header("location");
    let forged = follow(&world, &session, &format!("{location}x")).await;
    assert_eq!(forged.status, StatusCode::BAD_REQUEST);
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(follow(&world, &session, &location).await.status, StatusCode::BAD_REQUEST);
    assert!(lives(&world, &session).await);
}

async fn whoever_is_not_signed_in_is_sent_on(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let query = [("id_token_hint", &*hint), ("post_logout_redirect_uri", BACK), ("state", "s")];
    let answer = world.get(&format!("/logout?{}", encoded(&fields(query)))).await;
    assert_eq!(answer.header("location"), format!("{BACK}&state=s"));
    assert_eq!(world.get("/logout").await.header("location"), "/login/logout");
    assert_eq!(world.get("/login/logout").await.status, StatusCode::OK);
    assert!(lives(&world, &session).await, "of another browser");
}

async fn a_parameter_sent_twice_is_an_error(db: Db) {
    let (world, session) = world(db).await;
    let answer = follow(&world, &session, "/logout?client_id=rp&client_id=rp").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

async fn every_page_of_the_log_out_is_unframed_unkept_and_refers_to_nobody(db: Db) {
    let (world, session) = world(db).await;
    let hint = hint(&world, &session);
    let pages = [
        follow(&world, &session, "/logout").await,
        follow(&world, &session, "/logout?client_id=nobody").await,
        world.get("/login/logout").await,
        ask(&world, &session, &fields([("id_token_hint", &*hint)])).await,
    ];
    for page in pages {
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
}
