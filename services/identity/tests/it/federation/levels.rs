//! How far a provider's word goes, and what of it is taken.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use siegel_db::Db;
use siegel_identity::app::upstreams;
use siegel_kernel::TrustLevel::{Basic, Low, Substantial};
use siegel_proto::common::v1::{AttributeSource, TrustLevel as Wire};
use siegel_testkit::on_each_backend;

use super::land::{Land, parameter};
use crate::world::redemption;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_level_comes_from_the_table,
    a_level_above_the_cap_never_comes_out,
    a_client_of_other_accounts_only_is_refused_above_the_best_cap,
    an_acr_that_the_table_does_not_know_is_worth_the_default,
    too_low_a_level_is_said_and_another_way_is_offered,
    the_needed_level_and_language_are_asked_for_there,
    a_fresh_log_in_is_asked_for_and_an_old_one_not_taken,
    a_log_in_counts_from_when_it_was_made_there,
    only_listed_claims_reach_the_account_at_their_level,
    attributes_of_the_userinfo_endpoint_are_those_of_the_same_person,
    clients_get_a_code_for_a_person_from_elsewhere,
}

async fn a_level_comes_from_the_table(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({ "acr": "substantial" }));
    let (page, browser) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let session = browser.session().await.unwrap();
    assert_eq!((session.level, session.amr), (Substantial, vec!["fed".to_owned()]));
}

async fn a_level_above_the_cap_never_comes_out(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({ "acr": "high" }));
    let first = land.asks([("acr_values", "high")]).await;
    let mut browser = land.browser();
    let page = browser.through(&first).await;
    assert!(page.body.contains("Das andere Konto reicht für diesen Dienst nicht"), "{}", page.body);
    assert_eq!(browser.session().await.unwrap().level, Substantial);
    let next = browser.get(&first).await;
    assert!(!next.location.starts_with("https://portal.example"), "{}", next.location);
}

async fn a_client_of_other_accounts_only_is_refused_above_the_best_cap(db: Db) {
    let land = Land::new(db).await;
    land.world.registers("portal", |c| c.allowed_methods = vec!["fed".into()]).await;
    let refused = land.asks([("acr_values", "high")]).await;
    let error = parameter(&refused, "error");
    assert_eq!(error.as_deref(), Some("unmet_authentication_requirements"), "{refused}");
    let reached = land.asks([("acr_values", "high substantial")]).await;
    assert!(reached.contains("/login/"), "{reached}");
    upstreams::disable(&land.world.state, "land-b", "operator:test").await.unwrap();
    let refused = land.asks([]).await;
    assert_eq!(parameter(&refused, "error"), error, "and at any level without a provider");
}

async fn an_acr_that_the_table_does_not_know_is_worth_the_default(db: Db) {
    let land = Land::new(db).await;
    for acr in [json!("urn:land:supreme"), json!("4"), json!("STORK-QAA-Level-4"), Value::Null] {
        land.provider.says(json!({ "acr": acr }));
        let (_, browser) = land.logs_in().await;
        assert_eq!(browser.session().await.unwrap().level, Basic, "{acr}");
    }
}

async fn too_low_a_level_is_said_and_another_way_is_offered(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({ "acr": "low" }));
    let first = land.asks([("acr_values", "substantial")]).await;
    let mut browser = land.browser();
    let page = browser.through(&first).await;
    assert!(page.body.contains("„niedrig“"), "{}", page.body);
    assert!(page.body.contains(&format!("href=\"{first}\"")), "a way back: {}", page.body);
    land.delivers().await;
    let next = browser.get(&first).await;
    assert!(next.location.ends_with("/step-up"), "{}", next.location);
}

