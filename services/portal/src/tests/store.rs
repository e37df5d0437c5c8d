use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_testkit::{TestClock, on_each_backend};

use super::world::World;

use crate::store::{attempts, sessions};

on_each_backend! { &crate::MIGRATIONS =>
    an_attempt_is_taken_once_by_its_own_browser,
    an_attempt_that_came_too_late_is_gone,
    a_session_is_found_until_it_expires,
    a_touched_session_lives_on_and_a_renewed_one_has_its_new_level,
    sweeping_deletes_only_what_has_expired,
    every_browser_of_a_subject_is_signed_out_and_no_other,
    for_whom_a_browser_acts_is_kept_until_it_acts_for_its_person_again,
}

fn attempt(state: u8) -> attempts::Row {
    attempts::Row {
        state_hash: vec![state; 32],
        browser_hash: vec![9; 32],
        sealed: vec![1, 2, 3],
        asked_level: TrustLevel::Substantial,
        expires_at: TestClock::default().now().plus(Duration::from_mins(1)),
    }
}

fn session(cookie: u8) -> sessions::Row {
    let now = TestClock::default().now();
    sessions::Row {
        cookie_hash: vec![cookie; 32],
        sealed: vec![1],
        sealed_name: vec![2],
        sealed_acting: None,
        subject_hash: None,
        level: TrustLevel::Basic,
        started_at: now,
        last_seen_at: now,
        expires_at: now.plus(Duration::from_mins(1)),
    }
}

async fn an_attempt_is_taken_once_by_its_own_browser(db: Db) {
    let now = TestClock::default().now();
    let mut tx = db.begin().await.unwrap();
    attempts::insert(&mut tx, &attempt(1)).await.unwrap();
    assert!(attempts::take(&mut tx, &[1; 32], &[8; 32], now).await.unwrap().is_none());
    let taken = attempts::take(&mut tx, &[1; 32], &[9; 32], now).await.unwrap().unwrap();
    assert_eq!((taken.sealed, taken.asked_level), (vec![1, 2, 3], TrustLevel::Substantial));
    assert!(attempts::take(&mut tx, &[1; 32], &[9; 32], now).await.unwrap().is_none());
}

async fn an_attempt_that_came_too_late_is_gone(db: Db) {
    let late = TestClock::default().now().plus(Duration::from_mins(1));
    let mut tx = db.begin().await.unwrap();
    attempts::insert(&mut tx, &attempt(1)).await.unwrap();
    assert!(attempts::take(&mut tx, &[1; 32], &[9; 32], late).await.unwrap().is_none());
}

async fn a_session_is_found_until_it_expires(db: Db) {
    let row = session(1);
    let mut tx = db.begin().await.unwrap();
    sessions::insert(&mut tx, &row).await.unwrap();
    let found = sessions::find(&mut tx, &[1; 32], row.started_at).await.unwrap().unwrap();
    assert_eq!(found.sealed_name, [2]);
    assert!(sessions::find(&mut tx, &[1; 32], row.expires_at).await.unwrap().is_none());
    sessions::remove(&mut tx, &[1; 32]).await.unwrap();
    assert!(sessions::find(&mut tx, &[1; 32], row.started_at).await.unwrap().is_none());
}

async fn a_touched_session_lives_on_and_a_renewed_one_has_its_new_level(db: Db) {
    let row = session(1);
    let later = row.started_at.plus(Duration::from_secs(30));
    let until = row.expires_at.plus(Duration::from_mins(1));
    let mut tx = db.begin().await.unwrap();
    sessions::insert(&mut tx, &row).await.unwrap();
    sessions::touch(&mut tx, &[1; 32], later, until).await.unwrap();
    sessions::renew(&mut tx, &[1; 32], &[7], TrustLevel::High).await.unwrap();
    sessions::rename(&mut tx, &[1; 32], &[8]).await.unwrap();
    let found = sessions::find(&mut tx, &[1; 32], row.expires_at).await.unwrap().unwrap();
    assert_eq!((found.last_seen_at, found.expires_at), (later, until));
    assert_eq!((found.sealed, found.sealed_name), (vec![7], vec![8]));
    assert_eq!(found.level, TrustLevel::High);
}

