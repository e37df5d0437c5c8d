//! Changing the key that signs evidence, while letters go on.

use std::time::Duration;

use siegel_crypto::{Pkcs8Signer, SignatureAlg};
use siegel_db::Db;
use siegel_kernel::{Clock as _, Timestamp};
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, Verified, verify_published};
use siegel_testkit::on_each_backend;

use super::world::{World, request, senders};
use crate::app::Postbox;
use crate::config::{Config, EvidenceKeyConfig};
use crate::start::{StartError, build};

on_each_backend! { &crate::MIGRATIONS =>
    a_new_key_takes_over_at_its_instant_and_old_receipts_still_verify,
    two_replicas_of_which_one_knows_the_new_key_both_write_receipts_that_verify,
    an_ended_key_signs_nothing_more_and_starts_no_replica,
    a_key_of_another_algorithm_takes_over,
    a_clock_that_is_set_back_behind_the_start_of_a_key_spoils_no_receipt,
}

const HOUR: Duration = Duration::from_hours(1);

/// The settings of the world with one more key, from an instant on.
fn settings(world: &World, alg: SignatureAlg, active_from: Timestamp) -> Config {
    let mut config = Config::in_directory(world.dir.path(), senders());
    let file = world.dir.path().join("evidence-2.pem");
    std::fs::write(&file, Pkcs8Signer::generate_pem(alg).unwrap().as_bytes()).unwrap();
    config.evidence_keys = vec![EvidenceKeyConfig { file, active_from }];
    config
}

async fn started(world: &World, config: Config) -> Postbox {
    build(config, &world.outside).await.unwrap()
}

/// Delivers a letter and verifies its first receipt with what is published now.
async fn delivered(world: &World, request_id: &str) -> (ReceiptFile, Verified) {
    let done = world.deliver(request_id, |_| {}).await;
    let file = ReceiptFile::parse(&done.receipts[0].file).unwrap();
    let verified = verdict(world, &file).await;
    (file, verified)
}

async fn verdict(world: &World, file: &ReceiptFile) -> Verified {
    let keys = PublishedKeys::from_json(&world.postbox.key_set().await.unwrap()).unwrap();
    verify_published(file, &keys, KeyTrust::Given).unwrap()
}

async fn a_new_key_takes_over_at_its_instant_and_old_receipts_still_verify(db: Db) {
    let mut world = World::new(db).await;
    let (first, before) = delivered(&world, "r1").await;
    let from = world.clock.now().plus(2 * HOUR);
    world.postbox = started(&world, settings(&world, SignatureAlg::Es256, from)).await;
    let published = world.postbox.key_set().await.unwrap();
    assert_eq!(published.matches("siegel_valid_from").count(), 2, "both, long before");
    let (_, ahead) = delivered(&world, "r2").await;
    assert_eq!(ahead.key_thumbprint, before.key_thumbprint);
    world.clock.advance(2 * HOUR);
    let (_, after) = delivered(&world, "r3").await;
    assert_ne!(after.key_thumbprint, before.key_thumbprint);
    world.clock.advance(48 * HOUR);
    assert_eq!(verdict(&world, &first).await.key_thumbprint, before.key_thumbprint);
}

async fn two_replicas_of_which_one_knows_the_new_key_both_write_receipts_that_verify(db: Db) {
    let mut world = World::new(db).await;
    let old = world.postbox.clone();
    let from = world.clock.now().plus(HOUR);
    let new = started(&world, settings(&world, SignatureAlg::Es256, from)).await;
    let mut seen = Vec::new();
    for round in 0..3 {
        for (name, replica) in [("old", &old), ("new", &new)] {
            world.postbox = replica.clone();
            let (_, verified) = delivered(&world, &format!("{name}{round}")).await;
            seen.push(verified.key_thumbprint);
        }
        world.clock.advance(HOUR / 2 + Duration::from_mins(10));
    }
    let changed = &seen[0] != seen.last().unwrap();
    assert!(changed && seen.iter().filter(|key| **key == seen[0]).count() == 5, "{seen:?}");
    // A replica that comes back with the old settings ends nobody else's key.
    let again = started(&world, Config::in_directory(world.dir.path(), senders())).await;
    assert_eq!(again.key_set().await.unwrap(), new.key_set().await.unwrap());
}

async fn an_ended_key_signs_nothing_more_and_starts_no_replica(db: Db) {
    let mut world = World::new(db).await;
    let old = world.postbox.clone();
    let from = world.clock.now().plus(HOUR);
    let new = started(&world, settings(&world, SignatureAlg::Es256, from)).await;
    world.clock.advance(3 * HOUR);
    world.postbox = old;
    let before = world.count("evidence").await;
    let letter = request("r1", &world.handle(1).await);
    let refused = world.sender().submit(letter).await;
    assert!(refused.is_err(), "nobody would take such a receipt");
    assert_eq!(world.count("evidence").await, before);
    world.postbox = new;
    delivered(&world, "r1").await;
    let config = Config::in_directory(world.dir.path(), senders());
    assert!(matches!(build(config, &world.outside).await, Err(StartError::KeyEnded(_))));
}

async fn a_key_of_another_algorithm_takes_over(db: Db) {
    let mut world = World::new(db).await;
    let start = world.clock.now();
    let mut config = Config::in_directory(world.dir.path(), senders());
    let algorithms = [SignatureAlg::EdDsa, SignatureAlg::Es384];
    for (alg, hours) in algorithms.into_iter().zip(1..) {
        let mut more = settings(&world, alg, start.plus(hours * HOUR));
        let mut key = more.evidence_keys.remove(0);
        let file = world.dir.path().join(alg.as_str());
        std::fs::rename(&key.file, &file).unwrap();
        key.file = file;
        config.evidence_keys.push(key);
    }
    world.postbox = started(&world, config).await;
    for alg in algorithms {
        world.clock.advance(HOUR);
        let (file, _) = delivered(&world, alg.as_str()).await;
        assert_eq!(siegel_crypto::unverified(&file.jws).unwrap().alg, Some(alg));
    }
}

async fn a_clock_that_is_set_back_behind_the_start_of_a_key_spoils_no_receipt(db: Db) {
    let world = World::new(db).await;
    let started = world.clock.now();
    world.clock.set(started.minus(Duration::from_secs(90)));
    let (_, verified) = delivered(&world, "r1").await;
    assert_eq!(verified.body.recorded_time, started.to_rfc3339());
    assert!(verified.body.event_time < verified.body.recorded_time);
}
