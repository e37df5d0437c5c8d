//! DPoP at every endpoint that takes proofs (RFC 9449).

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_oidc::dpop::{self, Expected};
use siegel_testkit::on_each_backend;

use crate::world::{Answer, ORIGIN, World, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    every_endpoint_that_takes_proofs_hands_out_a_nonce,
    a_proof_counts_once_at_userinfo_on_every_replica,
    an_old_nonce_is_good_for_a_short_while_at_userinfo,
    a_proof_is_for_one_method_and_address,
    two_proofs_are_none,
    a_bearer_token_is_not_made_to_look_bound,
}

async fn bound(world: &World) -> String {
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    world.bound_token("portal", redemption(&code)).await.text("access_token")
}

async fn userinfo(world: &World, token: &str, proofs: &[&str]) -> Answer {
    let mut request = Request::get("/userinfo").header("authorization", format!("DPoP {token}"));
    for proof in proofs {
        request = request.header("dpop", *proof);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

fn proof(world: &World, method: &str, url: &str, token: &str, nonce: Option<&str>) -> String {
    let expected = Expected { method, url, access_token: Some(token), jkt: None };
    dpop::prove(&world.dpop_key, &expected, nonce, world.fresh(), world.now()).unwrap()
}

async fn every_endpoint_that_takes_proofs_hands_out_a_nonce(db: Db) {
    let world = World::new(db).await;
    let mut form = request([]);
    form.extend(world.assertion("portal"));
    let pushed = world.post("/par", &encoded(&form), &[]).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.body);
    let token = world.token("portal", fields([("grant_type", "client_credentials")])).await;
    let access = bound(&world).await;
    let refused = userinfo(&world, &access, &[]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let good = userinfo(&world, &access, &[&world.proof("GET", "/userinfo", Some(&access))]).await;
    assert_eq!(good.status, StatusCode::OK, "{}", good.body);
    for answer in [pushed, token, refused, good] {
        assert_ne!(answer.header("dpop-nonce"), "", "{}", answer.body);
    }
}

async fn a_proof_counts_once_at_userinfo_on_every_replica(db: Db) {
    let world = World::new(db).await;
    let access = bound(&world).await;
    let proof = world.proof("GET", "/userinfo", Some(&access));
    assert_eq!(userinfo(&world, &access, &[&proof]).await.status, StatusCode::OK);
    let replayed = userinfo(&world.replica(), &access, &[&proof]).await;
    assert_eq!(replayed.status, StatusCode::UNAUTHORIZED);
    assert!(replayed.header("www-authenticate").contains("invalid_dpop_proof"));
}

async fn an_old_nonce_is_good_for_a_short_while_at_userinfo(db: Db) {
    let world = World::new(db).await;
    let access = bound(&world).await;
    let nonce = siegel_identity::app::dpop::fresh_nonce(&world.state, world.now());
    let url = format!("{ORIGIN}/userinfo");
    for (expected, wait) in
        [(StatusCode::OK, 60), (StatusCode::OK, 60), (StatusCode::UNAUTHORIZED, 0)]
    {
        let proof = proof(&world, "GET", &url, &access, Some(&nonce));
        assert_eq!(userinfo(&world, &access, &[&proof]).await.status, expected);
        world.clock.advance(Duration::from_secs(wait));
    }
}

async fn a_proof_is_for_one_method_and_address(db: Db) {
    let world = World::new(db).await;
    let access = bound(&world).await;
    let nonce = siegel_identity::app::dpop::fresh_nonce(&world.state, world.now());
    let here = format!("{ORIGIN}/userinfo");
    for (method, url, good) in [
        ("GET", format!("{here}?x=1#y"), true),
        ("GET", here.replace("http://localhost", "HTTP://LOCALHOST"), true),
        ("POST", here.clone(), false),
        ("get", here.clone(), false),
        ("GET", format!("{ORIGIN}/token"), false),
        ("GET", format!("{here}/"), false),
        ("GET", "https://evil.example/userinfo".to_owned(), false),
    ] {
        let proof = proof(&world, method, &url, &access, Some(&nonce));
        let status = userinfo(&world, &access, &[&proof]).await.status;
        assert_eq!(status == StatusCode::OK, good, "{method} {url}");
    }
}

async fn two_proofs_are_none(db: Db) {
    let world = World::new(db).await;
    let access = bound(&world).await;
    let one = world.proof("GET", "/userinfo", Some(&access));
    let two = world.proof("GET", "/userinfo", Some(&access));
    assert_eq!(userinfo(&world, &access, &[&one, &two]).await.status, StatusCode::UNAUTHORIZED);
}

async fn a_bearer_token_is_not_made_to_look_bound(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let bearer = world.token("portal", redemption(&code)).await.text("access_token");
    let proof = world.proof("GET", "/userinfo", Some(&bearer));
    assert_eq!(userinfo(&world, &bearer, &[&proof]).await.status, StatusCode::UNAUTHORIZED);
}
