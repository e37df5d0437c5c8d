//! What days are counted from, row by row of the rule table, and how a letter under each row ends.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_proto::notification::v1::NotificationState;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::world::{CLIENT, DAY, World, client, formal, letter};
use crate::domain::legal::{Day0, OnNoRetrieval, Shift, in_force};
use crate::store::rules;

on_each_backend! { &crate::MIGRATIONS =>
    every_shipped_row_counts_as_its_law_does_before_and_since_2025,
    under_each_basis_a_letter_ends_as_its_law_says_opened_or_not,
    a_letter_provided_after_midnight_in_berlin_counts_from_the_new_day,
    days_are_whole_local_days_across_the_change_of_the_clock,
    without_a_notification_no_fiction_comes_that_counts_from_it,
    days_from_the_notification_begin_on_the_day_on_which_it_left,
    a_late_notification_counts_the_day_of_a_letter_that_was_opened_before,
    provision_of_which_nobody_was_told_does_not_end_after_ten_days,
    a_failed_notification_stops_no_day_that_counts_from_provision,
}

const FICTION: OnNoRetrieval = OnNoRetrieval::DeemedAnnounced;
const SERVICE: OnNoRetrieval = OnNoRetrieval::DeemedServed;
const ENDS: OnNoRetrieval = OnNoRetrieval::ProvisionEnds { days: 10 };

/// Basis, citation, day 0, days until 2024-12-31 (none: no row) and since, shift, and what comes
/// of a letter that nobody retrieves.
type Row = (&'static str, &'static str, Day0, Option<u32>, u32, Shift, OnNoRetrieval);
// Four days instead of three: Postrechtsmodernisierungsgesetz (BGBl. 2024 I Nr. 236).
const ROWS: [Row; 9] = [
    ("ozg-9", "OZG § 9 Abs. 1", Day0::Provision, Some(3), 4, Shift::None, FICTION),
    ("vwvfg-41-2", "VwVfG § 41 Abs. 2", Day0::Sending, Some(3), 4, Shift::None, FICTION),
    ("vwvfg-41-2a", "VwVfG § 41 Abs. 2a", Day0::Retrieval, Some(1), 1, Shift::None, ENDS),
    ("vwzg-5-7", "VwZG § 5 Abs. 7", Day0::Sending, Some(3), 4, Shift::None, SERVICE),
    ("vwzg-5a-4", "VwZG § 5a Abs. 4", Day0::Sending, Some(3), 4, Shift::None, SERVICE),
    ("ao-122-2", "AO § 122 Abs. 2, 2a", Day0::Sending, Some(3), 4, Shift::WorkingDay, FICTION),
    ("ao-122a", "AO § 122a Abs. 4", Day0::Notification, Some(3), 4, Shift::WorkingDay, FICTION),
    ("sgbx-37", "SGB X § 37 Abs. 2", Day0::Sending, Some(3), 4, Shift::None, FICTION),
    ("lvwg-sh-110", "LVwG SH § 110", Day0::Sending, None, 4, Shift::None, FICTION),
];

async fn every_shipped_row_counts_as_its_law_does_before_and_since_2025(db: Db) {
    let mut tx = db.read().await.unwrap();
    let stored = rules::all(&mut tx).await.unwrap();
    let bases: std::collections::BTreeSet<_> = stored.iter().map(|r| &*r.legal_basis).collect();
    assert_eq!(bases, ROWS.iter().map(|row| row.0).collect(), "a row that no law is named for");
    for (basis, law, day0, before, since, shift, end) in ROWS {
        for (day, days) in [("2024-12-31", before), ("2025-01-01", Some(since))] {
            let row = in_force(&stored, basis, LegalDay::parse(day).unwrap());
            assert_eq!(row.map(|row| row.days), days, "{basis} on {day}");
            let Some(row) = row else { continue };
            assert_eq!((&*row.law, row.day0), (law, day0), "{basis}");
            assert_eq!((row.shift, row.on_no_retrieval), (shift, end), "{basis}");
            assert!(!row.confirmed_by_operator, "{basis} waits for the operator");
        }
    }
}