async fn the_needed_level_and_language_are_asked_for_there(db: Db) {
    let land = Land::new(db).await;
    let first = land.asks([("acr_values", "substantial"), ("ui_locales", "en")]).await;
    let mut browser = land.browser();
    let page = browser.get(&first).await;
    assert!(page.body.contains("Continue with Servicekonto land-b"), "{}", page.body);
    let there = browser.get(&format!("{first}/upstream?to=land-b")).await.location;
    let asked = |name: &str| parameter(&there, name);
    assert_eq!(asked("acr_values").as_deref(), Some("substantial"));
    assert_eq!(asked("ui_locales").as_deref(), Some("en"));
    assert_eq!(asked("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(asked("prompt"), None);
    assert_eq!(asked("max_age").as_deref(), Some("7200"), "what the level holds for");
    let redirect = asked("redirect_uri").unwrap();
    assert_eq!(redirect, "http://localhost:8080/login/upstream/land-b/callback");
}

async fn a_fresh_log_in_is_asked_for_and_an_old_one_not_taken(db: Db) {
    let land = Land::new(db).await;
    let (_, mut browser) = land.logs_in().await;
    land.clock().advance(Duration::from_mins(10));
    let now = land.world.now().as_seconds();
    let first = land.asks([("prompt", "login")]).await;
    land.provider.says(json!({ "auth_time": now - 600 }));
    let page = browser.through(&first).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{}", page.body);
    let asked = land.provider.script.lock().unwrap().asked.clone();
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    land.provider.says(json!({ "auth_time": null }));
    let page = browser.through(&first).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "it must say when");
    land.provider.says(json!({}));
    let page = browser.through(&first).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(browser.session().await.unwrap().authenticated_at, land.world.now());
}

async fn a_log_in_counts_from_when_it_was_made_there(db: Db) {
    let land = Land::new(db).await;
    let now = land.world.now().as_seconds();
    land.provider.says(json!({ "acr": "substantial", "auth_time": now - 6_600 }));
    let (_, browser) = land.logs_in().await;
    assert_eq!(browser.session().await.unwrap().authenticated_at.as_seconds(), now - 6_600);
    assert_eq!(browser.session().await.unwrap().level, Substantial);
    land.clock().advance(Duration::from_mins(11));
    assert_eq!(browser.session().await.unwrap().level, Low, "two hours after it");
}

async fn only_listed_claims_reach_the_account_at_their_level(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({
        "acr": "high",
        "given_name": "Erika",
        "family_name": "Mustermann",
        "birthdate": "31.12.1999",
        "telephone": "+49 30 123456",
        "email": "erika@example.org",
    }));
    let (_, browser) = land.logs_in().await;
    land.delivers().await;
    let session = browser.session().await.unwrap();
    let opened = land.world.account.opened.lock().unwrap().clone();
    assert_eq!((opened.len(), opened[0].email.as_str()), (1, ""), "no address is made up");
    assert_eq!(opened[0].account_id, session.account.to_string());
    let recorded = land.world.account.identified.lock().unwrap().clone();
    let got: Vec<_> = recorded[0]
        .attributes
        .iter()
        .map(|a| (a.name.as_str(), a.value.as_str(), a.source(), a.level()))
        .collect();
    let (source, level) = (AttributeSource::Upstream, Wire::Substantial);
    assert_eq!(
        got,
        [("given_name", "Erika", source, level), ("family_name", "Mustermann", source, level)]
    );
}

async fn attributes_of_the_userinfo_endpoint_are_those_of_the_same_person(db: Db) {
    let land = Land::with(db, |s| s["userinfo"] = true.into()).await;
    let names = json!({ "given_name": "Erika" }).as_object().unwrap().clone();
    land.provider.set(|s| s.userinfo = names);
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    land.delivers().await;
    let recorded = land.world.account.identified.lock().unwrap().clone();
    assert_eq!(recorded[0].attributes[0].value, "Erika");
    land.provider.set(|s| {
        s.userinfo.insert("sub".into(), "max".into());
    });
    let (page, browser) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(browser.session().await.is_none());
}

async fn clients_get_a_code_for_a_person_from_elsewhere(db: Db) {
    let land = Land::new(db).await;
    land.provider.says(json!({ "acr": "substantial" }));
    let first = land.asks([("acr_values", "substantial")]).await;
    let mut browser = land.browser();
    browser.through(&first).await;
    let waiting = browser.get(&first).await;
    assert!(waiting.body.contains("Ihr Konto wird eingerichtet"), "{}", waiting.body);
    land.delivers().await;
    let done = browser.get(&first).await;
    let code = parameter(&done.location, "code").unwrap();
    let token = land.world.token("portal", redemption(&code)).await;
    let claims = land.world.claims(&token.text("id_token"), "JWT");
    assert_eq!((claims["acr"].as_str(), &claims["amr"]), (Some("substantial"), &json!(["fed"])));
}
