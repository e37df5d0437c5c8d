//! Concurrent commits never make a reader skip an event.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use siegel_db::events::{Event, Feed, NewEvent, after, append, position_before};
use siegel_db::{Db, Tx};
use siegel_kernel::{Clock as _, Entropy as _, Timestamp};
use siegel_testkit::{CountingEntropy, TestClock, on_each_backend};
use tokio::sync::watch;
use tokio::task::JoinSet;

on_each_backend! { &crate::NONE =>
    no_reader_of_any_replica_skips_or_repeats_a_committed_event,
    an_event_is_invisible_until_it_is_numbered,
    a_rolled_back_event_is_never_numbered,
    what_was_committed_first_comes_first,
    topics_share_one_order_but_are_read_apart,
    the_position_before_an_instant_leaves_out_what_came_earlier,
    the_head_tells_a_waiting_reader_that_there_is_more,
}

const TOPIC: &str = "letters";
const WRITERS: u8 = 8;
const ROUNDS: u8 = 25;

async fn write(tx: &mut Tx, topic: &str, payload: &[u8], at: Timestamp) {
    let event = NewEvent { topic, kind: "provided", payload: payload.to_vec(), occurred_at: at };
    append(tx, &event).await.unwrap();
}

async fn commit_one(db: &Db, topic: &str, payload: &[u8]) {
    let mut tx = db.begin().await.unwrap();
    write(&mut tx, topic, payload, TestClock::default().now()).await;
    tx.commit().await.unwrap();
}

async fn number(db: &Db) -> i64 {
    Feed::new(db.clone()).number(&TestClock::default()).await.unwrap()
}

async fn payloads(db: &Db, topic: &str, position: i64) -> Vec<Vec<u8>> {
    let found = after(db, topic, position, 100).await.unwrap();
    found.into_iter().map(|e| e.payload).collect()
}

/// Writes `ROUNDS` events in transactions that stay open for random times; a quarter is given up.
/// The delay is what is tested here, not a wait for a state.
async fn writer(db: Db, feed: Feed, id: u8) -> BTreeSet<Vec<u8>> {
    let (clock, entropy) = (TestClock::default(), CountingEntropy::default());
    let mut committed = BTreeSet::new();
    for round in 0..ROUNDS {
        let dice = siegel_crypto::sha256(&[&entropy.bytes::<8>().unwrap()[..], &[id]].concat());
        let [before, inside, fate, ..] = dice;
        tokio::time::sleep(Duration::from_micros(u64::from(before) * 10)).await;
        let mut tx = db.begin().await.unwrap();
        write(&mut tx, TOPIC, &[id, round], clock.now()).await;
        tokio::time::sleep(Duration::from_micros(u64::from(inside) * 20)).await;
        if fate % 4 == 0 {
            drop(tx);
        } else {
            tx.commit().await.unwrap();
            feed.committed();
            committed.insert(vec![id, round]);
        }
    }
    committed
}

/// Follows the stream in small bites until it has seen as many as were committed.
async fn reader(db: Db, feed: Feed, mut expected: watch::Receiver<Option<usize>>) -> Vec<Event> {
    let mut head = feed.head();
    let mut seen: Vec<Event> = Vec::new();
    loop {
        let cursor = seen.last().map_or(0, |e| e.position);
        let more = after(&db, TOPIC, cursor, 7).await.unwrap();
        let dry = more.is_empty();
        seen.extend(more);
        let all = *expected.borrow();
        if all.is_some_and(|n| seen.len() >= n) {
            return seen;
        }
        if dry {
            tokio::select! {
                changed = head.changed() => changed.unwrap(),
                changed = expected.changed(), if all.is_none() => changed.unwrap(),
            }
        }
    }
}