async fn under_each_basis_a_letter_ends_as_its_law_says_opened_or_not(db: Db) {
    let world = World::new(db).await;
    let mut sent = Vec::new();
    for (basis, _, _, _, _, _, end) in ROWS {
        for opened in [false, true] {
            let done = world
                .deliver(&format!("{basis} {opened}"), |r| {
                    if end == SERVICE {
                        formal(r);
                    }
                    letter(r).legal_basis = basis.into();
                })
                .await;
            sent.push((basis, end, opened, done.letter_id));
        }
    }
    world.settle().await;
    for (_, _, _, id) in sent.iter().filter(|letter| letter.2) {
        world.open(id).await.unwrap();
    }
    world.wait(DAY * 12).await;
    for (basis, end, opened, id) in sent {
        let (kind, state) = match (end, opened) {
            (SERVICE, _) => ("deemed_served", pb::DeliveryState::DeemedServed),
            (_, true) => ("opened", pb::DeliveryState::Opened),
            (FICTION, false) => ("deemed_announced", pb::DeliveryState::DeemedAnnounced),
            (_, false) => ("provision_ended", pb::DeliveryState::ProvisionEnded),
        };
        assert_eq!(world.sent(&id).await.state(), state, "{basis}, opened: {opened}");
        let effect = world.entry(&id, kind).await.body.legal_effect.unwrap();
        assert_eq!(effect.legal_basis, basis, "the end names its law");
        let kinds = world.kinds(&id).await;
        let ends: Vec<_> = kinds.iter().filter(|kind| !is_step(kind)).collect();
        let expected: Vec<_> = [kind].into_iter().filter(|kind| !is_step(kind)).collect();
        assert_eq!(ends, expected, "{basis}, opened: {opened}");
    }
}

fn is_step(kind: &str) -> bool {
    ["accepted", "provided", "notified", "opened"].contains(&kind)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

async fn a_letter_provided_after_midnight_in_berlin_counts_from_the_new_day(db: Db) {
    let world = World::new(db).await;
    // A second before midnight and at midnight, in winter.
    for (id, instant, day) in [
        ("r1", "2025-03-05T22:59:59Z", "2025-03-09"),
        ("r2", "2025-03-05T23:00:00Z", "2025-03-10"),
        ("r3", "2025-07-05T21:59:59Z", "2025-07-09"),
        ("r4", "2025-07-05T22:00:00Z", "2025-07-10"),
    ] {
        world.clock.set(at(instant));
        let done = world.deliver(id, |_| {}).await;
        assert_eq!(done.announced_on, day, "provided at {instant}");
    }
}

async fn days_are_whole_local_days_across_the_change_of_the_clock(db: Db) {
    let world = World::new(db).await;
    // Summer time begins on Sunday, 30 March 2025, and ends on 26 October.
    for (id, provided, day, over) in [
        ("spring", "2025-03-28T10:00:00Z", "2025-04-01", "2025-04-01T22:00:00.000000Z"),
        ("autumn", "2025-10-24T10:00:00Z", "2025-10-28", "2025-10-28T23:00:00.000000Z"),
    ] {
        world.clock.set(at(provided));
        let done = world.deliver(id, |_| {}).await;
        assert_eq!(done.announced_on, day);
        world.clock.set(at(over).minus(Duration::from_micros(1)));
        world.settle().await;
        let sent = world.sent(&done.letter_id).await;
        assert_eq!(sent.state(), pb::DeliveryState::Provided, "{id}: the day is not over");
        world.wait(Duration::from_micros(1)).await;
        let entry = world.entry(&done.letter_id, "deemed_announced").await;
        assert_eq!(entry.body.event_time, over);
    }
}

fn told(world: &World, state: NotificationState) {
    *world.notifications.state.lock().unwrap() = state;
}

fn under(basis: &'static str) -> impl Fn(&mut pb::SubmitRequest) {
    move |request| letter(request).legal_basis = basis.into()
}

async fn without_a_notification_no_fiction_comes_that_counts_from_it(db: Db) {
    let world = World::new(db).await;
    told(&world, NotificationState::NoContact);
    let done = world.deliver("r1", under("ao-122a")).await;
    world.settle().await;
    let failed = world.entry(&done.letter_id, "notify_failed").await.body;
    assert_eq!(failed.legal_effect, None, "no day has begun");
    assert_eq!(world.summary(&done.letter_id).await.announced_on, "");
    world.wait(DAY * 30).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::Provided);
    world.wait(DAY * 340).await;
    let ended = world.entry(&done.letter_id, "expired_unread").await.body;
    assert_eq!(ended.legal_effect, None);
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "notify_failed", "expired_unread"]);
    let events = world.postbox.events_after(&sender(), 0).await.unwrap();
    let failed = events.iter().find(|e| e.kind == "notify_failed").unwrap();
    assert_eq!(failed.letter.to_string(), done.letter_id);
}

