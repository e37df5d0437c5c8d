//! Batches whose work stops between any two steps, or within one.

use std::time::Duration;

use siegel_db::Db;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::batches::{add, cancel, commit, counts, get, letters, total, work};
use super::world::{CLIENT, DAY, World};
use crate::store::batches;

on_each_backend! { &crate::MIGRATIONS =>
    stopping_between_any_two_letters_loses_and_doubles_nothing,
    a_letter_taken_by_two_workers_is_delivered_once,
    a_batch_that_a_replica_works_on_is_left_to_it_until_its_claim_is_over,
    removal_that_stops_half_way_goes_on,
    an_addition_that_is_dropped_half_way_leaves_nothing_visible
}

async fn stopping_between_any_two_letters_loses_and_doubles_nothing(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 5).await).await.unwrap();
    commit(&world, false).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let sender = [CLIENT, "musterstadt", "b1"];
    let batch = batches::named(&mut tx, sender).await.unwrap().unwrap();
    drop(tx);
    // The worker that reads the entries is lost after each of its steps, sometimes within one.
    for stopped_after in 0..5_u64 {
        let waiting = batches::waiting(&world.db, batch.id, (0, 9)).await.unwrap();
        let within = world.postbox.deliver_entry(&batch, &waiting[0]);
        let _ = tokio::time::timeout(Duration::from_micros(stopped_after * 700), within).await;
        assert!(total(&world).await >= i64::try_from(stopped_after).unwrap());
        for entry in waiting.iter().take(1) {
            world.postbox.deliver_entry(&batch, entry).await.unwrap();
        }
    }
    work(&world).await;
    let found = get(&world).await;
    assert_eq!(counts(&found.batch.unwrap()), (pb::BatchState::Delivered, 0, 0, 5));
    assert_eq!((total(&world).await, world.unread().await), (5, 5));
    for entry in found.entries {
        assert_eq!(world.kinds(&entry.letter_id).await, ["accepted", "provided"]);
    }
    assert_eq!(world.count("sent_letters").await, 5);
}

async fn a_letter_taken_by_two_workers_is_delivered_once(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 3).await).await.unwrap();
    commit(&world, false).await.unwrap();
    let (one, two) = tokio::join!(world.postbox.next_batch(), world.postbox.next_batch());
    assert!(one.unwrap() | two.unwrap());
    assert_eq!((total(&world).await, world.count("evidence").await), (3, 6));
    let batch = get(&world).await.batch.unwrap();
    assert_eq!(counts(&batch), (pb::BatchState::Delivered, 0, 0, 3));
}

async fn a_batch_that_a_replica_works_on_is_left_to_it_until_its_claim_is_over(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 3).await).await.unwrap();
    commit(&world, false).await.unwrap();
    let now = world.postbox.now().legal;
    let (batch, since) = batches::due(&world.db, now).await.unwrap().unwrap();
    let until = now.plus(Duration::from_secs(30));
    assert!(batches::claim(&world.db, batch.id, (since, until)).await.unwrap());
    assert!(!batches::claim(&world.db, batch.id, (since, until)).await.unwrap());
    work(&world).await;
    assert_eq!(total(&world).await, 0, "another replica works on it");
    world.clock.advance(Duration::from_secs(30));
    work(&world).await;
    assert_eq!(total(&world).await, 3, "that replica ended");
}

async fn removal_that_stops_half_way_goes_on(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 3).await).await.unwrap();
    cancel(&world).await.unwrap();
    let mut tx = world.db.read().await.unwrap();
    let sender = [CLIENT, "musterstadt", "b1"];
    let batch = batches::named(&mut tx, sender).await.unwrap().unwrap();
    drop(tx);
    let waiting = batches::waiting(&world.db, batch.id, (0, 9)).await.unwrap();
    world.postbox.remove_entry(&waiting[1]).await.unwrap();
    world.postbox.remove_entry(&waiting[1]).await.unwrap();
    work(&world).await;
    assert_eq!((world.count("letters").await, world.objects()), (0, 0));
    assert_eq!(counts(&get(&world).await.batch.unwrap()), (pb::BatchState::Cancelled, 0, 0, 0));
}

async fn an_addition_that_is_dropped_half_way_leaves_nothing_visible(db: Db) {
    let world = World::new(db).await;
    let all = letters(&world, 2).await;
    for n in 0..20 {
        let adding = add(&world, all.clone());
        let _ = tokio::time::timeout(Duration::from_micros(n * 500), adding).await;
    }
    let added = add(&world, all).await.unwrap();
    assert_eq!(counts(&added.batch.unwrap()), (pb::BatchState::Open, 2, 0, 0));
    commit(&world, false).await.unwrap();
    work(&world).await;
    assert_eq!((total(&world).await, world.count("evidence").await), (2, 4));
    world.wait(DAY * 8).await;
    assert_eq!((world.count("uploads").await, world.objects()), (0, 4));
}
