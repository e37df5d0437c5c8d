//! The token endpoint: client authentication and proof of possession.

use http::StatusCode;
use siegel_crypto::SigningKey;
use siegel_db::Db;
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_oidc::assertion;
use siegel_oidc::dpop::{self, Expected};
use siegel_testkit::on_each_backend;
use std::time::Duration;

use crate::world::{ORIGIN, World, encoded, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_client_assertion_counts_once_across_replicas_and_only_for_us,
    a_client_that_does_not_prove_itself_gets_nothing,
    a_dpop_proof_needs_a_nonce_and_counts_once_across_replicas,
    a_dpop_proof_for_another_request_key_or_time_is_refused,
    tokens_for_letters_are_bound_to_a_key,
    an_attack_leaves_a_line_in_the_audit_trail_and_a_nonce_round_none,
}

async fn a_client_assertion_counts_once_across_replicas_and_only_for_us(db: Db) {
    let world = World::new(db).await;
    let mut form = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    form.extend(world.assertion("portal"));
    let first = world.post("/token", &encoded(&form), &[]).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let replayed = world.replica().post("/token", &encoded(&form), &[]).await;
    assert_eq!(replayed.error(), "invalid_client", "on another replica");

    let with = |client: &str, audience: &str, key: &SigningKey| {
        let text = assertion::make(key, client, audience, world.fresh(), world.now()).unwrap();
        let mut form = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
        form.insert("client_assertion_type".into(), assertion::TYPE.into());
        form.insert("client_assertion".into(), text);
        encoded(&form)
    };
    let endpoint = format!("{ORIGIN}/token");
    let other = SigningKey::generate().unwrap();
    for (form, word) in [
        (with("portal", "https://evil.example", &world.client_key), "invalid_client"),
        (with("portal", ORIGIN, &other), "invalid_client"),
        (with("nobody", ORIGIN, &world.client_key), "invalid_client"),
        (with("bank", &endpoint, &world.client_key), "invalid_client"),
        (with("portal", ORIGIN, &world.client_key), ""),
    ] {
        assert_eq!(world.post("/token", &form, &[]).await.error(), word);
    }
    let old = with("portal", ORIGIN, &world.client_key);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(world.post("/token", &old, &[]).await.error(), "invalid_client");
}

async fn a_client_that_does_not_prove_itself_gets_nothing(db: Db) {
    let world = World::new(db).await;
    let form = "grant_type=client_credentials&client_id=portal";
    let bare = world.post("/token", form, &[]).await;
    assert_eq!((bare.status, bare.error().as_str()), (StatusCode::BAD_REQUEST, "invalid_client"));
    let basic = [("authorization", "Basic cG9ydGFsOnNlY3JldA==")];
    let header = world.post("/token", "grant_type=client_credentials", &basic).await;
    assert_eq!(header.status, StatusCode::UNAUTHORIZED);
    assert!(header.header("www-authenticate").starts_with("Basic"));
    let mut both = world.assertion("portal");
    both.insert("grant_type".into(), "client_credentials".into());
    let both = world.post("/token", &encoded(&both), &basic).await;
    assert_eq!(both.error(), "invalid_request", "two methods at once");
    let secret = world.post("/token", &format!("{form}&client_secret=x"), &[]).await;
    assert_eq!(secret.error(), "invalid_client");
}

fn prove(world: &World, key: &SigningKey, url: &str, nonce: Option<&str>) -> String {
    let expected = Expected { method: "POST", url, access_token: None, jkt: None };
    dpop::prove(key, &expected, nonce, world.fresh(), world.clock.now()).unwrap()
}

