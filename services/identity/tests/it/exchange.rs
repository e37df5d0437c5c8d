//! Token exchange: acting for a person towards another service, never with more than was given.

use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::domain::client::{AuthMethod, GrantType};
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::changed::SECRET;
use crate::world::{Answer, Fields, World, fields, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_portal_acts_towards_the_postbox_for_the_person,
    the_new_token_is_never_wider_than_the_grant,
    a_token_of_somebody_else_is_not_exchanged,
    the_receiver_of_a_token_gets_no_more_than_it_says,
    the_new_token_dies_with_the_old_one,
    a_bound_token_is_exchanged_for_a_bound_one_only,
    what_is_no_access_token_is_refused,
    the_grant_type_is_advertised_and_needs_a_registration,
}

const TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";

pub fn form(subject_token: &str, service: &str) -> Fields {
    fields([
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", subject_token),
        ("subject_token_type", TYPE),
        ("resource", &format!("urn:siegel:{service}")),
    ])
}

async fn prepared(db: Db) -> World {
    let world = World::new(db).await;
    for client in ["portal", "other"] {
        world.change(client, |client| client.grant_types.push(GrantType::TokenExchange)).await;
    }
    world
}

async fn signed_in(world: &World, level: TrustLevel, scope: &str) -> Answer {
    let session = world.session(level).await;
    let code = world.code([("scope", scope)], &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer
}

async fn a_portal_acts_towards_the_postbox_for_the_person(db: Db) {
    let world = prepared(db).await;
    let first = signed_in(&world, TrustLevel::Substantial, "openid postbox.read").await;
    let before = world.claims(&first.text("access_token"), "at+jwt");
    world.clock.advance(Duration::from_mins(1));
    let bare = world.token("portal", form(&first.text("access_token"), "postbox")).await;
    assert_eq!(bare.error(), "invalid_dpop_proof", "tokens for letters are bound");
    let answer = world.bound_token("portal", form(&first.text("access_token"), "postbox")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(
        (answer.text("issued_token_type").as_str(), answer.text("token_type").as_str()),
        (TYPE, "DPoP")
    );
    assert_eq!(
        (answer.text("scope"), answer.json()["expires_in"].as_i64()),
        ("postbox.read".into(), Some(240))
    );
    assert!(
        answer.json().get("refresh_token").is_none() && answer.json().get("id_token").is_none()
    );
    let after = world.claims(&answer.text("access_token"), "at+jwt");
    for same in ["sub", "gid", "sid", "auth_time", "trust_level", "client_id", "tenant", "exp"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(
        (&after["aud"], &after["scope"]),
        (&"urn:siegel:postbox".into(), &"postbox.read".into())
    );
    assert_eq!(after["act"], serde_json::json!({"sub": "portal"}));
    assert_eq!(after["cnf"]["jkt"], world.dpop_key.kid());
    let again = world.bound_token("portal", form(&answer.text("access_token"), "postbox")).await;
    let chain = world.claims(&again.text("access_token"), "at+jwt");
    assert_eq!(chain["act"], serde_json::json!({"sub": "portal", "act": {"sub": "portal"}}));
    let again = world.bound_token("portal", form(&again.text("access_token"), "postbox")).await;
    let end = world.bound_token("portal", form(&again.text("access_token"), "postbox")).await;
    assert_eq!(end.error(), "invalid_grant", "no endless chain");
}

async fn the_new_token_is_never_wider_than_the_grant(db: Db) {
    let world = prepared(db).await;
    let first = signed_in(&world, TrustLevel::Basic, "openid postbox.read").await;
    let token = first.text("access_token");
    let ask = async |changes: &[(&str, &str)]| {
        let mut form = form(&token, "postbox");
        for (name, value) in changes {
            form.insert((*name).to_owned(), (*value).to_owned());
        }
        world.bound_token("portal", form).await
    };
    assert_eq!(ask(&[]).await.status, StatusCode::OK);
    assert_eq!(ask(&[("scope", "postbox.deliver")]).await.error(), "invalid_scope", "not granted");
    assert_eq!(ask(&[("resource", "urn:siegel:account")]).await.error(), "invalid_scope");
    assert_eq!(ask(&[("resource", "urn:siegel:eid")]).await.error(), "invalid_target");
    assert_eq!(ask(&[("resource", "")]).await.error(), "invalid_target", "none");
    assert_eq!(ask(&[("audience", "urn:siegel:account")]).await.error(), "invalid_target", "two");
    let by_audience = ask(&[("resource", ""), ("audience", "urn:siegel:postbox")]).await;
    assert_eq!(by_audience.status, StatusCode::OK, "{}", by_audience.body);
    world.change("portal", |client| client.scopes.retain(|s| s != "postbox.read")).await;
    assert_ne!(ask(&[]).await.status, StatusCode::OK, "no longer the client's own");
}

async fn a_token_of_somebody_else_is_not_exchanged(db: Db) {
    let world = prepared(db).await;
    let first = signed_in(&world, TrustLevel::Basic, "openid postbox.read").await;
    let stolen = world.bound_token("other", form(&first.text("access_token"), "postbox")).await;
    assert_eq!(stolen.error(), "invalid_grant");
    let kinds = world.audited().await;
    assert!(kinds.contains(&("identity.token.refused".into(), "invalid_grant".into())));
}

async fn the_receiver_of_a_token_gets_no_more_than_it_says(db: Db) {
    let world = prepared(db).await;
    world
        .with_secret("api", AuthMethod::ClientSecretBasic, |client| {
            client.grant_types = vec![GrantType::TokenExchange];
            client.introspects = vec!["urn:siegel:account".to_owned()];
        })
        .await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("scope", "openid account.read postbox.read")], &session).await;
    let mut redeem = redemption(&code);
    redeem.insert("resource".into(), "urn:siegel:account".into());
    let token = world.token("portal", redeem).await.text("access_token");
    let ask = async |form: Fields| world.post_basic("/token", "api", SECRET, &form).await;
    let onward = ask(form(&token, "account")).await;
    let claims = world.claims(&onward.text("access_token"), "at+jwt");
    assert_eq!((&claims["act"]["sub"], &claims["client_id"]), (&"api".into(), &"portal".into()));
    let proof = world.proof("POST", "/token", None);
    let headers = [("authorization", crate::changed::basic("api", SECRET))];
    let headers = [("authorization", headers[0].1.as_str()), ("dpop", proof.as_str())];
    let letters = crate::world::encoded(&form(&token, "postbox"));
    let wider = world.post("/token", &letters, &headers).await;
    assert_eq!(wider.error(), "invalid_scope", "the person granted it to the portal");
}

async fn the_new_token_dies_with_the_old_one(db: Db) {
    let world = prepared(db).await;
    let first = signed_in(&world, TrustLevel::High, "openid account.read").await;
    world.clock.advance(Duration::from_secs(299));
    let late = world.token("portal", form(&first.text("access_token"), "account")).await;
    assert_eq!(late.json()["expires_in"], 1, "{}", late.body);
    world.clock.advance(Duration::from_secs(1));
    let dead = world.token("portal", form(&first.text("access_token"), "account")).await;
    assert_eq!(dead.error(), "invalid_grant");
    let first = signed_in(&world, TrustLevel::High, "openid account.read").await;
    let mut revoke = fields([("token", &first.text("refresh_token"))]);
    revoke.extend(world.assertion("portal"));
    world.post("/revoke", &crate::world::encoded(&revoke), &[]).await;
    let dead = world.token("portal", form(&first.text("access_token"), "account")).await;
    assert_eq!(dead.error(), "invalid_grant", "revoked");
}

async fn a_bound_token_is_exchanged_for_a_bound_one_only(db: Db) {
    let world = prepared(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([("scope", "openid account.read")], &session).await;
    let token = world.bound_token("portal", redemption(&code)).await.text("access_token");
    let bare = world.token("portal", form(&token, "account")).await;
    assert_eq!(bare.error(), "invalid_dpop_proof");
    let bound = world.bound_token("portal", form(&token, "account")).await;
    assert_eq!(bound.text("token_type"), "DPoP", "{}", bound.body);
}

async fn what_is_no_access_token_is_refused(db: Db) {
    let world = prepared(db).await;
    let first = signed_in(&world, TrustLevel::Basic, "openid account.read").await;
    let own = fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    let client = world.token("portal", own).await.text("access_token");
    for token in [&first.text("id_token"), &first.text("refresh_token"), &client, "nonsense"] {
        let refused = world.token("portal", form(token, "account")).await;
        assert_eq!(refused.error(), "invalid_grant", "{token}");
    }
    let access = first.text("access_token");
    for (name, value) in [
        ("subject_token", ""),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"),
        ("actor_token", &access),
    ] {
        let mut form = form(&access, "account");
        form.insert(name.to_owned(), value.to_owned());
        assert_eq!(world.token("portal", form).await.error(), "invalid_request", "{name}");
    }
}

async fn the_grant_type_is_advertised_and_needs_a_registration(db: Db) {
    let world = World::new(db).await;
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    let types = metadata["grant_types_supported"].as_array().unwrap().clone();
    assert!(types.contains(&"urn:ietf:params:oauth:grant-type:token-exchange".into()));
    let first = signed_in(&world, TrustLevel::Basic, "openid account.read").await;
    let refused = world.token("portal", form(&first.text("access_token"), "account")).await;
    assert_eq!(refused.error(), "unauthorized_client");
    world.change("app", |client| client.grant_types.push(GrantType::TokenExchange)).await;
    let mut public = form(&first.text("access_token"), "account");
    public.insert("client_id".into(), "app".into());
    let public = world.post("/token", &crate::world::encoded(&public), &[]).await;
    assert_eq!(public.error(), "unauthorized_client", "nobody stands behind a public client");
}
