//! Starting: what is refused, in one clear line.

use std::sync::Arc;

use siegel_config::Profile;
use siegel_identity::{Config, StartError, start};
use siegel_testkit::{Backend, TestClock, test_db};

fn config(dir: &std::path::Path, more: &str) -> Config {
    let dir = dir.display();
    let text = format!(
        r#"
        token_signing_key_file = "{dir}/signing.pem"
        key_encryption_key_file = "{dir}/kek"
        pairwise_key_file = "{dir}/pairwise"
        nonce_key_file = "{dir}/nonce"
        {more}
        "#
    );
    toml::from_str(&text).unwrap()
}

async fn started(profile: Profile, origin: &str, more: &str) -> Result<(), StartError> {
    let dir = tempfile::tempdir().unwrap();
    let test = test_db(Backend::Sqlite, &siegel_identity::MIGRATIONS).await.unwrap();
    let clock = Arc::new(TestClock::default());
    let entropy = Arc::new(siegel_crypto::SystemEntropy::new());
    let fakes = siegel_grpc::testing::Fakes::new();
    let outside =
        siegel_grpc::testing::outside("identity", test.db.clone(), clock, entropy, &fakes);
    let outside = siegel_grpc::Outside { profile, origin: origin.to_owned(), ..outside };
    start(config(dir.path(), more), outside).await.map(|running| {
        assert_eq!(running.grpc.names().count(), 6);
    })
}

#[tokio::test]
async fn the_sandbox_makes_its_keys_and_starts() {
    started(Profile::Sandbox, "http://localhost:8080", "").await.unwrap();
}

#[tokio::test]
async fn production_makes_no_keys_and_names_the_setting() {
    let error = started(Profile::Production, "https://konto.example", "").await.unwrap_err();
    assert!(error.to_string().contains("identity.token_signing_key_file"), "{error}");
}

#[tokio::test]
async fn production_has_no_http_origin() {
    let error = started(Profile::Production, "http://konto.example", "").await.unwrap_err();
    assert!(error.to_string().contains("not https"), "{error}");
}

#[tokio::test]
async fn a_client_that_cannot_be_registered_stops_the_start() {
    let client = |more: &str| {
        format!(
            "[[clients]]\nclient_id = \"a\"\nname = \"A\"\ntenant = \"t\"\nscopes = [\"openid\"]\n{more}"
        )
    };
    let origin = "http://localhost:8080";
    for (client, word) in [
        (client(""), "jwks"),
        (client("jwks = \"{}\""), "JWK Set"),
        (client("auth_method = \"none\"\nredirect_uris = [\"https://a.example/#x\"]"), "redirect"),
        (client("jwks_file = \"no/such/file\""), "no/such/file"),
    ] {
        let error = started(Profile::Sandbox, origin, &client).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn an_unknown_setting_is_an_error() {
    assert!(toml::from_str::<Config>("token_signing_key = \"x\"").is_err());
}

#[test]
fn the_rules_know_neither_database_nor_network() {
    siegel_testkit::assert_domain_is_pure(env!("CARGO_MANIFEST_DIR"));
}
