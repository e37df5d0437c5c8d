//! Userinfo and revocation.

use axum::body::Body;
use http::{Method, Request, StatusCode};
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;
use std::time::Duration;

use crate::world::{Answer, World, encoded, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    userinfo_answers_get_and_post_with_the_subject_of_the_id_token,
    what_is_no_good_token_for_userinfo_is_challenged,
    a_bound_token_is_no_bearer_token_and_needs_a_proof_of_its_own,
    userinfo_discloses_once_however_often_it_is_asked,
    a_withdrawn_consent_leaves_the_subject,
    claims_asked_for_in_one_place_are_not_given_in_the_other,
    a_token_of_less_scope_opens_less,
    revoking_a_refresh_token_kills_its_access_tokens,
    unknown_and_foreign_tokens_are_revoked_without_effect,
}

async fn userinfo(world: &World, method: Method, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri("/userinfo");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn token(world: &World) -> Answer {
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    world.token("portal", redemption(&code)).await
}

async fn userinfo_answers_get_and_post_with_the_subject_of_the_id_token(db: Db) {
    let world = World::new(db).await;
    let token = token(&world).await;
    let bearer = format!("Bearer {}", token.text("access_token"));
    for method in [Method::GET, Method::POST] {
        let answer = userinfo(&world, method, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let id_token = world.claims(&token.text("id_token"), "JWT");
        assert_eq!(answer.json()["sub"], id_token["sub"]);
        assert_eq!(answer.json()["email"], "erika@example.org");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

async fn what_is_no_good_token_for_userinfo_is_challenged(db: Db) {
    let world = World::new(db).await;
    let good = token(&world).await.text("access_token");
    let none = userinfo(&world, Method::GET, &[]).await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    assert_eq!(none.header("www-authenticate"), "Bearer", "no error is named");
    let query = world.get(&format!("/userinfo?access_token={good}")).await;
    assert_eq!(query.status, StatusCode::UNAUTHORIZED, "never from an address");
    let form = world.post("/userinfo", &format!("access_token={good}"), &[]).await;
    assert_eq!(form.status, StatusCode::UNAUTHORIZED);
    let bad = async |text: &str| {
        let value = format!("Bearer {text}");
        let answer = userinfo(&world, Method::GET, &[("authorization", &value)]).await;
        (answer.status, answer.header("www-authenticate").contains("invalid_token"))
    };
    let refused = (StatusCode::UNAUTHORIZED, true);
    assert_eq!(bad("nonsense").await, refused);
    assert_eq!(bad(&format!("{good}x")).await, refused);
    let id_token = token(&world).await.text("id_token");
    assert_eq!(bad(&id_token).await, refused, "an ID token is no access token");
    let form = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    let client = world.token("portal", form).await.text("access_token");
    assert_eq!(bad(&client).await, refused, "for another audience");
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(bad(&good).await, refused, "expired");
}

async fn a_bound_token_is_no_bearer_token_and_needs_a_proof_of_its_own(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let token = world.bound_token("portal", redemption(&code)).await.text("access_token");
    let (bearer, dpop) = (format!("Bearer {token}"), format!("DPoP {token}"));
    let ask = async |authorization: &str, proof: &str| {
        let headers = [("authorization", authorization), ("dpop", proof)];
        userinfo(&world, Method::GET, &headers).await
    };
    let proof = world.proof("GET", "/userinfo", Some(&token));
    assert_eq!(ask(&bearer, &proof).await.status, StatusCode::UNAUTHORIZED);
    let good = ask(&dpop, &proof).await;
    assert_eq!(good.status, StatusCode::OK, "{good:?}");
    assert_eq!(ask(&dpop, &proof).await.status, StatusCode::UNAUTHORIZED, "a replay");
    let without_hash = world.proof("GET", "/userinfo", None);
    assert_eq!(ask(&dpop, &without_hash).await.status, StatusCode::UNAUTHORIZED);
    world.clock.advance(Duration::from_secs(30));
    let expected = siegel_oidc::dpop::Expected {
        method: "GET",
        url: "http://localhost:8080/userinfo",
        access_token: Some(&token),
        jkt: None,
    };
    let (jti, now) = (world.fresh(), world.now());
    let bare = siegel_oidc::dpop::prove(&world.dpop_key, &expected, None, jti, now).unwrap();
    let asked = ask(&dpop, &bare).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(asked.header("www-authenticate").contains("use_dpop_nonce"));
    assert_ne!(asked.header("dpop-nonce"), "");
}

async fn userinfo_discloses_once_however_often_it_is_asked(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let claims = r#"{"id_token": {"given_name": null}}"#;
    let code = world.code([("claims", claims)], &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    let bearer = format!("Bearer {}", answer.text("access_token"));
    for _ in 0..3 {
        userinfo(&world, Method::GET, &[("authorization", &bearer)]).await;
    }
    let released = world.account.released.lock().unwrap();
    let mut ids: Vec<_> = released.iter().map(|r| r.request_id.clone()).collect();
    assert_eq!(ids.len(), 4);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2, "one for the ID token, one for userinfo: {ids:?}");
}

async fn a_withdrawn_consent_leaves_the_subject(db: Db) {
    let world = World::new(db).await;
    let bearer = format!("Bearer {}", token(&world).await.text("access_token"));
    *world.account.withdrawn.lock().unwrap() = true;
    let answer = userinfo(&world, Method::GET, &[("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.json().get("email").is_none() && answer.json().get("sub").is_some());
}

async fn claims_asked_for_in_one_place_are_not_given_in_the_other(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let claims =
        r#"{"id_token":{"given_name":null},"userinfo":{"family_name":{"essential":true}}}"#;
    let code = world.code([("scope", "openid"), ("claims", claims)], &session).await;
    let token = world.token("portal", redemption(&code)).await;
    let id_token = world.claims(&token.text("id_token"), "JWT");
    assert_eq!(id_token["given_name"], "Erika");
    assert!(id_token.get("family_name").is_none());
    let bearer = format!("Bearer {}", token.text("access_token"));
    let answer = userinfo(&world, Method::GET, &[("authorization", &bearer)]).await.json();
    assert_eq!(answer["family_name"], "Mustermann");
    assert!(answer.get("given_name").is_none());
}

async fn revoke(world: &World, client: &str, token: &str) -> StatusCode {
    let mut form = fields([("token", token)]);
    form.extend(world.assertion(client));
    world.post("/revoke", &encoded(&form), &[]).await.status
}

async fn a_token_of_less_scope_opens_less(db: Db) {
    let world = World::new(db).await;
    let first = token(&world).await;
    let refresh = first.text("refresh_token");
    let form =
        fields([("grant_type", "refresh_token"), ("refresh_token", &refresh), ("scope", "openid")]);
    let less = world.token("portal", form).await;
    for (token, opens) in [(&less, false), (&first, true)] {
        let bearer = format!("Bearer {}", token.text("access_token"));
        let answer = userinfo(&world, Method::GET, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.json().get("email").is_some(), opens, "{}", answer.body);
        assert_eq!(answer.json().get("attribute_levels").is_some(), opens, "{}", answer.body);
    }
}

async fn revoking_a_refresh_token_kills_its_access_tokens(db: Db) {
    let world = World::new(db).await;
    let token = token(&world).await;
    let bearer = format!("Bearer {}", token.text("access_token"));
    assert_eq!(revoke(&world, "portal", &token.text("refresh_token")).await, StatusCode::OK);
    let answer = userinfo(&world, Method::GET, &[("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

async fn unknown_and_foreign_tokens_are_revoked_without_effect(db: Db) {
    let world = World::new(db).await;
    let token = token(&world).await;
    let bearer = format!("Bearer {}", token.text("access_token"));
    assert_eq!(revoke(&world, "portal", "unheard of").await, StatusCode::OK);
    assert_eq!(revoke(&world, "other", &token.text("refresh_token")).await, StatusCode::OK);
    assert_eq!(revoke(&world, "other", &token.text("access_token")).await, StatusCode::OK);
    let answer = userinfo(&world, Method::GET, &[("authorization", &bearer)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    let bare = world.post("/revoke", "token=x", &[]).await;
    assert_eq!(bare.error(), "invalid_client");
}