/// The sender whose letters these are, as it follows its events.
fn sender() -> crate::app::submit::SenderClient {
    crate::app::submit::SenderClient {
        client_id: CLIENT.into(),
        tenant: "musterstadt".into(),
        name: client(CLIENT, "musterstadt").name(),
    }
}

async fn days_from_the_notification_begin_on_the_day_on_which_it_left(db: Db) {
    let world = World::new(db).await;
    told(&world, NotificationState::Queued);
    let done = world.deliver("r1", under("ao-122a")).await;
    world.settle().await;
    // The mail server is away for longer than the four days.
    world.wait(DAY * 6).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::Provided);
    assert_eq!(world.summary(&done.letter_id).await.announced_on, "", "it has not left yet");
    told(&world, NotificationState::Sent);
    world.wait(DAY).await;
    let notified = world.entry(&done.letter_id, "notified").await.body;
    assert!(!notified.notification.unwrap().same_day);
    let effect = notified.legal_effect.unwrap();
    assert_eq!((&*effect.day0_event, &*effect.day0), ("notification", "2025-03-13"));
    assert_eq!(effect.day, "2025-03-17");
    world.wait(DAY * 5).await;
    let ended = world.entry(&done.letter_id, "deemed_announced").await.body;
    assert_eq!(ended.legal_effect.unwrap().day, "2025-03-17");
}

async fn a_late_notification_counts_the_day_of_a_letter_that_was_opened_before(db: Db) {
    let world = World::new(db).await;
    told(&world, NotificationState::Queued);
    let late = world.deliver("r1", under("ao-122a")).await.letter_id;
    let retrieved = world.deliver("r2", under("vwvfg-41-2a")).await.letter_id;
    for id in [&late, &retrieved] {
        world.open(id).await.unwrap();
    }
    told(&world, NotificationState::Sent);
    world.wait(DAY * 5).await;
    for (id, day) in [(&late, "2025-03-17"), (&retrieved, "2025-03-07")] {
        assert_eq!(world.sent(id).await.state(), pb::DeliveryState::Opened);
        assert_eq!(world.summary(id).await.announced_on, day);
    }
    // And where none ever leaves, none.
    told(&world, NotificationState::NoContact);
    let never = world.deliver("r3", under("ao-122a")).await.letter_id;
    world.open(&never).await.unwrap();
    world.settle().await;
    assert_eq!(world.summary(&never).await.announced_on, "");
}

async fn provision_of_which_nobody_was_told_does_not_end_after_ten_days(db: Db) {
    let world = World::new(db).await;
    told(&world, NotificationState::NoContact);
    let opened = world.deliver("r1", under("vwvfg-41-2a")).await.letter_id;
    let unopened = world.deliver("r2", under("vwvfg-41-2a")).await.letter_id;
    world.settle().await;
    let failed = world.entry(&opened, "notify_failed").await.body.legal_effect.unwrap();
    assert_eq!((&*failed.effect, &*failed.day0_event), ("announced_if_retrieved", "provision"));
    world.wait(DAY * 20).await;
    let shown = world.open(&opened).await.unwrap().letter.unwrap();
    assert_eq!(shown.announced_on, "2025-03-27", "the day after it was retrieved");
    world.wait(DAY * 350).await;
    let ended = world.entry(&unopened, "provision_ended").await.body.legal_effect.unwrap();
    assert_eq!((&*ended.effect, &*ended.day0_event), ("provision_ended", "provision"));
    assert_eq!((ended.days, &*ended.day), (365, "2026-03-06"));
    assert_eq!(world.summary(&unopened).await.announced_on, "");
}

async fn a_failed_notification_stops_no_day_that_counts_from_provision(db: Db) {
    let world = World::new(db).await;
    told(&world, NotificationState::NoContact);
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    let failed = world.entry(&done.letter_id, "notify_failed").await.body;
    assert_eq!(failed.legal_effect.unwrap().day, "2025-03-10");
    world.wait(DAY * 6).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::DeemedAnnounced);
}
