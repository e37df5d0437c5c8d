//! What clients find out.

use http::StatusCode;
use siegel_db::Db;
use siegel_testkit::on_each_backend;

use crate::world::{ORIGIN, World};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    the_issuer_is_the_same_everywhere_and_every_endpoint_answers,
    the_key_set_has_no_private_part_and_no_key_twice,
}

async fn the_issuer_is_the_same_everywhere_and_every_endpoint_answers(db: Db) {
    let world = World::new(db).await;
    let openid = world.get("/.well-known/openid-configuration").await;
    let oauth = world.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(openid.body, oauth.body);
    let metadata = openid.json();
    assert_eq!(metadata["issuer"], ORIGIN);
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["subject_types_supported"], serde_json::json!(["pairwise"]));
    for (name, value) in metadata.as_object().unwrap() {
        if !name.ends_with("_endpoint") && name != "jwks_uri" {
            continue;
        }
        let path = value.as_str().unwrap().strip_prefix(ORIGIN).unwrap();
        let answer = world.get(path).await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name} is advertised");
    }
    assert!(metadata.get("registration_endpoint").is_none());
}

async fn the_key_set_has_no_private_part_and_no_key_twice(db: Db) {
    let world = World::new(db).await;
    let answer = world.get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 2, "ES256 and RS256");
    for key in keys {
        assert!(key.get("d").is_none() && key.get("kid").is_some(), "{key}");
        assert_eq!(key["use"], "sig");
    }
}
