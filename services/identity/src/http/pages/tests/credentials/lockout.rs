use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, House, PASSWORD};
use super::{ERIKA, level};

on_each_backend! { &crate::MIGRATIONS =>
    who_only_knows_the_address_cannot_lock_its_owner_out,
    a_known_device_has_a_counter_of_its_own,
    a_device_is_known_to_the_account_it_logged_in_to,
    guesses_at_two_replicas_add_up,
}

/// Nine wrong passwords from strangers.
pub async fn attacked(house: &House, at: &House) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut guesser = house.browser();
    guesser.get(&format!("/login/{id}")).await;
    let mut guesser = guesser.at(at);
    for _ in 0..9 {
        guesser.tries(id, ERIKA, "falsch geraten").await;
        house.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(guesser.tries(id, ERIKA, PASSWORD).await.status.as_u16(), 429);
}

pub async fn tries(browser: &mut Browser<'_>, house: &House, password: &str) -> u16 {
    house.clock.advance(Duration::from_secs(1));
    let id = house.asks_with(|r| r.prompt = vec!["login".into()]).await;
    browser.get(&format!("/login/{id}")).await;
    browser.tries(id, ERIKA, password).await.status.as_u16()
}

async fn who_only_knows_the_address_cannot_lock_its_owner_out(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    attacked(&house, &house).await;
    assert_eq!(tries(&mut owner, &house, PASSWORD).await, 303, "a known browser");
    assert_eq!(level(&house, &owner).await, Some(TrustLevel::Basic));
    assert_eq!(tries(&mut owner.stranger(), &house, PASSWORD).await, 429, "an unknown one");
}

async fn a_known_device_has_a_counter_of_its_own(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    for _ in 0..9 {
        assert_eq!(tries(&mut owner, &house, "falsch geraten").await, 422);
        house.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(tries(&mut owner, &house, PASSWORD).await, 429, "it is no way around the limit");
    assert_eq!(tries(&mut owner.stranger(), &house, PASSWORD).await, 303, "and blocks no other");
}

async fn a_device_is_known_to_the_account_it_logged_in_to(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let mut neighbour = house.has_account("max@example.org").await;
    attacked(&house, &house).await;
    assert_eq!(tries(&mut neighbour, &house, PASSWORD).await, 429);
    let mut forged = house.browser();
    forged.cookies.insert("siegel_device".into(), siegel_crypto::b64::encode([7; 32]));
    assert_eq!(tries(&mut forged, &house, PASSWORD).await, 429);
}

async fn guesses_at_two_replicas_add_up(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    house.has_account(ERIKA).await;
    attacked(&house, &replica).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let page = browser.logs_in(id, ERIKA).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
}
