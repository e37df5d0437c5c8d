//! Clients that register themselves.

use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use siegel_crypto::KeySet;
use siegel_db::Db;
use siegel_identity::app::approve_clients::{self, Approval, digest};
use siegel_identity::app::initial_access::{self, Wanted};
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::domain::client::{Environment, Sponsor};
use siegel_identity::registration_config::RegistrationConfig;
use siegel_identity::store::{clients, initial_tokens};
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::publisher::Publisher;
use crate::world::{Answer, World, encoded, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    without_the_setting_there_is_no_registration,
    a_client_registers_and_logs_people_in,
    nobody_registers_without_a_token_and_a_token_registers_as_often_as_it_says,
    an_operator_ends_a_token_and_its_clients_stay,
    the_token_of_the_settings_registers_any_number,
    a_client_manages_itself_alone_with_a_token_that_changes,
    a_registration_that_is_not_acceptable_is_refused_by_name,
    what_a_registration_points_to_is_checked,
    a_client_that_waits_for_approval_can_do_nothing,
}

pub const BACK: &str = "https://neu.example/cb";

pub async fn open(db: Db, settings: RegistrationConfig) -> World {
    World::new(db).await.with_settings(|config| config.registration = Some(settings))
}

/// An initial access token with so many uses, for a day.
pub async fn initial(world: &World, uses: u32) -> String {
    initial_access::create(&world.state, &wanted(uses, 1), &ada()).await.unwrap().1
}

pub fn wanted(uses: u32, days: u32) -> Wanted<'static> {
    Wanted { tenant: "musterstadt", environment: Environment::Production, uses, days }
}

pub fn ada() -> Operator {
    Operator::new("ada").unwrap()
}

pub async fn send(world: &World, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"));
    world.send(request.body(Body::from(body.to_string())).unwrap()).await
}

pub async fn registers(world: &World, token: &str, body: Value) -> Answer {
    send(world, "POST", "/register", token, &body).await
}

pub fn metadata() -> Value {
    json!({"redirect_uris": [BACK], "client_name": "Neu", "scope": "openid email postbox.read"})
}

pub fn with(changes: &Value) -> Value {
    let mut all = metadata();
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

async fn without_the_setting_there_is_no_registration(db: Db) {
    let world = World::new(db).await;
    let token = initial(&world, 1).await;
    assert_eq!(registers(&world, &token, metadata()).await.status, StatusCode::NOT_FOUND);
    let discovery = world.get("/.well-known/openid-configuration").await.json();
    assert_eq!(discovery.get("registration_endpoint"), None);
}

async fn a_client_registers_and_logs_people_in(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let discovery = world.get("/.well-known/openid-configuration").await;
    assert_eq!(discovery.text("registration_endpoint"), "http://localhost:8080/register");
    let token = initial(&world, 1).await;
    let made = registers(&world, &token, metadata()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(made.text("scope"), "openid email", "services are not opened to it");
    assert_eq!(made.json()["client_secret_expires_at"], 0);
    let (id, secret) = (made.text("client_id"), made.text("client_secret"));

    let session = world.session(TrustLevel::Basic).await;
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let now = world.now();
    let proof = siegel_identity::domain::ageing::Proof::new(session.level, "pwd", now);
    siegel_identity::store::sessions::prove(&mut tx, session.id, &id, &proof).await.unwrap();
    siegel_identity::store::sessions::enter(&mut tx, session.id, &id, now).await.unwrap();
    tx.commit().await.unwrap();
    let asked = request([("client_id", &id), ("redirect_uri", BACK), ("scope", "openid")]);
    let code = world.granted(&asked, &session).await.get("code").unwrap().clone();
    let mut form = redemption(&code);
    form.insert("redirect_uri".into(), BACK.into());
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let basic = format!("Basic {pair}");
    let answer = world.post("/token", &encoded(&form), &[("authorization", &basic)]).await;
    assert_eq!(answer.error(), "", "{}", answer.body);
    assert!(!answer.text("id_token").is_empty());
}

async fn nobody_registers_without_a_token_and_a_token_registers_as_often_as_it_says(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let none = Request::post("/register").header("content-type", "application/json");
    let none = world.send(none.body(Body::from(metadata().to_string())).unwrap()).await;
    assert_eq!((none.status, none.error().as_str()), (StatusCode::UNAUTHORIZED, "invalid_token"));
    assert!(none.header("www-authenticate").starts_with("Bearer"));
    let made_up = registers(&world, "made up", metadata()).await;
    assert_eq!(made_up.status, StatusCode::UNAUTHORIZED);
    let token = initial(&world, 2).await;
    let wrong = registers(&world, &token, with(&json!({"redirect_uris": []}))).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "a mistake costs no use");
    let replica = world.replica().with_settings(|_| {});
    for world in [&world, &replica] {
        assert_eq!(registers(world, &token, metadata()).await.status, StatusCode::CREATED);
    }
    assert_eq!(registers(&world, &token, metadata()).await.status, StatusCode::UNAUTHORIZED);
    let late = initial(&world, 1).await;
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(registers(&world, &late, metadata()).await.status, StatusCode::UNAUTHORIZED);
    let refused = ("identity.registration.refused".to_owned(), "invalid_token".to_owned());
    assert!(world.audited().await.contains(&refused));
}

async fn an_operator_ends_a_token_and_its_clients_stay(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let made = initial_access::create(&world.state, &wanted(3, 1), &ada()).await.unwrap();
    let first = registers(&world, &made.1, metadata()).await;
    let mut tx = world.state.outside.db.read().await.unwrap();
    let client = clients::find(&mut tx, &first.text("client_id")).await.unwrap().unwrap();
    assert_eq!(client.tenant, "musterstadt");
    assert_eq!(client.sponsor, Some(Sponsor { name: "ada".to_owned(), key: None }));
    assert!(!first.body.contains("sponsor"), "{}", first.body);
    let listed = initial_tokens::all(&mut tx).await.unwrap();
    assert_eq!((listed[0].uses_left, listed[0].created_by.as_str()), (2, "ada"));
    drop(tx);
    assert!(initial_access::revoke(&world.state, made.0.id, &ada()).await.unwrap());
    assert!(!initial_access::revoke(&world.state, made.0.id, &ada()).await.unwrap());
    let late = registers(&world, &made.1, metadata()).await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert_eq!(asks(&world, &client.client_id).await, StatusCode::SEE_OTHER);
    let kinds: Vec<_> = world.audited().await.into_iter().map(|(kind, _)| kind).collect();
    for kind in ["created", "revoked"] {
        assert!(kinds.contains(&format!("identity.registration_token.{kind}")), "{kind}");
    }
    for (uses, days) in [(0, 1), (1, 0), (10_001, 1), (1, 367)] {
        let made = initial_access::create(&world.state, &wanted(uses, days), &ada()).await;
        assert!(made.is_err(), "{uses} {days}");
    }
}

async fn the_token_of_the_settings_registers_any_number(db: Db) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "of-the-settings\n").unwrap();
    let settings =
        RegistrationConfig { initial_access_token_file: Some(file.clone()), approval: false };
    let world = open(db, settings).await;
    for _ in 0..3 {
        let made = registers(&world, "of-the-settings", metadata()).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    assert_eq!(registers(&world, "", metadata()).await.status, StatusCode::UNAUTHORIZED);
    std::fs::write(&file, "\n").unwrap();
    assert_eq!(registers(&world, "", metadata()).await.status, StatusCode::UNAUTHORIZED);
}

