//! A not-before of a person or a client reaches everything that was issued before it.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use siegel_db::{Db, IdempotencyKey};
use siegel_identity::app::log_out_everywhere::by_owner;
use siegel_identity::domain::client::GrantType;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::revocations::{NotBefore, set_not_before};
use siegel_kernel::{AccountId, TrustLevel};
use siegel_testkit::on_each_backend;

use crate::world::{Answer, World, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_stopped_person_keeps_no_code_token_or_exchange,
    a_stopped_client_keeps_no_code_token_or_exchange,
    an_offline_grant_and_an_unrotated_token_are_stopped_as_well,
    what_a_stopped_client_pushed_is_gone,
    what_is_issued_afterwards_holds,
    after_a_stop_a_log_in_of_the_same_second_holds,
    a_second_stop_of_one_second_reaches_what_came_after_the_first,
    who_logs_out_everywhere_can_log_in_at_once,
}

struct Issued {
    code: String,
    tokens: Answer,
    subject: String,
}

async fn issued(world: &World) -> Issued {
    world.change("portal", |client| client.grant_types.push(GrantType::TokenExchange)).await;
    let session = world.session(TrustLevel::Basic).await;
    let scope = [("scope", "openid account.read")];
    let code = world.code(scope, &session).await;
    let tokens = world.token("portal", redemption(&code)).await;
    let subject = world.claims(&tokens.text("id_token"), "JWT")["sub"].as_str().unwrap().to_owned();
    Issued { code: world.code(scope, &session).await, tokens, subject }
}

async fn stop(world: &World, whose: NotBefore<'_>) {
    world.clock.advance(Duration::from_secs(2));
    stop_now(world, whose).await;
}

/// Within the running second.
async fn stop_now(world: &World, whose: NotBefore<'_>) {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    set_not_before(&mut tx, whose, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn userinfo(world: &World, token: &str) -> StatusCode {
    let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::empty()).unwrap()).await.status
}

