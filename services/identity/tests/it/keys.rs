//! Signing keys: rotation, two algorithms, what discovery says of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::Value;
use siegel_db::Db;
use siegel_identity::config::SigningKeyConfig;
use siegel_identity::domain::client::SigningAlg;
use siegel_identity::{Config, keys_admin};
use siegel_kernel::{Clock as _, Timestamp, TrustLevel};
use siegel_testkit::{TestClock, on_each_backend};

use crate::world::{ORIGIN, World, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_key_is_published_before_its_first_use_and_kept_until_its_tokens_died,
    nothing_holds_that_a_retired_key_signs,
    replicas_agree_on_the_key_without_asking_each_other,
    a_client_gets_the_algorithm_it_is_registered_for,
    without_an_rsa_key_nothing_speaks_of_rs256,
    a_signed_userinfo_answer_is_the_clients_and_no_token,
}

/// A key that takes over `hours` after the test begins.
fn next_key(dir: &Path, hours: u64) -> SigningKeyConfig {
    let file = dir.join(format!("after-{hours}.pem"));
    keys_admin::generate(&file).unwrap();
    let start = TestClock::default().now();
    let active_from = start.plus(Duration::from_hours(hours));
    SigningKeyConfig { file: Some(file), pkcs11: None, active_from }
}

async fn kids(world: &World) -> Vec<String> {
    let keys = world.get("/.well-known/jwks.json").await.json();
    let keys = keys["keys"].as_array().unwrap().clone();
    let es256 = keys.iter().filter(|key| key["alg"] == "ES256");
    es256.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn head(token: &str) -> Value {
    let head = siegel_crypto::b64::decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&head).unwrap()
}

async fn id_token(world: &World) -> String {
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.text("id_token")
}

async fn a_key_is_published_before_its_first_use_and_kept_until_its_tokens_died(db: Db) {
    let dir = tempfile::tempdir().unwrap();
    let keys = vec![next_key(dir.path(), 10), next_key(dir.path(), 20)];
    let world = World::with(db, |config| config.signing_keys = keys).await;
    let all = kids(&world).await;
    assert_eq!(all.len(), 3, "those to come are shown");
    let first = id_token(&world).await;
    assert_eq!(head(&first)["kid"], all[0].as_str());
    world.clock.advance(Duration::from_hours(10));
    assert_eq!(kids(&world).await, all, "the last one's tokens still live");
    assert_eq!(head(&id_token(&world).await)["kid"], all[1].as_str());
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(kids(&world).await, all[1..]);
    let hint = world.state.keys.published().verify::<Value>(&first, "JWT");
    assert!(hint.is_ok(), "an old ID token can still come back as a hint");
}

async fn nothing_holds_that_a_retired_key_signs(db: Db) {
    let dir = tempfile::tempdir().unwrap();
    let keys = vec![next_key(dir.path(), 10), next_key(dir.path(), 20)];
    let stolen = siegel_crypto::load_signing_key(&dir.path().join("after-10.pem"), false).unwrap();
    let world = World::with(db, |config| config.signing_keys = keys).await;
    let userinfo = async || {
        let session = world.session(TrustLevel::Basic).await;
        let code = world.code([], &session).await;
        let token = world.token("portal", redemption(&code)).await.text("access_token");
        let forged = stolen.sign("at+jwt", &world.claims(&token, "at+jwt")).unwrap();
        let request = Request::get("/userinfo").header("authorization", format!("Bearer {forged}"));
        world.send(request.body(Body::empty()).unwrap()).await.status
    };
    world.clock.advance(Duration::from_hours(20));
    assert_eq!(userinfo().await, StatusCode::OK, "its last tokens may still live");
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(userinfo().await, StatusCode::UNAUTHORIZED);
}

async fn replicas_agree_on_the_key_without_asking_each_other(db: Db) {
    let dir = tempfile::tempdir().unwrap();
    let keys = vec![next_key(dir.path(), 10)];
    let world = World::with(db, |config| config.signing_keys = keys).await;
    let replica = world.replica();
    for _ in 0..2 {
        let (here, there) = (id_token(&world).await, id_token(&replica).await);
        assert_eq!(head(&here)["kid"], head(&there)["kid"]);
        world.clock.advance(Duration::from_hours(10));
    }
}