async fn a_client_manages_itself_alone_with_a_token_that_changes(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let initial = initial(&world, 2).await;
    let first = registers(&world, &initial, metadata()).await;
    let second = registers(&world, &initial, metadata()).await;
    let path = format!("/register/{}", first.text("client_id"));
    assert_eq!(first.text("registration_client_uri"), format!("http://localhost:8080{path}"));
    let token = first.text("registration_access_token");
    for foreign in [second.text("registration_access_token"), initial, "x".into()] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = send(&world, method, &path, &foreign, &metadata()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method}");
        }
    }
    let shown = send(&world, "GET", &path, &token, &json!({})).await;
    assert_eq!(
        (shown.text("client_name").as_str(), shown.text("client_secret")),
        ("Neu", String::new())
    );

    let id = first.text("client_id");
    let unnamed = send(&world, "PUT", &path, &token, &with(&json!({"client_name": "B"}))).await;
    assert_eq!(unnamed.error(), "invalid_client_metadata", "client_id is missing");
    let chosen = with(&json!({"client_id": id, "client_secret": "my own"}));
    let chosen = send(&world, "PUT", &path, &token, &chosen).await;
    assert_eq!(chosen.error(), "invalid_client_metadata", "nobody chooses the secret");
    let secret = first.text("client_secret");
    let change = with(&json!({"client_id": id, "client_name": "B", "client_secret": secret}));
    let changed = send(&world, "PUT", &path, &token, &change).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(changed.text("client_name"), "B");
    let next = changed.text("registration_access_token");
    assert_ne!(next, token);
    let old = send(&world, "GET", &path, &token, &json!({})).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED, "the old token is dead");

    let gone = send(&world, "DELETE", &path, &next, &json!({})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let after = send(&world, "GET", &path, &next, &json!({})).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
    let asked = request([("client_id", &id), ("redirect_uri", BACK)]);
    let asked = world.get(&format!("/authorize?{}", encoded(&asked))).await;
    assert_eq!(asked.status, StatusCode::BAD_REQUEST);
}

