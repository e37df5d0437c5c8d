//! The sender's stream: every event once and in order, from any cursor, for as long as events are
//! kept.

use std::num::NonZeroU32;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Streaming};
use tonic_types::StatusExt as _;

use super::world::{DAY, FOREIGN_CLIENT, World, client, senders};
use crate::app::Postbox;
use crate::config::Config;
use crate::start::build;

on_each_backend! { &crate::MIGRATIONS =>
    a_reader_that_starts_again_at_any_position_gets_every_event_once_and_in_order,
    a_reader_goes_on_at_another_replica,
    a_cursor_from_months_back_still_leads_to_everything_after_it,
    a_message_says_how_many_events_wait_behind_it,
    a_reader_that_pauses_gets_every_event_in_order_all_the_same,
    a_quiet_stream_says_again_and_again_that_it_is_alive_and_where_it_is,
    a_cursor_from_before_the_kept_events_is_refused_with_the_oldest_one,
    without_a_cursor_the_stream_begins_with_what_is_kept,
    events_are_kept_for_good_unless_days_are_set
}

async fn stream(world: &World, cursor: &str) -> Streaming<pb::WatchEventsResponse> {
    let request = pb::WatchEventsRequest { cursor: cursor.into() };
    world.sender().watch_events(request).await.unwrap().into_inner()
}

/// Events of a stream up to its first heartbeat.
async fn all(mut stream: Streaming<pb::WatchEventsResponse>) -> Vec<pb::WatchEventsResponse> {
    let mut seen = Vec::new();
    loop {
        let message = stream.message().await.unwrap().unwrap();
        if message.event.is_none() {
            return seen;
        }
        seen.push(message);
    }
}

/// The stream's first so many events; then the connection breaks.
async fn some(
    mut stream: Streaming<pb::WatchEventsResponse>,
    count: usize,
) -> Vec<pb::WatchEventsResponse> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let message = stream.message().await.unwrap().unwrap();
        if message.event.is_none() {
            break;
        }
        seen.push(message);
    }
    seen
}

fn cursors(events: &[pb::WatchEventsResponse]) -> Vec<String> {
    events.iter().map(|event| event.cursor.clone()).collect()
}

/// Letters with three events each: accepted, provided, notified.
async fn letters(world: &World, count: usize) {
    for n in 0..count {
        world.deliver(&format!("r{n}"), |r| r.attachments.clear()).await;
    }
    world.settle().await;
}

/// A postbox of the same database that forgets events after so many days.
async fn forgetful(world: &World, days: u32) -> Postbox {
    let mut config = Config::in_directory(world.dir.path(), senders());
    config.event_days = Some(days);
    build(config, &world.outside).await.unwrap()
}

async fn a_reader_that_starts_again_at_any_position_gets_every_event_once_and_in_order(db: Db) {
    let world = World::new(db).await;
    letters(&world, 6).await;
    let expected = cursors(&all(stream(&world, "").await).await);
    assert_eq!(expected.len(), 18);
    let mut runner = TestRunner::deterministic();
    for _ in 0..12 {
        let bites = prop::collection::vec(1..6_usize, 18).new_tree(&mut runner).unwrap().current();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for bite in bites {
            let part = cursors(&some(stream(&world, &cursor).await, bite).await);
            cursor = part.last().cloned().unwrap_or(cursor);
            seen.extend(part);
        }
        assert_eq!(seen, expected);
    }
}

async fn a_reader_goes_on_at_another_replica(db: Db) {
    let world = World::new(db).await;
    letters(&world, 3).await;
    let expected = cursors(&all(stream(&world, "").await).await);
    let config = Config::in_directory(world.dir.path(), senders());
    let other = World { postbox: build(config, &world.outside).await.unwrap(), ..world };
    let first = cursors(&some(stream(&other, "").await, 4).await);
    let rest = cursors(&all(stream(&other, &first[3]).await).await);
    assert_eq!([first, rest].concat(), expected);
}

async fn a_cursor_from_months_back_still_leads_to_everything_after_it(db: Db) {
    let world = World::new(db).await;
    world.deliver("old", |_| {}).await;
    world.settle().await;
    let before = all(stream(&world, "").await).await;
    for month in 0..5 {
        world.wait(DAY * 30).await;
        world.deliver(&format!("m{month}"), |_| {}).await;
    }
    world.settle().await;
    let since = all(stream(&world, &before.last().unwrap().cursor).await).await;
    let whole = all(stream(&world, "").await).await;
    assert_eq!(cursors(&since), cursors(&whole[before.len()..]));
    let oldest = &whole[0];
    assert_eq!(oldest.lag_ms, 150 * 24 * 3_600_000, "how far behind its reader is");
}