async fn a_client_gets_the_algorithm_it_is_registered_for(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    world.change("portal", |client| client.id_token_alg = SigningAlg::RS256).await;
    let code = world.code([("scope", "openid")], &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(head(&answer.text("id_token"))["alg"], "RS256", "{}", answer.body);
    assert_eq!(head(&answer.text("access_token"))["alg"], "ES256", "always");
    world.claims(&answer.text("id_token"), "JWT");
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    let both = serde_json::json!(["ES256", "RS256"]);
    assert_eq!(metadata["id_token_signing_alg_values_supported"], both);
    assert_eq!(metadata["userinfo_signing_alg_values_supported"], both);
}

async fn without_an_rsa_key_nothing_speaks_of_rs256(db: Db) {
    let world = World::with(db, |config| config.rs256_key_file = None).await;
    assert!(!world.state.keys.supports(SigningAlg::RS256));
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    let only = serde_json::json!(["ES256"]);
    assert_eq!(metadata["id_token_signing_alg_values_supported"], only);
    assert_eq!(
        world.get("/.well-known/jwks.json").await.json()["keys"].as_array().unwrap().len(),
        1
    );
}

async fn a_signed_userinfo_answer_is_the_clients_and_no_token(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let token = world.token("portal", redemption(&code)).await.text("access_token");
    let ask = async || {
        let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
        world.send(request.body(Body::empty()).unwrap()).await
    };
    assert!(ask().await.json()["sub"].is_string());
    for alg in [SigningAlg::ES256, SigningAlg::RS256] {
        world.change("portal", |client| client.userinfo_alg = Some(alg)).await;
        let answer = ask().await;
        assert_eq!(answer.header("content-type"), "application/jwt");
        assert_eq!(head(&answer.body)["alg"], alg.as_str());
        let keys = world.state.keys.published();
        let claims: Value = keys.verify_untyped(&answer.body).unwrap();
        assert_eq!((&claims["iss"], &claims["aud"]), (&ORIGIN.into(), &"portal".into()));
        assert_eq!(claims["email"], "erika@example.org");
        assert!(keys.verify::<Value>(&answer.body, "JWT").is_err(), "no ID token");
    }
}

#[test]
fn an_instant_of_a_key_is_written_with_its_zone() {
    let config = |from: &str| {
        toml::from_str::<SigningKeyConfig>(&format!("file = \"k.pem\"\nactive_from = \"{from}\""))
    };
    let read = config("2026-12-01T00:00:00Z").unwrap();
    assert_eq!(read.active_from, Timestamp::parse_rfc3339("2026-12-01T00:00:00Z").unwrap());
    let error = config("2026-12-01").unwrap_err().to_string();
    assert!(error.contains("2026-12-01T00:00:00Z"), "{error}");
}

#[test]
fn a_key_is_in_a_file_or_in_a_token_and_a_token_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    keys_admin::generate(&dir.path().join("first.pem")).unwrap();
    std::fs::write(dir.path().join("pin"), "1234").unwrap();
    let failed = |more: &str| {
        let dir = dir.path().display();
        let text = format!(
            r#"
            token_signing_key_file = "{dir}/first.pem"
            key_encryption_key_file = "unused"
            pairwise_key_file = "unused"
            nonce_key_file = "unused"
            [[signing_keys]]
            active_from = "2026-12-01T00:00:00Z"
            {more}
            "#
        );
        let config: Config = toml::from_str(&text).unwrap();
        let error = keys_admin::list(&config, TestClock::default().now()).unwrap_err();
        assert_eq!(error.setting, "identity.signing_keys");
        error.source.to_string()
    };
    assert!(failed("").contains("either file or pkcs11"));
    let token = format!(
        r#"pkcs11 = {{ module = "/no/such.so", token = "t", key = "k", pin_file = "{}/pin" }}"#,
        dir.path().display()
    );
    assert!(failed(&token).contains("PKCS#11"), "{}", failed(&token));
}

#[test]
fn the_list_of_keys_says_what_each_is_at_the_moment() {
    let dir = tempfile::tempdir().unwrap();
    keys_admin::generate(&dir.path().join("first.pem")).unwrap();
    let next = next_key(dir.path(), 10);
    let text = format!(
        r#"
        token_signing_key_file = "{first}"
        rs256_key_file = "{rsa}"
        key_encryption_key_file = "unused"
        pairwise_key_file = "unused"
        nonce_key_file = "unused"
        [[signing_keys]]
        file = "{file}"
        active_from = "{from}"
        "#,
        first = dir.path().join("first.pem").display(),
        rsa = crate::world::RSA_KEY,
        file = next.file.as_ref().unwrap().display(),
        from = next.active_from,
    );
    let config: Config = toml::from_str(&text).unwrap();
    let states = |now| {
        let list = keys_admin::list(&config, now).unwrap();
        list.iter().map(|key| (key.alg, key.state.as_str())).collect::<Vec<_>>()
    };
    let rsa = ("RS256", "active");
    assert_eq!(states(TestClock::default().now()), [("ES256", "active"), ("ES256", "next"), rsa]);
    let then = next.active_from;
    assert_eq!(states(then), [("ES256", "kept"), ("ES256", "active"), rsa]);
    let missing = Config { token_signing_key_file: PathBuf::from("no/such/file"), ..config };
    assert!(keys_admin::list(&missing, then).is_err(), "listing makes no key");
}
