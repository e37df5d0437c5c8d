//! What clients hear of credentials and addresses.

use std::time::Duration;

use serde_json::Value;
use siegel_db::{Db, Tx};
use siegel_identity::app::address_events;
use siegel_identity::app::credentials::{Person, recovery};
use siegel_identity::domain::client::Client;
use siegel_identity::domain::interaction::SessionView;
use siegel_identity::store::clients;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use crate::ends::{client, delivers, enters, event, world};
use crate::party::Party;
use crate::world::World;

on_each_backend! { &siegel_identity::MIGRATIONS =>
    a_client_hears_that_a_credential_came,
    whoever_may_know_an_address_hears_that_it_changed_and_never_the_address,
    an_address_that_somebody_else_takes_is_told_to_clients_of_the_first,
    an_address_that_comes_back_is_not_recycled,
}

const RISC: &str = "https://schemas.openid.net/secevent/risc/event-type/";
const OLD: [u8; 32] = [1; 32];
const NEW: [u8; 32] = [2; 32];

async fn begin(world: &World) -> Tx {
    world.state.outside.db.begin().await.unwrap()
}

/// Two clients of the account, of which `c` may not know addresses.
async fn with_clients(world: &World, party: &Party) -> SessionView {
    let blind = Client { scopes: vec!["openid".to_owned()], ..client("c", "app", party) };
    let mut tx = begin(world).await;
    clients::put(&mut tx, &blind, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    let session = world.session(TrustLevel::Basic).await;
    enters(world, "a", "openid email", &session).await;
    enters(world, "c", "openid", &session).await;
    session
}

async fn changes(world: &World, session: &SessionView, before: [u8; 32], after: [u8; 32]) {
    world.clock.advance(Duration::from_secs(1));
    let mut tx = begin(world).await;
    let now = world.now();
    address_events::changed(&mut tx, session.account, &before, &after, now).await.unwrap();
    tx.commit().await.unwrap();
    delivers(world).await;
}

/// Whether the one event `a` was told is of this kind; its claims.
fn told(world: &World, party: &Party, kind: &str) -> Value {
    let claims = event(world, &party.told("/a/events"));
    assert_eq!(claims["events"], serde_json::json!({ format!("{RISC}{kind}"): {} }));
    claims
}

async fn a_client_hears_that_a_credential_came(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = with_clients(&world, &party).await;
    recovery::create(&world.state, &Person::of(&session)).await.unwrap();
    delivers(&world).await;
    let uri = "https://schemas.openid.net/secevent/caep/event-type/credential-change";
    for path in ["/a/events", "/c/events"] {
        let facts = event(&world, &party.told(path))["events"][uri].clone();
        assert_eq!(facts["credential_type"], "recovery-codes");
        assert_eq!(facts["change_type"], "create");
    }
}

async fn whoever_may_know_an_address_hears_that_it_changed_and_never_the_address(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = with_clients(&world, &party).await;
    changes(&world, &session, OLD, NEW).await;
    let claims = told(&world, &party, "identifier-changed");
    assert_eq!(claims["sub_id"]["format"], "iss_sub");
    assert_eq!(party.told("/c/events"), [], "it never knew one");
}

async fn an_address_that_somebody_else_takes_is_told_to_clients_of_the_first(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = with_clients(&world, &party).await;
    changes(&world, &session, OLD, NEW).await;
    let first = told(&world, &party, "identifier-changed");
    let other = world.session(TrustLevel::Basic).await;
    for _ in 0..2 {
        let mut tx = begin(&world).await;
        let now = world.now();
        address_events::taken(&mut tx, other.account, &OLD, now).await.unwrap();
        tx.commit().await.unwrap();
    }
    delivers(&world).await;
    let second = told(&world, &party, "identifier-recycled");
    assert_eq!(first["sub_id"], second["sub_id"], "once, and about the first account");
}

async fn an_address_that_comes_back_is_not_recycled(db: Db) {
    let party = Party::new().await;
    let world = world(db, &party).await;
    let session = with_clients(&world, &party).await;
    for (before, after) in [(OLD, NEW), (NEW, OLD)] {
        changes(&world, &session, before, after).await;
        told(&world, &party, "identifier-changed");
    }
}
