//! Claims: by scope, by name, by value; verified or not.

use http::StatusCode;
use serde_json::{Value, json};
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{World, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    scopes_are_answered_by_userinfo_in_both_vocabularies,
    claims_by_name_go_where_they_were_asked_for,
    a_claim_with_another_value_than_asked_for_is_left_out,
    verified_claims_say_who_vouches_and_how_sure,
    verified_claims_are_published_as_they_are,
    until_when_a_source_vouches_for_a_value_is_told,
    what_does_not_apply_is_said_and_never_an_empty_claim,
}

/// ID token and userinfo answer of a log-in with these parameters.
async fn answers<const N: usize>(world: &World, wish: [(&str, &str); N]) -> (Value, Value) {
    let session = world.session(TrustLevel::Basic).await;
    world
        .registers("portal", |c| {
            c.scopes.extend(["address", "phone"].map(str::to_owned));
        })
        .await;
    let code = world.code(wish, &session).await;
    let answer = world.token("portal", redemption(&code)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let bearer = format!("Bearer {}", answer.text("access_token"));
    let request = http::Request::get("/userinfo").header("authorization", bearer);
    let userinfo = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(userinfo.status, StatusCode::OK, "{}", userinfo.body);
    (world.claims(&answer.text("id_token"), "JWT"), userinfo.json())
}

async fn scopes_are_answered_by_userinfo_in_both_vocabularies(db: Db) {
    let world = World::new(db).await;
    let scope = ("scope", "openid profile email address phone");
    let (token, userinfo) = answers(&world, [scope]).await;
    for (name, value) in [
        ("name", json!("Erika Mustermann")),
        ("given_name", json!("Erika")),
        ("birthdate", json!("1964-08-12")),
        ("date_of_birth", json!("1964-08-12")),
        ("email_verified", json!(true)),
        ("phone_number", json!("+49 385 5450")),
        ("phone_number_verified", json!(false)),
        ("address_line", json!("Heidestraße 17, 51147 Köln")),
        ("zip_code", json!("51147")),
    ] {
        assert_eq!(userinfo[name], value, "{name}");
        assert!(token.get(name).is_none(), "{name} is not in the ID token");
    }
    assert_eq!(userinfo["address"]["formatted"], userinfo["address_line"]);
    assert_eq!(userinfo["address"]["locality"], "Köln");
    assert_eq!(userinfo["attribute_levels"]["city"]["level"], "high");
    assert!(userinfo.get("locale").is_none(), "not unless asked for by name");
}

async fn claims_by_name_go_where_they_were_asked_for(db: Db) {
    let world = World::new(db).await;
    let claims = r#"{"id_token": {"birthdate": {"essential": true}, "locale": null},
        "userinfo": {"name": null, "address": null, "unheard_of": null}}"#;
    let (token, userinfo) = answers(&world, [("scope", "openid"), ("claims", claims)]).await;
    assert_eq!((&token["birthdate"], &token["locale"]), (&json!("1964-08-12"), &json!("de")));
    assert!(token.get("date_of_birth").is_none() && token.get("name").is_none());
    assert_eq!(userinfo["name"], "Erika Mustermann");
    assert_eq!(userinfo["address"]["postal_code"], "51147");
    assert!(userinfo.get("given_name").is_none() && userinfo.get("birthdate").is_none());
    assert!(token["auth_time"].is_i64(), "always there");
}

async fn a_claim_with_another_value_than_asked_for_is_left_out(db: Db) {
    let world = World::new(db).await;
    let claims = r#"{"userinfo": {"city": {"value": "Bonn"},
        "zip_code": {"values": ["51147", "53113"]}, "email": {"value": "max@example.org"}}}"#;
    let (_, userinfo) = answers(&world, [("claims", claims)]).await;
    assert!(userinfo.get("city").is_none(), "{userinfo}");
    assert_eq!(userinfo["zip_code"], "51147");
    assert!(userinfo.get("email").is_none(), "though the scope names it: {userinfo}");
}

async fn verified_claims_say_who_vouches_and_how_sure(db: Db) {
    let world = World::new(db).await;
    let wish = json!({
        "verification": {"trust_framework": {"value": "eidas"}, "assurance_level": null,
            "time": null, "evidence": [{"type": {"value": "electronic_record"}}]},
        "claims": {"given_name": null, "birthdate": null, "telephone": null, "email": null},
    });
    let impossible = json!({
        "verification": {"trust_framework": {"value": "de_aml"}}, "claims": {"city": null},
    });
    let claims = json!({"userinfo": {"verified_claims": wish},
        "id_token": {"verified_claims": [impossible]}});
    let wishes = [("scope", "openid"), ("claims", &*claims.to_string())];
    let (token, userinfo) = answers(&world, wishes).await;
    let found = &userinfo["verified_claims"];
    assert_eq!(found["verification"]["trust_framework"], "eidas");
    assert_eq!(found["verification"]["assurance_level"], "high");
    assert_eq!(found["verification"]["evidence"][0]["record"]["type"], "eid");
    let claims = json!({"given_name": "Erika", "birthdate": "1964-08-12"});
    assert_eq!(found["claims"], claims, "what nobody proved is not among them");
    assert!(userinfo.get("given_name").is_none(), "nor do they become plain claims");
    assert!(token.get("verified_claims").is_none(), "no framework that we do not follow");
}

async fn verified_claims_are_published_as_they_are(db: Db) {
    let world = World::new(db).await;
    let metadata = world.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["verified_claims_supported"], true);
    assert_eq!(metadata["trust_frameworks_supported"], json!(["eidas"]));
    assert_eq!(metadata["evidence_supported"], json!(["electronic_record"]));
    let claims = metadata["claims_in_verified_claims_supported"].as_array().unwrap();
    assert!(claims.contains(&json!("birthdate")) && !claims.contains(&json!("email")));
    let plain = metadata["claims_supported"].as_array().unwrap();
    for name in ["name", "birthdate", "address", "address_line", "phone_number", "locale"] {
        assert!(plain.contains(&json!(name)), "{name}");
    }
}

async fn what_does_not_apply_is_said_and_never_an_empty_claim(db: Db) {
    let world = World::new(db).await;
    let claims = r#"{"userinfo": {"place_of_birth": null, "city": null}}"#;
    let (_, userinfo) = answers(&world, [("claims", claims)]).await;
    assert!(userinfo.get("place_of_birth").is_none(), "{userinfo}");
    let levels = &userinfo["attribute_levels"];
    assert_eq!(levels["place_of_birth"]["not_applicable"], true);
    assert_eq!(levels["place_of_birth"]["source"], "self_declared");
    assert!(levels["city"].get("not_applicable").is_none());
}

async fn until_when_a_source_vouches_for_a_value_is_told(db: Db) {
    let world = World::new(db).await;
    let claims = r#"{"userinfo": {"birth_name": null, "city": null}}"#;
    let (_, userinfo) = answers(&world, [("claims", claims)]).await;
    let levels = &userinfo["attribute_levels"];
    assert_eq!(levels["birth_name"]["valid_until"], crate::fakes::VALID_UNTIL);
    assert!(levels["city"].get("valid_until").is_none(), "its source named no end");
}