async fn a_dpop_proof_needs_a_nonce_and_counts_once_across_replicas(db: Db) {
    let world = World::new(db).await;
    let url = format!("{ORIGIN}/token");
    let send = async |world: &World, proofs: &[&str]| {
        let mut form = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
        form.extend(world.assertion("portal"));
        let headers: Vec<_> = proofs.iter().map(|p| ("dpop", *p)).collect();
        world.post("/token", &encoded(&form), &headers).await
    };
    let bare = prove(&world, &world.dpop_key, &url, None);
    let asked = send(&world, &[&bare]).await;
    assert_eq!((asked.status, asked.error().as_str()), (StatusCode::BAD_REQUEST, "use_dpop_nonce"));
    let nonce = asked.header("dpop-nonce");
    let proof = prove(&world, &world.dpop_key, &url, Some(&nonce));
    let answer = send(&world, &[&proof]).await;
    assert_eq!(answer.text("token_type"), "DPoP", "{}", answer.body);
    let token = world.claims(&answer.text("access_token"), "at+jwt");
    assert_eq!(token["cnf"]["jkt"], world.dpop_key.kid());
    let replay = send(&world.replica(), &[&proof]).await;
    assert_eq!(replay.error(), "invalid_dpop_proof", "on another replica");

    world.clock.advance(Duration::from_mins(1));
    let late = prove(&world, &world.dpop_key, &url, Some(&nonce));
    assert_eq!(send(&world, &[&late]).await.status, StatusCode::OK, "a short overlap");
    world.clock.advance(Duration::from_mins(1));
    let stale = prove(&world, &world.dpop_key, &url, Some(&nonce));
    assert_eq!(send(&world, &[&stale]).await.error(), "use_dpop_nonce");
    let nonce = send(&world, &[&stale]).await.header("dpop-nonce");
    let (one, two) = (
        prove(&world, &world.dpop_key, &url, Some(&nonce)),
        prove(&world, &world.dpop_key, &url, Some(&nonce)),
    );
    assert_eq!(send(&world, &[&one, &two]).await.error(), "invalid_dpop_proof", "one header");
}

async fn a_dpop_proof_for_another_request_key_or_time_is_refused(db: Db) {
    let world = World::new(db).await;
    let nonce = siegel_identity::app::dpop::fresh_nonce(&world.state, world.now());
    let elsewhere = prove(&world, &world.dpop_key, "https://evil.example/token", Some(&nonce));
    let url = format!("{ORIGIN}/token");
    let old = prove(&world, &world.dpop_key, &url, Some(&nonce));
    let send = async |proof: &str| {
        let mut form = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
        form.extend(world.assertion("portal"));
        world.post("/token", &encoded(&form), &[("dpop", proof)]).await.error()
    };
    assert_eq!(send(&elsewhere).await, "invalid_dpop_proof");
    assert_eq!(send("no proof").await, "invalid_dpop_proof");
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(send(&old).await, "invalid_dpop_proof");
}

async fn tokens_for_letters_are_bound_to_a_key(db: Db) {
    let world = World::new(db).await;
    let form = || fields([("grant_type", "client_credentials"), ("scope", "postbox.deliver")]);
    assert_eq!(world.token("portal", form()).await.error(), "invalid_dpop_proof");
    let bound = world.bound_token("portal", form()).await;
    assert_eq!(bound.status, StatusCode::OK, "{}", bound.body);
    let token = world.claims(&bound.text("access_token"), "at+jwt");
    assert_eq!(token["aud"], "urn:siegel:postbox");
    assert_eq!(token["kind"], "client");
    assert_eq!(token["sub"], "portal");
    let plain = || fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    let fapi = world.token("bank", plain()).await;
    assert_eq!(fapi.error(), "invalid_dpop_proof", "fapi2 clients get no bearer tokens");
}

async fn an_attack_leaves_a_line_in_the_audit_trail_and_a_nonce_round_none(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let url = format!("{ORIGIN}/token");
    let bare = prove(&world, &world.dpop_key, &url, None);
    world.post("/token", "grant_type=client_credentials", &[("dpop", &bare)]).await;
    assert_eq!(world.audited().await, []);
    let code = world.code([], &session).await;
    let before = world.audited().await.len();
    world.token("other", redemption(&code)).await;
    world.authorize([("redirect_uri", "https://portal.example@evil.example/cb")]).await;
    let request = http::Request::get("/userinfo").header("authorization", "Bearer forged");
    world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    let left: Vec<_> = world.audited().await.split_off(before);
    let expected = [
        ("identity.token.refused", "invalid_grant"),
        ("identity.authorization.refused", "invalid_request"),
        ("identity.userinfo.refused", "invalid_token"),
    ];
    assert_eq!(left, expected.map(|(kind, outcome)| (kind.to_owned(), outcome.to_owned())));
}
