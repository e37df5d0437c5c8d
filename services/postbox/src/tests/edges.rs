//! Bad days: two replicas, clocks that jump, stores that are full or gone.

use std::time::Duration;

use siegel_db::{Db, on};
use siegel_grpc::reason;
use siegel_kernel::{Clock as _, Timestamp};
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::world::{DAY, World, formal, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    every_accepted_letter_carries_a_time_by_which_it_ends,
    two_sweepers_at_once_end_each_letter_once,
    the_sweeper_goes_on_after_a_sweep_that_failed,
    a_sweeper_that_was_away_for_a_year_dates_the_end_on_its_day,
    a_clock_set_back_ends_nothing_twice_and_nothing_early,
    times_of_a_letters_entries_never_go_back_with_the_clock,
    a_log_table_that_is_gone_refuses_the_letter,
    evidence_that_cannot_be_stored_leaves_a_letter_closed,
    a_full_disk_refuses_the_letter_and_shows_nothing_of_it
}

async fn every_accepted_letter_carries_a_time_by_which_it_ends(db: Db) {
    let world = World::new(db).await;
    let later = world.postbox.now().legal.plus(DAY * 30);
    let bend = |basis: &'static str, at: Option<Timestamp>| {
        move |r: &mut pb::SubmitRequest| {
            letter(r).legal_basis = basis.into();
            letter(r).publish_at = at.map(timestamp);
        }
    };
    for (n, basis) in ["", "ozg-9", "vwvfg-41-2a", "ao-122a"].into_iter().enumerate() {
        world.deliver(&format!("a{n}"), bend(basis, None)).await;
        world.deliver(&format!("b{n}"), bend(basis, Some(later))).await;
    }
    world.deliver("formal", formal).await;
    let without = "letters WHERE terminal_by_us IS NULL OR terminal_by_us <= accepted_at_us \
        OR due_at_us IS NULL";
    assert_eq!((world.count("letters").await, world.count(without).await), (9, 0));
}

async fn two_sweepers_at_once_end_each_letter_once(db: Db) {
    let world = World::new(db).await;
    let mut ids = Vec::new();
    for n in 0..12 {
        ids.push(world.deliver(&format!("r{n}"), |_| {}).await.letter_id);
    }
    world.clock.advance(DAY * 6);
    let (one, two) = tokio::join!(world.postbox.sweep(), world.postbox.sweep());
    one.unwrap();
    two.unwrap();
    assert_eq!(world.count("evidence WHERE kind = 'deemed_announced'").await, 12);
    for id in ids {
        assert_eq!(world.kinds(&id).await, ["accepted", "provided", "deemed_announced"]);
    }
}

async fn the_sweeper_goes_on_after_a_sweep_that_failed(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world
        .deliver("r2", |r| {
            let letter = super::world::letter(r);
            letter.legal_basis.clear();
            letter.notification =
                Some(pb::NotificationWish { reminder_after_days: 1, ..Default::default() });
        })
        .await;
    rename(&world.db, "ALTER TABLE reminders RENAME TO reminders_gone").await.unwrap();
    world.clock.advance(DAY * 10);
    let sweeping = tokio::spawn(world.postbox.clone().sweep_forever());
    let until = async |such: &'static str| {
        let found = async {
            while world.count(such).await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect(such);
    };
    until("letters WHERE state = 'deemed_announced'").await;
    assert!(world.kinds(&done.letter_id).await.contains(&"deemed_announced".to_owned()));
    rename(&world.db, "ALTER TABLE reminders_gone RENAME TO reminders").await.unwrap();
    until("reminders WHERE due_at_us IS NULL").await;
    sweeping.abort();
}

