//! Introspection: who learns what about which token.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use siegel_db::Db;
use siegel_identity::domain::client::AuthMethod;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::changed::{SECRET, basic};
use crate::world::{Answer, ORIGIN, World, encoded, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_client_learns_about_its_own_tokens_and_others_nothing,
    a_resource_server_learns_about_tokens_for_its_audience,
    nobody_learns_anything_without_proving_who_it_is,
    what_no_longer_holds_is_not_active_at_any_replica,
    a_bound_token_says_to_which_key,
    a_level_that_aged_is_said_as_it_is_now,
    a_signed_answer_is_for_the_one_that_asked,
}

const INACTIVE: &str = r#"{"active":false}"#;

async fn about(world: &World, client: &str, token: &str) -> Answer {
    let mut form = fields([("token", token)]);
    form.extend(world.assertion(client));
    world.post("/introspect", &encoded(&form), &[]).await
}

async fn tokens(world: &World, level: TrustLevel) -> Answer {
    let session = world.session(level).await;
    let code = world.code([], &session).await;
    world.token("portal", redemption(&code)).await
}

async fn a_client_learns_about_its_own_tokens_and_others_nothing(db: Db) {
    let world = World::new(db).await;
    let issued = tokens(&world, TrustLevel::Substantial).await;
    let access = issued.text("access_token");
    let answer = about(&world, "portal", &access).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    let facts = answer.json();
    let claims = world.claims(&access, "at+jwt");
    for name in ["iss", "sub", "aud", "client_id", "scope", "exp", "iat", "jti", "auth_time"] {
        assert_eq!(facts[name], claims[name], "{name}");
    }
    assert_eq!(facts["active"], true);
    assert_eq!((&facts["token_type"], &facts["acr"]), (&"Bearer".into(), &"substantial".into()));
    assert_eq!(facts["trust_level"], 3);
    assert!(facts.get("username").is_none() && facts.get("email").is_none());

    let refresh = about(&world, "portal", &issued.text("refresh_token")).await.json();
    assert_eq!((&refresh["active"], &refresh["scope"]), (&true.into(), &"openid email".into()));
    for token in [&access, &issued.text("refresh_token")] {
        assert_eq!(about(&world, "other", token).await.body, INACTIVE);
    }
    for token in ["unheard of", &issued.text("id_token"), &format!("{access}x")] {
        assert_eq!(about(&world, "portal", token).await.body, INACTIVE, "{token}");
    }
}

async fn a_resource_server_learns_about_tokens_for_its_audience(db: Db) {
    let world = World::new(db).await;
    world
        .with_secret("api", AuthMethod::ClientSecretBasic, |client| {
            client.introspects = vec!["urn:siegel:account".to_owned()];
        })
        .await;
    let session = world.session(TrustLevel::Basic).await;
    let ask = async |token: &str| {
        world.post_basic("/introspect", "api", SECRET, &fields([("token", token)])).await.json()
    };
    let code = world.code([("scope", "openid account.read")], &session).await;
    let mut form = redemption(&code);
    form.insert("resource".into(), "urn:siegel:account".into());
    let issued = world.token("portal", form).await;
    let facts = ask(&issued.text("access_token")).await;
    assert_eq!((&facts["active"], &facts["client_id"]), (&true.into(), &"portal".into()));
    assert_eq!(ask(&issued.text("refresh_token")).await, json!({"active": false}));
    let userinfo = tokens(&world, TrustLevel::Basic).await.text("access_token");
    assert_eq!(ask(&userinfo).await, json!({"active": false}), "another audience");
}

