//! The tables and their guards.

use std::time::Duration;

use siegel_db::Db;
use siegel_identity::app::sweep;
use siegel_identity::store::replay::{Seen, first_use};
use siegel_identity::store::{clients, interactions};
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::world::{World, redemption};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    an_id_is_new_once_per_owner_and_kind,
    sweeping_removes_what_is_over_and_nothing_else,
    a_client_that_is_no_longer_registered_is_gone_with_its_grants,
    an_interaction_is_bound_to_the_first_browser,
}

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_and_columns() {
    siegel_testkit::assert_same_schema(&siegel_identity::MIGRATIONS).await;
}

async fn an_id_is_new_once_per_owner_and_kind(db: Db) {
    let world = World::new(db).await;
    let until = world.now().plus(Duration::from_mins(1));
    let mut tx = world.state.outside.db.begin().await.unwrap();
    assert!(first_use(&mut tx, Seen::Assertion, "a", "1", until).await.unwrap());
    assert!(!first_use(&mut tx, Seen::Assertion, "a", "1", until).await.unwrap());
    assert!(first_use(&mut tx, Seen::Assertion, "b", "1", until).await.unwrap());
    assert!(first_use(&mut tx, Seen::DpopProof, "a", "1", until).await.unwrap());
}

async fn sweeping_removes_what_is_over_and_nothing_else(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let old = world.authorize([]).await.header("location");
    let code = world.code([], &session).await;
    let token = world.token("portal", redemption(&code)).await;
    world.clock.advance(Duration::from_mins(31));
    let new = world.authorize([]).await.header("location");
    sweep::once(&world.state, world.now()).await.unwrap();
    let mut tx = world.state.outside.db.read().await.unwrap();
    let id = |location: &str| location.strip_prefix("/login/").unwrap().parse().unwrap();
    // Asked at a time when both would still be valid, were they there.
    let then = session.started_at;
    assert!(interactions::find(&mut tx, id(&old), then).await.unwrap().is_none());
    assert!(interactions::find(&mut tx, id(&new), then).await.unwrap().is_some());
    drop(tx);
    let refreshed = crate::world::fields([
        ("grant_type", "refresh_token"),
        ("refresh_token", &token.text("refresh_token")),
    ]);
    assert_eq!(world.token("portal", refreshed).await.status, http::StatusCode::OK);
}

async fn a_client_that_is_no_longer_registered_is_gone_with_its_grants(db: Db) {
    let world = World::new(db).await;
    let session = world.session(TrustLevel::Basic).await;
    let code = world.code([], &session).await;
    let bearer =
        format!("Bearer {}", world.token("portal", redemption(&code)).await.text("access_token"));
    let mut left = world.state.config.registrations().unwrap();
    left.retain(|c| c.client_id != "portal");
    siegel_identity::app::clients::register(&world.state, &left).await.unwrap();
    let mut tx = world.state.outside.db.read().await.unwrap();
    assert_eq!(clients::ids(&mut tx).await.unwrap(), ["app", "bank", "other"]);
    drop(tx);
    let request = http::Request::get("/userinfo").header("authorization", &bearer);
    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.status, http::StatusCode::UNAUTHORIZED);
    assert_eq!(world.authorize([]).await.status, http::StatusCode::BAD_REQUEST);
}

async fn an_interaction_is_bound_to_the_first_browser(db: Db) {
    let world = World::new(db).await;
    let id = world.authorize([]).await.header("location");
    let id = id.strip_prefix("/login/").unwrap().parse().unwrap();
    let mut tx = world.state.outside.db.begin().await.unwrap();
    assert!(interactions::bind_browser(&mut tx, id, &[1; 32]).await.unwrap());
    assert!(!interactions::bind_browser(&mut tx, id, &[2; 32]).await.unwrap());
    let found = interactions::find(&mut tx, id, world.now()).await.unwrap().unwrap();
    assert_eq!(found.browser, Some([1; 32]));
}
