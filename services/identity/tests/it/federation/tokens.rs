//! ID tokens that do not hold (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use siegel_crypto::{KeySet, SigningKey};
use siegel_db::Db;
use siegel_identity::app::upstream;
use siegel_identity::app::upstreams;
use siegel_identity::upstream_config::{Source, UpstreamConfig};
use siegel_testkit::on_each_backend;

use super::land::{Land, settings};
use super::provider::Signed;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    an_id_token_for_somebody_else_logs_nobody_in,
    an_id_token_without_its_times_or_out_of_them_logs_nobody_in,
    an_id_token_with_another_nonce_logs_nobody_in,
    an_id_token_of_another_access_token_logs_nobody_in,
    an_id_token_that_nobody_signed_logs_nobody_in,
    an_unknown_key_is_looked_up_once,
    a_slightly_fast_clock_of_the_provider_is_no_hindrance,
    a_provider_is_told_who_we_are_by_the_key_we_publish,
}

/// Every one of these claims is enough to be refused.
async fn refuses(land: &Land, changes: impl IntoIterator<Item = Value>) {
    for change in changes {
        land.provider.says(change.clone());
        let (page, browser) = land.logs_in().await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{change}: {}", page.body);
        assert!(browser.session().await.is_none(), "{change}");
        assert_eq!(land.refusals().await.last().unwrap(), "UPSTREAM_ID_TOKEN", "{change}");
    }
    land.provider.says(json!({}));
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "an honest one holds: {}", page.body);
}

async fn an_id_token_for_somebody_else_logs_nobody_in(db: Db) {
    let land = Land::new(db).await;
    let changes = [
        json!({ "aud": "land-c" }),
        json!({ "aud": ["land-c"] }),
        json!({ "aud": ["land-a", "land-c"] }),
        json!({ "aud": [] }),
        json!({ "azp": "land-c" }),
        json!({ "iss": "https://land-c.example" }),
        json!({ "iss": format!("{}/", land.provider.issuer) }),
        json!({ "sub": "" }),
    ];
    refuses(&land, changes).await;
}

async fn an_id_token_without_its_times_or_out_of_them_logs_nobody_in(db: Db) {
    let land = Land::new(db).await;
    let now = land.world.now().as_seconds();
    refuses(&land, [json!({ "exp": now }), json!({ "exp": now - 1 })]).await;
    refuses(&land, [json!({ "iat": now + 61 }), json!({ "auth_time": now + 61 })]).await;
    for missing in ["exp", "iat"] {
        land.provider.says(json!({ missing: null }));
        let (page, browser) = land.logs_in().await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{missing}: {}", page.body);
        assert!(browser.session().await.is_none(), "{missing}");
    }
}

async fn an_id_token_with_another_nonce_logs_nobody_in(db: Db) {
    let land = Land::new(db).await;
    refuses(&land, [json!({ "nonce": "n-2" }), json!({ "nonce": null })]).await;
}

async fn an_id_token_of_another_access_token_logs_nobody_in(db: Db) {
    let land = Land::new(db).await;
    refuses(&land, [json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })]).await;
    land.provider.says(json!({ "at_hash": null }));
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "it may be left out: {}", page.body);
}

async fn an_id_token_that_nobody_signed_logs_nobody_in(db: Db) {
    let land = Land::new(db).await;
    for signed in [Signed::NotAtAll, Signed::WithThePublicKey, Signed::ByAStranger] {
        land.provider.set(|s| s.signed = signed);
        let (page, browser) = land.logs_in().await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY, "{signed:?}: {}", page.body);
        assert!(browser.session().await.is_none(), "{signed:?}");
    }
}

async fn an_unknown_key_is_looked_up_once(db: Db) {
    let land = Land::new(db).await;
    land.logs_in().await;
    let fetched = || land.provider.script.lock().unwrap().keys_fetched;
    assert_eq!(fetched(), 1);
    land.clock().advance(Duration::from_secs(31));
    land.provider.set(|s| s.key = SigningKey::generate().unwrap());
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the new key is found: {}", page.body);
    assert_eq!(fetched(), 2);
    land.provider.set(|s| s.signed = Signed::ByAStranger);
    for _ in 0..3 {
        let (page, _) = land.logs_in().await;
        assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    }
    assert_eq!(fetched(), 2, "nobody makes us ask again and again");
    land.clock().advance(Duration::from_secs(31));
    land.logs_in().await;
    land.logs_in().await;
    assert_eq!(fetched(), 3);
}

async fn a_slightly_fast_clock_of_the_provider_is_no_hindrance(db: Db) {
    let land = Land::new(db).await;
    let now = land.world.now().as_seconds();
    land.provider.says(json!({ "iat": now + 30, "auth_time": now + 30 }));
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
}

async fn a_provider_is_told_who_we_are_by_the_key_we_publish(db: Db) {
    let land = Land::new(db).await;
    let dir = tempfile::tempdir().unwrap();
    let mut own = settings(&land.provider, "land-b");
    let all = own.as_object_mut().unwrap();
    all.remove("client_secret");
    all.insert("auth".into(), "private_key_jwt".into());
    all.insert("key_file".into(), dir.path().join("key.pem").display().to_string().into());
    let config: UpstreamConfig = serde_json::from_value(own).unwrap();
    let made = config.registration(Source::Applied, true).unwrap();
    upstreams::apply(&land.world.state, &made, "operator:test").await.unwrap();
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY, "it does not know the key yet");

    let published = land.browser().get("/login/upstream/land-b/jwks").await;
    assert!(!published.body.contains("\"d\""), "no private part: {}", published.body);
    let keys = KeySet::from_json(&published.body).unwrap();
    *land.provider.client_keys.lock().unwrap() = Some(keys);
    let (page, _) = land.logs_in().await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let unknown = upstream::public_keys(&land.world.state, "nobody").await;
    assert!(unknown.unwrap().is_none());
}