async fn nobody_learns_anything_without_proving_who_it_is(db: Db) {
    let world = World::new(db).await;
    let access = tokens(&world, TrustLevel::Basic).await.text("access_token");
    let form = encoded(&fields([("token", &access), ("client_id", "app")]));
    let public = world.post("/introspect", &form, &[]).await;
    assert_eq!(
        (public.status, public.error().as_str()),
        (StatusCode::BAD_REQUEST, "invalid_client")
    );
    let wrong = [("authorization", basic("portal", "x"))];
    let wrong = [("authorization", wrong[0].1.as_str())];
    let refused = world.post("/introspect", &format!("token={access}"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let get = world.get(&format!("/introspect?token={access}")).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    let mut none = fields([]);
    none.extend(world.assertion("portal"));
    assert_eq!(world.post("/introspect", &encoded(&none), &[]).await.error(), "invalid_request");
    let kinds = world.audited().await;
    assert!(kinds.contains(&("identity.introspection.refused".into(), "invalid_client".into())));
}

async fn what_no_longer_holds_is_not_active_at_any_replica(db: Db) {
    let world = World::new(db).await;
    let replica = world.replica();
    let issued = tokens(&world, TrustLevel::Basic).await;
    let (access, refresh) = (issued.text("access_token"), issued.text("refresh_token"));
    assert_eq!(about(&replica, "portal", &access).await.json()["active"], true);
    let mut form = fields([("token", &refresh)]);
    form.extend(world.assertion("portal"));
    assert_eq!(world.post("/revoke", &encoded(&form), &[]).await.status, StatusCode::OK);
    for token in [&access, &refresh] {
        assert_eq!(about(&replica, "portal", token).await.body, INACTIVE);
    }
    let issued = tokens(&world, TrustLevel::Basic).await;
    let form =
        fields([("grant_type", "refresh_token"), ("refresh_token", &issued.text("refresh_token"))]);
    assert_eq!(world.token("portal", form).await.status, StatusCode::OK);
    assert_eq!(
        about(&world, "portal", &issued.text("refresh_token")).await.body,
        INACTIVE,
        "spent"
    );
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(about(&world, "portal", &issued.text("access_token")).await.body, INACTIVE, "old");
}

async fn a_bound_token_says_to_which_key(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let access = world.bound_token("portal", redemption(&code)).await.text("access_token");
    let facts = about(&world, "portal", &access).await.json();
    assert_eq!(facts["token_type"], "DPoP");
    assert_eq!(facts["cnf"]["jkt"], world.dpop_key.kid());
}

async fn a_level_that_aged_is_said_as_it_is_now(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::High).await;
    world.clock.advance(Duration::from_mins(2));
    let code = world.code([], &session).await;
    let access = world.token("portal", redemption(&code)).await.text("access_token");
    assert_eq!(about(&world, "portal", &access).await.json()["acr"], "high");
    world.clock.advance(Duration::from_mins(4));
    let facts = about(&world, "portal", &access).await.json();
    assert_ne!(facts["acr"], "high", "{facts}");
    assert_eq!(facts["active"], true);
}

async fn a_signed_answer_is_for_the_one_that_asked(db: Db) {
    let world = World::new(db).await;
    let access = tokens(&world, TrustLevel::Basic).await.text("access_token");
    let accept = ("accept", "application/json;q=0.5, application/token-introspection+jwt");
    let mut form = fields([("token", &access)]);
    form.extend(world.assertion("portal"));
    let request = http::Request::post("/introspect")
        .header("content-type", "application/x-www-form-urlencoded")
        .header(accept.0, accept.1);
    let answer = world.send(request.body(encoded(&form).into()).unwrap()).await;
    assert_eq!(answer.header("content-type"), "application/token-introspection+jwt");
    let keys = world.state.keys.published();
    let claims: Value = keys.verify(&answer.body, "token-introspection+jwt").unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&ORIGIN.into(), &"portal".into()));
    assert_eq!(claims["token_introspection"]["active"], true);
    assert!(claims.get("sub").is_none() && claims.get("exp").is_none(), "it is no access token");
    let bearer = [("authorization", format!("Bearer {}", answer.body))];
    let userinfo = http::Request::get("/userinfo").header(bearer[0].0, &bearer[0].1);
    let refused = world.send(userinfo.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}