async fn nothing_holds(world: &World, issued: &Issued) {
    let (access, refresh) =
        (issued.tokens.text("access_token"), issued.tokens.text("refresh_token"));
    assert_eq!(userinfo(world, &access).await, StatusCode::UNAUTHORIZED, "access token");
    for token in [&access, &refresh] {
        let mut form = fields([("token", token)]);
        form.extend(world.assertion("portal"));
        let answer = world.post("/introspect", &encoded(&form), &[]).await;
        assert_eq!(answer.body, r#"{"active":false}"#);
    }
    let form = fields([("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(world.token("portal", form).await.error(), "invalid_grant", "refresh token");
    let code = world.token("portal", redemption(&issued.code)).await;
    assert_eq!(code.error(), "invalid_grant", "code");
    let exchanged = world.token("portal", crate::exchange::form(&access, "account")).await;
    assert_eq!(exchanged.error(), "invalid_grant", "exchange");
}

async fn a_stopped_person_keeps_no_code_token_or_exchange(db: Db) {
    let world = World::new(db).await;
    let (issued, other) = (issued(&world).await, issued(&world).await);
    stop(&world, NotBefore::Subject(&issued.subject)).await;
    nothing_holds(&world, &issued).await;
    let access = other.tokens.text("access_token");
    assert_eq!(userinfo(&world, &access).await, StatusCode::OK, "somebody else's");
}

async fn a_stopped_client_keeps_no_code_token_or_exchange(db: Db) {
    let world = World::new(db).await;
    let issued = issued(&world).await;
    stop(&world, NotBefore::Client("portal")).await;
    nothing_holds(&world, &issued).await;
}

async fn an_offline_grant_and_an_unrotated_token_are_stopped_as_well(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let mut form =
        request([("client_id", "bank"), ("scope", "openid offline_access"), ("prompt", "consent")]);
    form.extend(world.assertion("bank"));
    let uri = world.post("/par", &encoded(&form), &[]).await.text("request_uri");
    let asked = fields([("client_id", "bank"), ("request_uri", &uri)]);
    let code = world.granted(&asked, &session).await["code"].clone();
    let first = world.bound_token("bank", redemption(&code)).await;
    assert_eq!(first.text("scope"), "openid offline_access", "{}", first.body);
    let refresh = || {
        fields([("grant_type", "refresh_token"), ("refresh_token", &first.text("refresh_token"))])
    };
    assert_eq!(world.bound_token("bank", refresh()).await.status, StatusCode::OK);
    let subject = world.claims(&first.text("id_token"), "JWT")["sub"].as_str().unwrap().to_owned();
    stop(&world, NotBefore::Subject(&subject)).await;
    assert_eq!(world.bound_token("bank", refresh()).await.error(), "invalid_grant");
}

async fn what_a_stopped_client_pushed_is_gone(db: Db) {
    let world = World::new(db).await;
    let mut form = request([]);
    form.extend(world.assertion("portal"));
    let uri = world.post("/par", &encoded(&form), &[]).await.text("request_uri");
    let open = || format!("/authorize?client_id=portal&request_uri={uri}");
    assert!(world.get(&open()).await.header("location").starts_with("/login/"));
    stop(&world, NotBefore::Client("portal")).await;
    assert_eq!(world.get(&open()).await.status, StatusCode::BAD_REQUEST);
}

async fn what_is_issued_afterwards_holds(db: Db) {
    let world = World::new(db).await;
    let before = issued(&world).await;
    stop(&world, NotBefore::Subject(&before.subject)).await;
    stop(&world, NotBefore::Client("portal")).await;
    world.clock.advance(Duration::from_secs(1));
    let after = issued(&world).await;
    assert_eq!(userinfo(&world, &after.tokens.text("access_token")).await, StatusCode::OK);
    assert_eq!(world.token("portal", redemption(&after.code)).await.status, StatusCode::OK);
}

/// Another session of the same person.
async fn again(world: &World, account: AccountId) -> SessionView {
    const SQL: &str = "UPDATE sessions SET account_id = $2 WHERE id = $1";
    let other = world.session(TrustLevel::Basic).await;
    let mut tx = world.state.outside.db.begin().await.unwrap();
    siegel_db::on!(&mut tx, c =>
        sqlx::query(SQL).bind(other.id).bind(account).execute(c).await.unwrap().rows_affected());
    tx.commit().await.unwrap();
    SessionView { account, ..other }
}

async fn tokens(world: &World, session: &SessionView) -> Answer {
    let code = world.code([("scope", "openid account.read")], session).await;
    world.token("portal", redemption(&code)).await
}

async fn access_holds(world: &World, tokens: &Answer) -> bool {
    userinfo(world, &tokens.text("access_token")).await == StatusCode::OK
}

fn issued_at(world: &World, tokens: &Answer) -> i64 {
    world.claims(&tokens.text("access_token"), "at+jwt")["iat"].as_i64().unwrap()
}

async fn after_a_stop_a_log_in_of_the_same_second_holds(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let before = tokens(&world, &session).await;
    let subject = world.claims(&before.text("id_token"), "JWT")["sub"].as_str().unwrap().to_owned();
    world.clock.advance(Duration::from_millis(1));
    stop_now(&world, NotBefore::Subject(&subject)).await;
    world.clock.advance(Duration::from_millis(1));
    let after = tokens(&world, &again(&world, session.account).await).await;
    assert!(!access_holds(&world, &before).await, "issued before it, in the same second");
    assert!(access_holds(&world, &after).await, "{}", after.body);
    assert_eq!(issued_at(&world, &before), world.now().as_seconds());
    assert_eq!(issued_at(&world, &after), world.now().as_seconds() + 1, "services tell them apart");
    let form =
        fields([("grant_type", "refresh_token"), ("refresh_token", &after.text("refresh_token"))]);
    let refreshed = world.token("portal", form).await;
    assert!(access_holds(&world, &refreshed).await, "{}", refreshed.body);
    assert_eq!(issued_at(&world, &refreshed), world.now().as_seconds() + 1);
}

async fn a_second_stop_of_one_second_reaches_what_came_after_the_first(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let first = tokens(&world, &session).await;
    let subject = world.claims(&first.text("id_token"), "JWT")["sub"].as_str().unwrap().to_owned();
    stop_now(&world, NotBefore::Subject(&subject)).await;
    world.clock.advance(Duration::from_millis(1));
    let between = tokens(&world, &again(&world, session.account).await).await;
    assert!(access_holds(&world, &between).await);
    world.clock.advance(Duration::from_millis(1));
    stop_now(&world, NotBefore::Subject(&subject)).await;
    assert!(!access_holds(&world, &between).await);
    world.clock.advance(Duration::from_secs(2));
    assert!(!access_holds(&world, &between).await, "for good");
    let after = tokens(&world, &again(&world, session.account).await).await;
    assert!(access_holds(&world, &after).await);
}

async fn who_logs_out_everywhere_can_log_in_at_once(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let before = tokens(&world, &session).await;
    let code = world.code([], &session).await;
    let key = IdempotencyKey { caller: "test", request_id: "1", digest: [1; 32] };
    by_owner(&world.state, session.account, &key).await.unwrap();
    let late = world.token("portal", redemption(&code)).await;
    assert_eq!(late.error(), "invalid_grant", "a code of before");
    world.clock.advance(Duration::from_millis(1));
    let after = tokens(&world, &again(&world, session.account).await).await;
    assert!(access_holds(&world, &after).await && !access_holds(&world, &before).await);
}