async fn rename(db: &Db, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    siegel_db::on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn a_sweeper_that_was_away_for_a_year_dates_the_end_on_its_day(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.wait(DAY * 365).await;
    let entry = world.entry(&done.letter_id, "deemed_announced").await;
    // The day expires at midnight in Berlin.
    assert_eq!(entry.body.event_time, "2025-03-10T23:00:00.000000Z");
    assert!(entry.body.recorded_time.starts_with("2026-03-06T"), "{}", entry.body.recorded_time);
    assert_eq!(entry.legal_day.as_deref(), Some("2025-03-10"));
}

async fn a_clock_set_back_ends_nothing_twice_and_nothing_early(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let end = Timestamp::parse_rfc3339("2025-03-10T23:00:00Z").unwrap();
    world.clock.set(end.plus(Duration::from_secs(30)));
    world.settle().await;
    let other = world.deliver("r2", |_| {}).await;
    world.clock.set(end.minus(Duration::from_mins(1)));
    world.settle().await;
    world.clock.set(end.plus(Duration::from_mins(1)));
    world.settle().await;
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds.iter().filter(|k| *k == "deemed_announced").count(), 1, "{kinds:?}");
    assert_eq!(world.sent(&other.letter_id).await.state(), pb::DeliveryState::Provided);
}

async fn times_of_a_letters_entries_never_go_back_with_the_clock(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    world.settle().await;
    let back = || world.clock.set(world.clock.now().minus(Duration::from_secs(90)));
    back();
    world.open(&done.letter_id).await.unwrap();
    back();
    world.confirm(&done.letter_id).await.unwrap();
    let mut last = (String::new(), String::new());
    let receipts = world.sent(&done.letter_id).await.receipts;
    let kinds: Vec<_> = receipts.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(kinds, ["accepted", "provided", "notified", "opened", "confirmed"]);
    for receipt in &receipts {
        let body = world.verified(receipt).await.body;
        let times = (body.event_time, body.recorded_time);
        assert!(times.0 >= last.0 && times.1 >= last.1, "{}: {times:?} {last:?}", receipt.kind);
        last = times;
    }
}

async fn run(db: &Db, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn a_log_table_that_is_gone_refuses_the_letter(db: Db) {
    let world = World::new(db).await;
    let order = request("r1", &world.handle(1).await);
    for (gone, back) in [
        (
            "ALTER TABLE log_leaves RENAME TO log_leaves_gone",
            "ALTER TABLE log_leaves_gone RENAME TO log_leaves",
        ),
        (
            "ALTER TABLE mailbox_heads RENAME TO mailbox_heads_gone",
            "ALTER TABLE mailbox_heads_gone RENAME TO mailbox_heads",
        ),
    ] {
        run(&world.db, gone).await.unwrap();
        let status = world.sender().submit(order.clone()).await.unwrap_err();
        run(&world.db, back).await.unwrap();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"), "{gone}");
        world.assert_nothing_stored().await;
    }
    world.sender().submit(order).await.unwrap();
}

async fn evidence_that_cannot_be_stored_leaves_a_letter_closed(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    run(&world.db, "ALTER TABLE log_leaves RENAME TO log_leaves_gone").await.unwrap();
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    run(&world.db, "ALTER TABLE log_leaves_gone RENAME TO log_leaves").await.unwrap();
    assert_eq!(world.unread().await, 1);
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    world.open(&done.letter_id).await.unwrap();
}

async fn number(db: &Db, sql: &'static str) -> Result<i64, siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    let found = on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await?);
    tx.commit().await?;
    Ok(found)
}

/// `SQLite` alone: `PostgreSQL` has no such switch.
async fn a_full_disk_refuses_the_letter_and_shows_nothing_of_it(db: Db) {
    let Db::Sqlite { .. } = &db else { return };
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let pages = number(&world.db, "PRAGMA page_count").await.unwrap();
    // The limit never goes below what is there: from here on nothing more fits.
    let limit = number(&world.db, "PRAGMA max_page_count = 1").await.unwrap();
    assert_eq!(limit, pages);
    let mut refused = None;
    for n in 2..200 {
        let mut order = request(&format!("r{n}"), &world.handle(1).await);
        letter(&mut order).bodies[0].plain_text = "x".repeat(20_000);
        if let Err(status) = world.sender().submit(order.clone()).await {
            refused = Some((status, order));
            break;
        }
    }
    let (status, order) = refused.expect("the disk is full");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    let (letters, heads) = (world.count("letters").await, world.count("mailbox_heads").await);
    assert_eq!(letters, heads);
    assert_eq!(world.count("evidence").await, letters * 2);
    assert_eq!(world.count("sent_letters").await, letters);
    // What was accepted before can be read, and there is room again.
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    number(&world.db, "PRAGMA max_page_count = 1000000").await.unwrap();
    world.sender().submit(order).await.unwrap();
    assert_eq!(world.count("letters").await, letters + 1);
}
