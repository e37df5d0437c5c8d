//! The token endpoint: codes and what they are redeemed for.

use http::StatusCode;
use serde_json::Value;
use siegel_crypto::{SigningKey, b64, sha256};
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_oidc::AccessToken;
use siegel_testkit::on_each_backend;
use std::time::Duration;

use crate::world::{ORIGIN, VERIFIER, World, encoded, fields, redemption, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    an_id_token_tells_what_was_achieved_and_released,
    two_sectors_know_a_person_by_different_subjects,
    an_access_token_is_an_at_jwt_for_one_audience,
    without_openid_there_is_no_id_token,
    a_code_is_good_once_and_its_second_use_revokes_what_the_first_issued,
    a_code_is_bound_to_client_redirect_uri_verifier_and_key,
    a_code_dies_after_a_minute,
    of_many_redemptions_at_once_exactly_one_wins,
    a_sibling_that_is_down_does_not_cost_the_code,
    only_a_posted_form_is_answered_and_nobody_keeps_the_answer,
    a_client_for_itself_gets_api_scopes_only,
    a_client_is_held_to_its_grant_types,
}

async fn an_id_token_tells_what_was_achieved_and_released(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::High).await;
    let claims = r#"{"id_token": {"given_name": null, "email": null, "email_verified": null}}"#;
    let wish = [
        ("acr_values", "STORK-QAA-Level-3"),
        ("scope", "openid profile postbox"),
        ("claims", claims),
    ];
    let code = world.code(wish, &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let access = answer.text("access_token");
    let token = world.claims(&answer.text("id_token"), "JWT");
    let now = world.now().as_seconds();
    assert_eq!(token["iss"], ORIGIN);
    assert_eq!(token["aud"], "portal");
    assert_eq!(token["nonce"], "n-1");
    assert_eq!(token["iat"], now);
    assert_eq!(token["auth_time"], now);
    assert_eq!(token["acr"], "STORK-QAA-Level-3", "in the words of the request");
    assert_eq!(token["trust_level"], 4, "what was achieved");
    assert_eq!(token["at_hash"], b64::encode(&sha256(access.as_bytes())[..16]));
    assert_eq!(token["given_name"], "Erika");
    assert!(token.get("family_name").is_none(), "what a scope names comes from userinfo");
    assert_eq!(token["attribute_levels"]["given_name"]["level"], "high");
    assert_eq!(token["attribute_levels"]["given_name"]["source"], "eid");
    assert_eq!(token["email_verified"], true);
    assert_eq!(token["postbox_handle"], "hdl_musterstadt");
    assert_eq!(token["sub"].as_str().unwrap().len(), 43);
    assert!(!answer.body.contains(&session.account.to_string()));
    let kinds: Vec<_> = world.audited().await.into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"identity.code.issued".to_owned()));
    assert!(kinds.contains(&"identity.token.issued".to_owned()));
}

async fn two_sectors_know_a_person_by_different_subjects(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let mut seen = Vec::new();
    for client in ["portal", "other"] {
        let code = world.code([("client_id", client)], &session).await;
        let answer = world.token(client, redemption(&code)).await;
        seen.push(world.claims(&answer.text("id_token"), "JWT"));
    }
    let native =
        [("client_id", "app"), ("redirect_uri", "http://127.0.0.1:1/cb"), ("scope", "openid")];
    let code = world.code(native, &session).await;
    let mut form = redemption(&code);
    form.insert("client_id".into(), "app".into());
    form.insert("redirect_uri".into(), "http://127.0.0.1:1/cb".into());
    let answer = world.post("/token", &encoded(&form), &[]).await;
    let app = world.claims(&answer.text("id_token"), "JWT");
    assert_eq!(seen[0]["sub"], seen[1]["sub"], "one sector");
    assert_ne!(seen[0]["sub"], app["sub"], "another sector");
    assert_ne!(seen[0]["sid"], app["sid"]);
}

async fn an_access_token_is_an_at_jwt_for_one_audience(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Substantial).await;
    let request = request([("scope", "openid account.read postbox.read")]);
    let query =
        format!("{}&resource=urn:siegel:account&resource=urn:siegel:postbox", encoded(&request));
    let answer = world.get(&format!("/authorize?{query}")).await;
    let id = answer.header("location").strip_prefix("/login/").unwrap().to_owned();
    let code = world.finished(&id, &session).await["code"].clone();
    let mut form = redemption(&code);
    form.insert("resource".into(), "urn:siegel:eid".into());
    let refused = world.token("portal", form.clone()).await;
    assert_eq!(refused.error(), "invalid_target", "and the code lives on");
    form.insert("resource".into(), "urn:siegel:account".into());
    let answer = world.token("portal", form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let token: AccessToken =
        world.state.keys.published().verify(&answer.text("access_token"), "at+jwt").unwrap();
    assert_eq!(token.aud, "urn:siegel:account");
    assert_eq!(token.scope, "account.read", "no scope of another service");
    assert_eq!(token.client_id, "portal");
    assert_eq!(token.exp - token.iat, 300);
    assert_eq!(token.trust_level, Some(3));
    assert_eq!(token.acr.as_deref(), Some("substantial"));
    assert_eq!(token.tenant.as_deref(), Some("musterstadt"));
    assert!(!token.jti.is_empty() && token.cnf.is_none());
    assert_eq!(answer.text("token_type"), "Bearer");
    let as_id = world.state.keys.published().verify::<Value>(&answer.text("access_token"), "JWT");
    assert!(as_id.is_err(), "an access token is no ID token");
}

async fn without_openid_there_is_no_id_token(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("scope", "account.read unheard_of")], &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.text("id_token"), "");
    assert_eq!(answer.text("scope"), "account.read", "what was granted is said");
}

