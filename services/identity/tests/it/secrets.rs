//! Clients with secrets, the exact ways they prove themselves, and what a refusal leaves behind.

use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_identity::app::refusal;
use siegel_identity::domain::client::AuthMethod;
use siegel_testkit::on_each_backend;

use crate::changed::{SECRET, basic};
use crate::world::{World, encoded, fields};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_secret_counts_only_where_the_client_is_registered_to_send_it,
    two_methods_at_once_are_refused,
    an_assertion_is_used_up_by_a_refused_request_too,
    a_changed_registration_counts_at_once_at_every_replica,
    endless_wrong_secrets_lock_nobody_out_and_leave_a_bounded_trail,
}

fn ask() -> crate::world::Fields {
    fields([("grant_type", "client_credentials"), ("scope", "account.read")])
}

async fn a_secret_counts_only_where_the_client_is_registered_to_send_it(db: Db) {
    let world = World::new(db).await;
    world.with_secret("by-header", AuthMethod::ClientSecretBasic, |_| {}).await;
    world.with_secret("by-body", AuthMethod::ClientSecretPost, |_| {}).await;
    let body = async |client: &str, secret: &str| {
        let mut form = ask();
        form.extend(fields([("client_id", client), ("client_secret", secret)]));
        world.post("/token", &encoded(&form), &[]).await
    };
    let header =
        async |client: &str, secret: &str| world.post_basic("/token", client, secret, &ask()).await;
    assert_eq!(header("by-header", SECRET).await.status, StatusCode::OK);
    assert_eq!(body("by-body", SECRET).await.status, StatusCode::OK);

    let wrong = header("by-header", "wrong").await;
    assert_eq!(
        (wrong.status, wrong.error().as_str()),
        (StatusCode::UNAUTHORIZED, "invalid_client")
    );
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
    let wrong = header("by-body", SECRET).await;
    assert_eq!(
        (wrong.status, wrong.error().as_str()),
        (StatusCode::UNAUTHORIZED, "invalid_client")
    );
    for (client, secret) in [("by-header", SECRET), ("by-body", "wrong"), ("portal", SECRET)] {
        let refused = body(client, secret).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{client}");
        assert_eq!(refused.error(), "invalid_client", "{client}");
        assert_eq!(refused.header("www-authenticate"), "");
    }
    let bare = world.post("/token", &format!("{}&client_id=by-body", encoded(&ask())), &[]).await;
    assert_eq!(bare.error(), "invalid_client", "not at all");
}

async fn two_methods_at_once_are_refused(db: Db) {
    let world = World::new(db).await;
    world.with_secret("by-header", AuthMethod::ClientSecretBasic, |_| {}).await;
    let authorization = basic("by-header", SECRET);
    let headers = [("authorization", authorization.as_str())];
    let mut both = ask();
    both.insert("client_secret".into(), SECRET.into());
    assert_eq!(world.post("/token", &encoded(&both), &headers).await.error(), "invalid_request");
    let mut both = ask();
    both.extend(world.assertion("portal"));
    both.insert("client_secret".into(), SECRET.into());
    assert_eq!(world.post("/token", &encoded(&both), &[]).await.error(), "invalid_request");
    let twice = [headers[0], headers[0]];
    assert_eq!(world.post("/token", &encoded(&ask()), &twice).await.error(), "invalid_request");
    let mut other = ask();
    other.insert("client_id".into(), "portal".into());
    assert_eq!(world.post("/token", &encoded(&other), &headers).await.error(), "invalid_client");
}

async fn an_assertion_is_used_up_by_a_refused_request_too(db: Db) {
    let world = World::new(db).await;
    for grant_type in ["client_credentials", "refresh_token", "authorization_code", "password"] {
        let mut form = fields([
            ("grant_type", grant_type),
            ("scope", "unheard_of"),
            ("refresh_token", "unknown"),
            ("code", "unknown"),
        ]);
        let assertion = world.assertion("portal");
        form.extend(assertion.clone());
        let refused = world.post("/token", &encoded(&form), &[]).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{grant_type}");
        assert_ne!(refused.error(), "invalid_client", "{grant_type}");
        let mut form = ask();
        form.extend(assertion);
        let replayed = world.post("/token", &encoded(&form), &[]).await;
        assert_eq!(replayed.error(), "invalid_client", "{grant_type}");
    }
}

async fn a_changed_registration_counts_at_once_at_every_replica(db: Db) {
    let world = World::new(db).await;
    let replica = world.replica();
    world.with_secret("by-header", AuthMethod::ClientSecretBasic, |_| {}).await;
    let ask = async |world: &World, secret: &str| {
        world.post_basic("/token", "by-header", secret, &ask()).await.status
    };
    assert_eq!(ask(&world, SECRET).await, StatusCode::OK);
    assert_eq!(ask(&replica, SECRET).await, StatusCode::OK);
    let hash = siegel_crypto::b64::encode(siegel_crypto::sha256(b"new"));
    world.change("by-header", |client| client.secret_hash = Some(hash)).await;
    for world in [&world, &replica] {
        assert_eq!(ask(world, SECRET).await, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(world, "new").await, StatusCode::OK);
    }
}

async fn endless_wrong_secrets_lock_nobody_out_and_leave_a_bounded_trail(db: Db) {
    let world = World::new(db).await;
    world.with_secret("by-header", AuthMethod::ClientSecretBasic, |_| {}).await;
    for _ in 0..50 {
        let refused = world.post_basic("/token", "by-header", "guess", &ask()).await;
        assert_eq!(refused.error(), "invalid_client");
    }
    let refused = async || {
        let all = world.audited().await;
        all.iter().filter(|(kind, _)| kind == "identity.token.refused").count()
    };
    assert_eq!(refused().await, 20);
    let owner = world.post_basic("/token", "by-header", SECRET, &ask()).await;
    assert_eq!(owner.status, StatusCode::OK, "the owner is not locked out");
    world.clock.advance(Duration::from_mins(1));
    refusal::settle(&world.state).await;
    refusal::settle(&world.state).await;
    assert_eq!(refused().await, 21, "the rest in one line");
}
