//! Keys of clients that publish them, and whom assertions are for.

use std::time::Duration;

use siegel_crypto::{KeySet, SigningKey};
use siegel_db::Db;
use siegel_identity::app::client_keys::{ClientKeysError, keys_of};
use siegel_identity::domain::client::{AssertionAudience, AuthMethod, Client};
use siegel_identity::store::clients;
use siegel_oidc::assertion;
use siegel_testkit::on_each_backend;

use crate::publisher::Publisher;
use crate::world::{ORIGIN, World, encoded, fields};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    published_keys_are_fetched_once_and_again_after_five_minutes,
    an_unknown_key_id_is_looked_for_once_in_thirty_seconds,
    keys_outlive_their_address_by_an_hour_at_most,
    a_client_logs_in_with_the_keys_it_publishes,
    keys_are_not_fetched_from_inside,
    assertions_name_the_issuer_unless_registered_otherwise,
}

fn jwks(keys: &[&SigningKey]) -> String {
    KeySet::new(keys.iter().map(|key| key.public_jwk().clone())).to_json()
}

fn publishing(uri: &str) -> Client {
    Client {
        auth_method: AuthMethod::PrivateKeyJwt,
        jwks_uri: Some(uri.to_owned()),
        ..Client::named("amt")
    }
}

async fn world(db: Db, publisher: &Publisher) -> World {
    World::new(db).await.with_egress(publisher.egress.clone())
}

async fn published_keys_are_fetched_once_and_again_after_five_minutes(db: Db) {
    let publisher = Publisher::start().await;
    let world = world(db, &publisher).await;
    let (first, second) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let client = publishing(&publisher.put("/jwks", jwks(&[&first])));
    for _ in 0..3 {
        let keys = keys_of(&world.state, &client, Some(first.kid())).await.unwrap();
        assert!(keys.find(first.kid()).is_some());
    }
    assert_eq!(publisher.asked(), 1);
    publisher.put("/jwks", jwks(&[&second]));
    world.clock.advance(Duration::from_secs(299));
    assert!(keys_of(&world.state, &client, None).await.unwrap().find(first.kid()).is_some());
    world.clock.advance(Duration::from_secs(1));
    let keys = keys_of(&world.state, &client, None).await.unwrap();
    assert!(keys.find(second.kid()).is_some() && keys.find(first.kid()).is_none());
}

async fn an_unknown_key_id_is_looked_for_once_in_thirty_seconds(db: Db) {
    let publisher = Publisher::start().await;
    let world = world(db, &publisher).await;
    let (old, new) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let client = publishing(&publisher.put("/jwks", jwks(&[&old])));
    keys_of(&world.state, &client, Some(old.kid())).await.unwrap();
    publisher.put("/jwks", jwks(&[&old, &new]));
    for _ in 0..5 {
        let keys = keys_of(&world.state, &client, Some(new.kid())).await.unwrap();
        assert!(keys.find(new.kid()).is_none(), "asked a moment ago");
    }
    assert_eq!(publisher.asked(), 1);
    world.clock.advance(Duration::from_secs(30));
    let keys = keys_of(&world.state, &client, Some(new.kid())).await.unwrap();
    assert!(keys.find(new.kid()).is_some());
    for _ in 0..5 {
        keys_of(&world.state, &client, Some("made up")).await.unwrap();
    }
    assert_eq!(publisher.asked(), 2, "made-up ids do not make us call again and again");
}

async fn keys_outlive_their_address_by_an_hour_at_most(db: Db) {
    let publisher = Publisher::start().await;
    let world = world(db, &publisher).await;
    let key = SigningKey::generate().unwrap();
    let client = publishing(&publisher.put("/jwks", jwks(&[&key])));
    keys_of(&world.state, &client, None).await.unwrap();
    publisher.clear();
    world.clock.advance(Duration::from_secs(3_599));
    assert!(keys_of(&world.state, &client, None).await.is_ok());
    assert_eq!(publisher.asked(), 2, "it was tried");
    world.clock.advance(Duration::from_secs(1));
    let late = keys_of(&world.state, &client, None).await;
    assert_eq!(late.unwrap_err(), ClientKeysError::Unreachable);
}

async fn a_client_logs_in_with_the_keys_it_publishes(db: Db) {
    let publisher = Publisher::start().await;
    let world = world(db, &publisher).await;
    let uri = publisher.put("/jwks", jwks(&[&world.client_key]));
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let portal = clients::find(&mut tx, "portal").await.unwrap().unwrap();
    let portal = Client { jwks: None, jwks_uri: Some(uri), ..portal };
    clients::put(&mut tx, &portal, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    let form = || fields([("grant_type", "client_credentials"), ("scope", "account.read")]);
    assert_eq!(world.token("portal", form()).await.error(), "");
    assert_eq!(publisher.asked(), 1);
    let other = SigningKey::generate().unwrap();
    let text = assertion::make(&other, "portal", ORIGIN, world.fresh(), world.now()).unwrap();
    let mut form = form();
    form.insert("client_assertion_type".into(), assertion::TYPE.into());
    form.insert("client_assertion".into(), text);
    assert_eq!(world.post("/token", &encoded(&form), &[]).await.error(), "invalid_client");
}

async fn keys_are_not_fetched_from_inside(db: Db) {
    let world = World::new(db).await;
    for inside in [
        "https://127.0.0.1/jwks",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:127.0.0.1]/jwks",
        "https://2130706433/jwks",
        "http://portal.example/jwks",
    ] {
        let found = keys_of(&world.state, &publishing(inside), None).await;
        assert_eq!(found.unwrap_err(), ClientKeysError::Unreachable, "{inside}");
    }
}

async fn assertions_name_the_issuer_unless_registered_otherwise(db: Db) {
    let world = World::new(db).await;
    let asked = |audience: String, path: &'static str| {
        let (world, audience) = (&world, audience);
        async move {
            let text =
                assertion::make(&world.client_key, "portal", &audience, world.fresh(), world.now());
            let mut form = if path == "/par" {
                crate::world::request([])
            } else {
                fields([("grant_type", "client_credentials"), ("scope", "account.read")])
            };
            form.insert("client_assertion_type".into(), assertion::TYPE.into());
            form.insert("client_assertion".into(), text.unwrap());
            world.post(path, &encoded(&form), &[]).await.error()
        }
    };
    let (token, par) = (format!("{ORIGIN}/token"), format!("{ORIGIN}/par"));
    assert_eq!(asked(ORIGIN.into(), "/par").await, "");
    for (audience, path) in [(&token, "/token"), (&token, "/par"), (&par, "/par")] {
        assert_eq!(asked(audience.clone(), path).await, "invalid_client", "{audience} {path}");
    }
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let portal = clients::find(&mut tx, "portal").await.unwrap().unwrap();
    let older = Client { assertion_audience: AssertionAudience::TokenEndpoint, ..portal };
    clients::put(&mut tx, &older, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    for (audience, path) in [(&token, "/token"), (&token, "/par"), (&par, "/par")] {
        assert_eq!(asked(audience.clone(), path).await, "", "{audience} {path}");
    }
    assert_eq!(asked(ORIGIN.into(), "/token").await, "");
    assert_eq!(asked(par, "/token").await, "invalid_client", "another endpoint's");
    assert_eq!(asked("https://evil.example".into(), "/token").await, "invalid_client");
}