async fn a_code_is_good_once_and_its_second_use_revokes_what_the_first_issued(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let first = world.token("portal", redemption(&code)).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let bearer = format!("Bearer {}", first.text("access_token"));
    let userinfo = async || {
        let request = http::Request::get("/userinfo").header("authorization", &bearer);
        world.send(request.body(axum::body::Body::empty()).unwrap()).await.status
    };
    assert_eq!(userinfo().await, StatusCode::OK);
    let second = world.token("portal", redemption(&code)).await;
    assert_eq!(second.error(), "invalid_grant");
    assert_eq!(userinfo().await, StatusCode::UNAUTHORIZED);
    let refresh =
        fields([("grant_type", "refresh_token"), ("refresh_token", &first.text("refresh_token"))]);
    assert_eq!(world.token("portal", refresh).await.error(), "invalid_grant");
    let outcome = ("identity.token.issued".to_owned(), "CODE_USED_TWICE".to_owned());
    assert!(world.audited().await.contains(&outcome));
}

async fn a_code_is_bound_to_client_redirect_uri_verifier_and_key(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let stolen = world.token("other", redemption(&code)).await;
    assert_eq!(stolen.error(), "invalid_grant");
    let own = world.token("portal", redemption(&code)).await;
    assert_eq!(own.status, StatusCode::OK, "another client's attempt costs nothing");

    for (name, value) in [
        ("redirect_uri", "https://portal.example/other"),
        ("redirect_uri", ""),
        ("code_verifier", ""),
        ("code_verifier", "short"),
        ("code_verifier", &VERIFIER.replace('d', "e")),
    ] {
        let code = world.code([], &session).await;
        let mut form = redemption(&code);
        form.insert(name.into(), value.into());
        assert_eq!(world.token("portal", form).await.error(), "invalid_grant", "{name}={value}");
        let late = world.token("portal", redemption(&code)).await;
        assert_eq!(late.error(), "invalid_grant", "a wrong try uses the code up");
    }

    let other = SigningKey::generate().unwrap();
    let code = world.code([("dpop_jkt", other.kid())], &session).await;
    let refused = world.bound_token("portal", redemption(&code)).await;
    assert_eq!(refused.error(), "invalid_dpop_proof");
    let code = world.code([("dpop_jkt", world.dpop_key.kid())], &session).await;
    let bearer = world.token("portal", redemption(&code)).await;
    assert_eq!(bearer.error(), "invalid_dpop_proof");
    let code = world.code([("dpop_jkt", world.dpop_key.kid())], &session).await;
    let bound = world.bound_token("portal", redemption(&code)).await;
    assert_eq!(bound.text("token_type"), "DPoP", "{}", bound.body);
}

async fn a_code_dies_after_a_minute(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    world.clock.advance(Duration::from_mins(1));
    assert_eq!(world.token("portal", redemption(&code)).await.error(), "invalid_grant");
}

async fn of_many_redemptions_at_once_exactly_one_wins(db: Db) {
    let world = std::sync::Arc::new(World::new(db).await);
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let world = world.clone();
        let form = redemption(&code);
        tries.spawn(async move { world.token("portal", form).await.status });
    }
    let all = tries.join_all().await;
    assert_eq!(all.iter().filter(|s| **s == StatusCode::OK).count(), 1, "{all:?}");
    assert!(all.iter().all(|s| *s == StatusCode::OK || *s == StatusCode::BAD_REQUEST), "{all:?}");
}

async fn a_sibling_that_is_down_does_not_cost_the_code(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let claims = r#"{"id_token": {"given_name": null}}"#;
    let code = world.code([("claims", claims)], &session).await;
    *world.account.down.lock().unwrap() = true;
    let down = world.token("portal", redemption(&code)).await;
    assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(down.error(), "temporarily_unavailable");
    *world.account.down.lock().unwrap() = false;
    assert_eq!(world.token("portal", redemption(&code)).await.status, StatusCode::OK);
}

async fn only_a_posted_form_is_answered_and_nobody_keeps_the_answer(db: Db) {
    let world = World::new(db).await;
    let get = world.get("/token?grant_type=client_credentials").await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    let json = http::Request::post("/token").header("content-type", "application/json");
    let json = world.send(json.body(axum::body::Body::from("{}")).unwrap()).await;
    assert_eq!((json.status, json.error().as_str()), (StatusCode::BAD_REQUEST, "invalid_request"));
    assert_eq!(json.header("cache-control"), "no-store");
    let twice = world.post("/token", "grant_type=a&grant_type=b", &[]).await;
    assert_eq!(twice.error(), "invalid_request");
    let large = world.post("/token", &"a=b&".repeat(20_000), &[]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

async fn a_client_for_itself_gets_api_scopes_only(db: Db) {
    let world = World::new(db).await;
    let ask = async |scope: &str| {
        let form = fields([("grant_type", "client_credentials"), ("scope", scope)]);
        world.bound_token("portal", form).await
    };
    assert_eq!(ask("openid email").await.error(), "invalid_scope");
    assert_eq!(ask("organisation.write").await.error(), "invalid_scope", "not registered");
    assert_eq!(ask("openid account.read").await.text("scope"), "account.read");
    assert_eq!(ask("account.read postbox.read").await.error(), "invalid_target", "one audience");
}

async fn a_client_is_held_to_its_grant_types(db: Db) {
    let world = World::new(db).await;
    let form = "grant_type=client_credentials&client_id=app&scope=postbox.read";
    assert_eq!(world.post("/token", form, &[]).await.error(), "unauthorized_client");
    let form = fields([("grant_type", "password")]);
    assert_eq!(world.token("portal", form).await.error(), "unsupported_grant_type");
}