async fn a_registration_that_is_not_acceptable_is_refused_by_name(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let token = initial(&world, 1).await;
    let keys = KeySet::new([world.client_key.public_jwk().clone()]).to_json();
    let keys: Value = serde_json::from_str(&keys).unwrap();
    for (changes, error, word) in [
        (json!({"redirect_uris": ["https://neu.example/cb#x"]}), "invalid_redirect_uri", ""),
        (json!({"redirect_uris": ["http://neu.example/cb"]}), "invalid_redirect_uri", ""),
        (json!({"redirect_uris": ["https://neu.example*"]}), "invalid_redirect_uri", ""),
        (json!({"redirect_uris": ["http://localhost/cb"]}), "invalid_redirect_uri", ""),
        (json!({"jwks": keys, "jwks_uri": "https://a.example/k"}), "", "jwks_uri"),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), "", "jwks"),
        (json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {}}), "", "jwks"),
        (json!({"token_endpoint_auth_method": "client_secret_jwt"}), "", "supported"),
        (json!({"id_token_signed_response_alg": "none"}), "", "supported"),
        (json!({"grant_types": ["client_credentials"]}), "", "grant_types"),
        (json!({"response_types": ["token"]}), "", "response_types"),
    ] {
        let answer = registers(&world, &token, with(&changes)).await;
        let error = if error.is_empty() { "invalid_client_metadata" } else { error };
        assert_eq!((answer.status, answer.error().as_str()), (StatusCode::BAD_REQUEST, error));
        assert!(answer.text("error_description").contains(word), "{changes}: {}", answer.body);
    }
    let form = [("authorization", &*format!("Bearer {token}"))];
    let form = world.post("/register", "redirect_uris=x", &form).await;
    assert_eq!(form.error(), "invalid_client_metadata");
    let good = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys});
    let good = registers(&world, &token, with(&good)).await;
    assert_eq!((good.status, good.text("client_secret")), (StatusCode::CREATED, String::new()));
}

async fn what_a_registration_points_to_is_checked(db: Db) {
    let publisher = Publisher::start().await;
    let world = open(db, RegistrationConfig::default()).await.with_egress(publisher.egress.clone());
    let token = initial(&world, 1).await;
    for (member, uri) in [
        ("backchannel_logout_uri", "https://127.0.0.1:9/out"),
        ("sector_identifier_uri", "https://169.254.169.254/x"),
        ("jwks_uri", "https://[::ffff:10.0.0.1]/x"),
    ] {
        let answer = registers(&world, &token, with(&json!({member: uri}))).await;
        assert_eq!(answer.error(), "invalid_client_metadata", "{member}");
    }
    let uri = publisher.put("/uris", json!(["https://other.example/cb"]).to_string());
    let sector = || with(&json!({"sector_identifier_uri": uri}));
    assert_eq!(registers(&world, &token, sector()).await.error(), "invalid_client_metadata");
    publisher.put("/uris", json!(["https://other.example/cb", BACK]).to_string());
    assert_eq!(registers(&world, &token, sector()).await.status, StatusCode::CREATED);
    let asked = publisher.asked();
    let without = registers(&world, "made up", sector()).await;
    assert_eq!(without.status, StatusCode::UNAUTHORIZED);
    assert_eq!(publisher.asked(), asked, "nobody makes us call without a token");
}

/// Digest of what waits about a client.
pub async fn waiting(world: &World, id: &str) -> Option<String> {
    let mut tx = world.state.outside.db.read().await.unwrap();
    let all = approve_clients::waiting(&mut tx).await.unwrap();
    all.iter().find(|p| p.client_id == id).map(|p| digest(p.client.as_ref()))
}

pub async fn approve(world: &World, id: &str) {
    let seen = waiting(world, id).await;
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let by = Operator::new("bob").unwrap();
    let approval = Approval { client_id: id, seen: seen.as_deref(), by: &by };
    approve_clients::approve(&world.state, &mut tx, approval, world.now()).await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn asks(world: &World, id: &str) -> StatusCode {
    let asked = request([("client_id", id), ("redirect_uri", BACK)]);
    world.get(&format!("/authorize?{}", encoded(&asked))).await.status
}

pub const APPROVAL: RegistrationConfig =
    RegistrationConfig { initial_access_token_file: None, approval: true };

async fn a_client_that_waits_for_approval_can_do_nothing(db: Db) {
    let world = open(db, APPROVAL).await;
    let token = initial(&world, 1).await;
    let secret = json!({"token_endpoint_auth_method": "client_secret_basic"});
    let made = registers(&world, &token, with(&secret)).await;
    let id = made.text("client_id");
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST);
    let pair = format!("{id}:{}", made.text("client_secret"));
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let form = encoded(&redemption("x"));
    let answer = world.post("/token", &form, &[("authorization", &basic)]).await;
    assert_eq!(answer.error(), "unauthorized_client");
    approve(&world, &id).await;
    assert_eq!(asks(&world, &id).await, StatusCode::SEE_OTHER);
    let answer = world.post("/token", &form, &[("authorization", &basic)]).await;
    assert_eq!(answer.error(), "invalid_grant");
}