async fn no_reader_of_any_replica_skips_or_repeats_a_committed_event(db: Db) {
    let clock = Arc::new(TestClock::default());
    let (done, expected) = watch::channel(None);
    let replicas = [Feed::new(db.clone()), Feed::new(db.clone())];
    let mut numberers = JoinSet::new();
    let mut readers = JoinSet::new();
    for feed in &replicas {
        numberers.spawn(feed.clone().run(clock.clone()));
        readers.spawn(reader(db.clone(), feed.clone(), expected.clone()));
    }
    let mut writers = JoinSet::new();
    for (id, feed) in (0..WRITERS).zip(replicas.iter().cycle()) {
        writers.spawn(writer(db.clone(), feed.clone(), id));
    }
    let committed: BTreeSet<Vec<u8>> = writers.join_all().await.into_iter().flatten().collect();
    assert!(committed.len() > usize::from(ROUNDS), "the dice let most of them through");
    done.send(Some(committed.len())).unwrap();

    let streams = tokio::time::timeout(Duration::from_mins(1), readers.join_all()).await;
    for seen in streams.expect("a reader waits for an event it has skipped") {
        let positions: Vec<i64> = seen.iter().map(|e| e.position).collect();
        let unbroken: Vec<i64> = (1..).take(committed.len()).collect();
        assert_eq!(positions, unbroken, "every position once, in order");
        let payloads: BTreeSet<Vec<u8>> = seen.into_iter().map(|e| e.payload).collect();
        assert_eq!(payloads, committed);
    }
}

async fn an_event_is_invisible_until_it_is_numbered(db: Db) {
    commit_one(&db, TOPIC, b"a").await;
    assert!(payloads(&db, TOPIC, 0).await.is_empty());
    assert_eq!(number(&db).await, 1);
    assert_eq!(payloads(&db, TOPIC, 0).await, [b"a"]);
    assert_eq!(number(&db).await, 0, "and is numbered once");
}

async fn a_rolled_back_event_is_never_numbered(db: Db) {
    let mut tx = db.begin().await.unwrap();
    write(&mut tx, TOPIC, b"never", TestClock::default().now()).await;
    drop(tx);
    commit_one(&db, TOPIC, b"a").await;
    number(&db).await;
    assert_eq!(payloads(&db, TOPIC, 0).await, [b"a"]);
}

/// The case that numbers drawn at insert time get wrong: a slow transaction with the lower number
/// commits after a reader has gone past it.
async fn what_was_committed_first_comes_first(db: Db) {
    if let Db::Sqlite { .. } = db {
        // One writer at a time: there is no slow transaction beside a fast one.
        commit_one(&db, TOPIC, b"fast").await;
        number(&db).await;
        commit_one(&db, TOPIC, b"slow").await;
    } else {
        let mut slow = db.begin().await.unwrap();
        write(&mut slow, TOPIC, b"slow", TestClock::default().now()).await;
        commit_one(&db, TOPIC, b"fast").await;
        assert_eq!(number(&db).await, 1, "the open transaction holds nobody up");
        assert_eq!(payloads(&db, TOPIC, 0).await, [b"fast"]);
        slow.commit().await.unwrap();
    }
    number(&db).await;
    assert_eq!(payloads(&db, TOPIC, 1).await, [b"slow"], "behind what was already read");
}

async fn topics_share_one_order_but_are_read_apart(db: Db) {
    for (topic, payload) in [("a", b"1"), ("b", b"2"), ("a", b"3")] {
        commit_one(&db, topic, payload).await;
    }
    number(&db).await;
    let positions = |events: Vec<Event>| events.iter().map(|e| e.position).collect::<Vec<_>>();
    assert_eq!(positions(after(&db, "a", 0, 9).await.unwrap()), [1, 3]);
    assert_eq!(positions(after(&db, "b", 0, 9).await.unwrap()), [2]);
    assert_eq!(positions(after(&db, "a", 0, 1).await.unwrap()), [1], "at most the limit");
}

async fn the_position_before_an_instant_leaves_out_what_came_earlier(db: Db) {
    let clock = TestClock::default();
    let start = clock.now();
    for payload in [b"1", b"2", b"3"] {
        let mut tx = db.begin().await.unwrap();
        write(&mut tx, TOPIC, payload, clock.now()).await;
        tx.commit().await.unwrap();
        clock.advance(Duration::from_mins(1));
    }
    number(&db).await;
    let before = |at| position_before(&db, TOPIC, at);
    assert_eq!(before(start).await.unwrap(), 0);
    assert_eq!(before(start.plus(Duration::from_mins(1))).await.unwrap(), 1);
    assert_eq!(before(clock.now()).await.unwrap(), 3, "nothing yet: from the end");
}

async fn the_head_tells_a_waiting_reader_that_there_is_more(db: Db) {
    let feed = Feed::new(db.clone());
    let mut head = feed.head();
    let running = tokio::spawn(feed.clone().run(Arc::new(TestClock::default())));
    commit_one(&db, TOPIC, b"a").await;
    feed.committed();
    let told = tokio::time::timeout(Duration::from_secs(10), head.wait_for(|at| *at == 1)).await;
    assert!(told.is_ok());
    running.abort();
}