async fn sweeping_deletes_only_what_has_expired(db: Db) {
    let (old, young) = (session(1), session(2));
    let young = sessions::Row { expires_at: old.expires_at.plus(Duration::from_secs(1)), ..young };
    let mut tx = db.begin().await.unwrap();
    sessions::insert(&mut tx, &old).await.unwrap();
    sessions::insert(&mut tx, &young).await.unwrap();
    attempts::insert(&mut tx, &attempt(1)).await.unwrap();
    assert_eq!(sessions::sweep(&mut tx, old.expires_at).await.unwrap(), 1);
    assert_eq!(attempts::sweep(&mut tx, old.expires_at).await.unwrap(), 1);
    assert!(sessions::find(&mut tx, &[2; 32], old.expires_at).await.unwrap().is_some());
}

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_and_columns() {
    siegel_testkit::assert_same_schema(&crate::MIGRATIONS).await;
}

#[tokio::test]
async fn the_database_knows_neither_cookie_nor_token_nor_name() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    let hash = siegel_crypto::sha256(world.browser.cookies["siegel_portal"].as_bytes());
    let mut tx = world.app.outside.db.read().await.unwrap();
    let row = sessions::find(&mut tx, &hash, world.clock.now()).await.unwrap().unwrap();
    for secret in ["rt-secret", "PRIVATE KEY", "pairwise-1", "Ada"] {
        for bytes in [&row.sealed, &row.sealed_name] {
            let held = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!held, "{secret} stands in the database");
        }
    }
}

#[tokio::test]
async fn the_sweeper_forgets_browsers_that_did_not_come_back() {
    let mut world = World::new().await;
    world.log_in("/account").await;
    world.clock.advance(Duration::from_hours(13));
    crate::sweep::once(&world.app).await.unwrap();
    let mut tx = world.app.outside.db.begin().await.unwrap();
    let swept = sessions::sweep(&mut tx, world.clock.now()).await.unwrap();
    assert_eq!(swept, 0, "nothing was left to sweep");
}

async fn every_browser_of_a_subject_is_signed_out_and_no_other(db: Db) {
    let now = TestClock::default().now();
    let mut tx = db.begin().await.unwrap();
    for (cookie, subject) in [(1, 7), (2, 7), (3, 8)] {
        let row = sessions::Row { subject_hash: Some(vec![subject; 32]), ..session(cookie) };
        sessions::insert(&mut tx, &row).await.unwrap();
    }
    let mut ended = sessions::remove_all_of(&mut tx, &[7; 32]).await.unwrap();
    ended.sort();
    assert_eq!(ended, [vec![1; 32], vec![2; 32]]);
    assert!(sessions::find(&mut tx, &[1; 32], now).await.unwrap().is_none());
    assert!(sessions::find(&mut tx, &[3; 32], now).await.unwrap().is_some());
}

async fn for_whom_a_browser_acts_is_kept_until_it_acts_for_its_person_again(db: Db) {
    let now = TestClock::default().now();
    let mut tx = db.begin().await.unwrap();
    for cookie in [1, 2] {
        sessions::insert(&mut tx, &session(cookie)).await.unwrap();
    }
    sessions::act_for(&mut tx, &[1; 32], Some(&[7])).await.unwrap();
    let acting = async |tx: &mut siegel_db::Tx, cookie: u8| {
        sessions::find(tx, &[cookie; 32], now).await.unwrap().unwrap().sealed_acting
    };
    assert_eq!(acting(&mut tx, 1).await, Some(vec![7]));
    assert_eq!(acting(&mut tx, 2).await, None, "no other browser acts for them");
    sessions::act_for(&mut tx, &[1; 32], None).await.unwrap();
    assert_eq!(acting(&mut tx, 1).await, None);
}
