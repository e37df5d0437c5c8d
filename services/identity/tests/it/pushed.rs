//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::app::authorize::{CompleteError, complete};
use siegel_identity::store::interactions;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{World, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_pushed_request_is_answered_once_but_may_be_opened_again_before,
    a_handle_is_its_clients_alone_and_expires,
    whoever_pushes_must_authenticate_and_push_something_right,
    nothing_beside_the_handle_counts,
    a_client_that_must_push_is_not_served_otherwise,
    an_installation_may_demand_pushed_requests_of_every_client,
    a_proof_at_the_pushing_binds_the_code,
}

impl World {
    async fn push<const N: usize>(&self, changes: [(&str, &str); N]) -> crate::world::Answer {
        let mut form = request(changes);
        let client = form.get("client_id").unwrap().clone();
        form.extend(self.assertion(&client));
        self.post("/par", &encoded(&form), &[]).await
    }
}

async fn a_pushed_request_is_answered_once_but_may_be_opened_again_before(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let pushed = world.push([]).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    assert_eq!(pushed.json()["expires_in"], 300);
    assert_eq!(pushed.header("cache-control"), "no-store");
    let uri = pushed.text("request_uri");
    let query = encoded(&fields([("client_id", "portal"), ("request_uri", &uri)]));
    let mut opened = Vec::new();
    for _ in 0..2 {
        let answer = world.get(&format!("/authorize?{query}")).await;
        let id = answer.header("location").strip_prefix("/login/").unwrap().parse().unwrap();
        let mut tx = world.state.outside.db.read().await.unwrap();
        opened.push(interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap());
    }
    assert!(complete(&world.state, &opened[0], &session).await.is_ok());
    let second = complete(&world.state, &opened[1], &session).await;
    assert!(matches!(second, Err(CompleteError::AlreadyAnswered)));
    let late = world.get(&format!("/authorize?{query}")).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
}

async fn a_handle_is_its_clients_alone_and_expires(db: Db) {
    let world = World::new(db).await;
    let uri = world.push([]).await.text("request_uri");
    let other = encoded(&fields([("client_id", "other"), ("request_uri", &uri)]));
    assert_eq!(world.get(&format!("/authorize?{other}")).await.status, StatusCode::BAD_REQUEST);
    world.clock.advance(Duration::from_mins(5));
    let own = encoded(&fields([("client_id", "portal"), ("request_uri", &uri)]));
    assert_eq!(world.get(&format!("/authorize?{own}")).await.status, StatusCode::BAD_REQUEST);
}

async fn whoever_pushes_must_authenticate_and_push_something_right(db: Db) {
    let world = World::new(db).await;
    let bare = world.post("/par", &encoded(&request([])), &[]).await;
    assert_eq!(bare.error(), "invalid_client");
    let nested = world.push([("request_uri", "urn:ietf:params:oauth:request_uri:x")]).await;
    assert_eq!(nested.error(), "invalid_request");
    let elsewhere = world.push([("redirect_uri", "https://evil.example/cb")]).await;
    assert_eq!(elsewhere.error(), "invalid_request");
    assert_eq!(world.push([("code_challenge", "")]).await.error(), "invalid_request");
    assert_eq!(world.push([("resource", "urn:siegel:eid")]).await.error(), "invalid_target");
    let get = world.get("/par").await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
}

async fn nothing_beside_the_handle_counts(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let uri = world.push([("state", "pushed")]).await.text("request_uri");
    let request = fields([
        ("client_id", "portal"),
        ("request_uri", &uri),
        ("state", "outside"),
        ("redirect_uri", "https://evil.example/cb"),
    ]);
    let told = world.granted(&request, &session).await;
    assert_eq!(told["state"], "pushed");
}

async fn a_client_that_must_push_is_not_served_otherwise(db: Db) {
    let world = World::new(db).await;
    let told = world.authorize([("client_id", "bank")]).await.location();
    assert_eq!(told.get("error").unwrap(), "invalid_request");
    let uri = world.push([("client_id", "bank")]).await.text("request_uri");
    let query = encoded(&fields([("client_id", "bank"), ("request_uri", &uri)]));
    let answer = world.get(&format!("/authorize?{query}")).await;
    assert!(answer.header("location").starts_with("/login/"));
}

async fn an_installation_may_demand_pushed_requests_of_every_client(db: Db) {
    let world = World::with(db, |config| config.require_pushed = true).await;
    let told = world.authorize([]).await.location();
    assert_eq!(told.get("error").map(String::as_str), Some("invalid_request"));
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    let uri = world.push([]).await.text("request_uri");
    let query = encoded(&fields([("client_id", "portal"), ("request_uri", &uri)]));
    let answer = world.get(&format!("/authorize?{query}")).await;
    assert!(answer.header("location").starts_with("/login/"), "{}", answer.body);
}

async fn a_proof_at_the_pushing_binds_the_code(db: Db) {
    let mut world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let mut form = request([]);
    form.extend(world.assertion("portal"));
    let proof = world.proof("POST", "/par", None);
    let pushed = world.post("/par", &encoded(&form), &[("dpop", &proof)]).await;
    let uri = pushed.text("request_uri");
    let request = fields([("client_id", "portal"), ("request_uri", &uri)]);
    let code = world.granted(&request, &session).await["code"].clone();
    world.dpop_key = siegel_crypto::SigningKey::generate().unwrap();
    let stolen = world.bound_token("portal", redemption(&code)).await;
    assert_eq!(stolen.error(), "invalid_dpop_proof");
}