async fn a_message_says_how_many_events_wait_behind_it(db: Db) {
    let world = World::new(db).await;
    letters(&world, 40).await;
    let seen = all(stream(&world, "").await).await;
    assert_eq!(seen.len(), 120, "more than one batch");
    let behind: Vec<i64> = seen.iter().map(|event| event.behind).collect();
    assert_eq!(behind, (0..120).rev().collect::<Vec<i64>>());
}

async fn a_reader_that_pauses_gets_every_event_in_order_all_the_same(db: Db) {
    let world = World::new(db).await;
    letters(&world, 2).await;
    let mut slow = stream(&world, "").await;
    letters(&world, 40).await;
    // Nobody took a message: at most a batch was read ahead, and all of it comes later.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let mut seen = Vec::new();
    while seen.len() < 120 {
        let message = slow.message().await.unwrap().unwrap();
        seen.extend(message.event.map(|_| message.cursor));
    }
    assert_eq!(seen, cursors(&all(stream(&world, "").await).await));
}

async fn a_quiet_stream_says_again_and_again_that_it_is_alive_and_where_it_is(db: Db) {
    let world = World::with(db, often).await;
    letters(&world, 1).await;
    let told = cursors(&all(stream(&world, "").await).await);
    let mut quiet = stream(&world, told.last().unwrap()).await;
    for _ in 0..4 {
        let beat = quiet.message().await.unwrap().unwrap();
        assert_eq!((beat.event.is_none(), &beat.cursor), (true, told.last().unwrap()));
        assert_eq!((beat.lag_ms, beat.behind), (0, 0), "all there was is told");
    }
    // It is the same stream that tells what comes then.
    letters_again(&world).await;
    let event = loop {
        if let Some(event) = quiet.message().await.unwrap().unwrap().event {
            break event;
        }
    };
    assert_eq!(event.kind, "accepted");
}

/// Heartbeats that a test does not wait long for.
pub fn often(config: &mut Config) {
    config.limits.heartbeat_ms = NonZeroU32::MIN;
}

async fn a_cursor_from_before_the_kept_events_is_refused_with_the_oldest_one(db: Db) {
    let world = World::new(db).await;
    let keeper = forgetful(&world, 30).await;
    letters(&world, 1).await;
    let first = all(stream(&world, "").await).await;
    world.wait(DAY * 31).await;
    letters_again(&world).await;
    keeper.sweep().await.unwrap();
    let mut refused = stream(&world, &first[0].cursor).await;
    let status = refused.message().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_deref()),
        (Code::OutOfRange, Some("CURSOR_TOO_OLD"))
    );
    let facts = status.get_error_details().error_info().unwrap().metadata.clone();
    let rest = all(stream(&world, &facts["oldest"]).await).await;
    assert_eq!(cursors(&rest), cursors(&all(stream(&world, "").await).await));
    // Who had seen all that was forgotten has missed nothing.
    assert_eq!(cursors(&all(stream(&world, &first[2].cursor).await).await), cursors(&rest));
    let other = client(FOREIGN_CLIENT, "neustadt");
    let request = pb::WatchEventsRequest { cursor: first[0].cursor.clone() };
    let mut quiet = world.sender_as(other).watch_events(request).await.unwrap().into_inner();
    let beat = quiet.message().await.unwrap().unwrap();
    assert!(beat.event.is_none(), "nothing of this sender was forgotten");
}

async fn letters_again(world: &World) {
    world.deliver("again", |r| r.attachments.clear()).await;
    world.settle().await;
}

async fn without_a_cursor_the_stream_begins_with_what_is_kept(db: Db) {
    let world = World::new(db).await;
    let keeper = forgetful(&world, 30).await;
    letters(&world, 2).await;
    world.wait(DAY * 31).await;
    letters_again(&world).await;
    keeper.sweep().await.unwrap();
    let seen = all(stream(&world, "").await).await;
    let kinds: Vec<_> = seen.iter().map(|e| e.event.as_ref().unwrap().kind.as_str()).collect();
    // What happened on the first day is forgotten; the ends came on the fourth.
    let ends = ["deemed_announced", "deemed_announced"];
    assert_eq!(kinds[..2], ends);
    assert_eq!(kinds[2..], ["accepted", "provided", "notified"]);
}

async fn events_are_kept_for_good_unless_days_are_set(db: Db) {
    let world = World::new(db).await;
    letters(&world, 1).await;
    world.wait(DAY * 4_000).await;
    assert_eq!(world.count("event_horizons").await, 0);
    let seen = all(stream(&world, "").await).await;
    assert_eq!(seen[0].event.as_ref().unwrap().kind, "accepted");
}
