//! Partial tiles of the public log go when the full ones have been there for a day.

use std::time::Duration;

use siegel_crypto::sha256;
use siegel_db::{Db, on};
use siegel_testkit::on_each_backend;

use super::world::World;
use crate::app::log::{Brought, audit_log_with};

on_each_backend! { &crate::MIGRATIONS =>
    partial_tiles_go_a_day_after_the_full_ones_came,
    every_place_stays_provable_without_partial_tiles,
    partial_tiles_of_the_growing_edge_stay,
}

const DAY: Duration = Duration::from_hours(25);

/// Leaves without letters, and a checkpoint over them.
async fn grown(world: &World, count: i64) {
    let before = world.count("log_leaves").await;
    let mut tx = world.db.begin().await.unwrap();
    for n in before..before + count {
        add(&mut tx, &sha256(&n.to_be_bytes())).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.postbox.sequence().await.unwrap();
}

async fn add(tx: &mut siegel_db::Tx, leaf: &[u8]) -> Result<(), siegel_db::StoreError> {
    const SQL: &str = "INSERT INTO log_leaves (mailbox_id, letter_id, number, leaf) \
        VALUES ($1, $1, 1, $2)";
    let nobody = uuid::Uuid::from_u128(1);
    on!(tx, c => sqlx::query(SQL).bind(nobody).bind(leaf).execute(c).await?.rows_affected());
    Ok(())
}

/// The names of the stored files, without folder.
async fn files(world: &World) -> Vec<String> {
    let mut names = world.postbox.objects.below("log/").await.unwrap();
    names.sort();
    names.into_iter().map(|name| name.trim_start_matches("log/tile/").to_owned()).collect()
}

async fn partial_tiles_go_a_day_after_the_full_ones_came(db: Db) {
    let world = World::new(db).await;
    grown(&world, 5).await;
    grown(&world, 251).await;
    let all = ["0/000", "0/000.p/5", "1/000.p/1", "entries/000", "entries/000.p/5"];
    assert_eq!(files(&world).await, all);
    world.postbox.tidy_log().await.unwrap();
    assert_eq!(files(&world).await, all, "somebody may still work with the old checkpoint");
    world.clock.advance(DAY);
    world.postbox.tidy_log().await.unwrap();
    assert_eq!(files(&world).await, ["0/000", "1/000.p/1", "entries/000"]);
}

async fn every_place_stays_provable_without_partial_tiles(db: Db) {
    let world = World::new(db).await;
    for count in [3, 200, 53, 300, 44, 7] {
        grown(&world, count).await;
    }
    world.clock.advance(DAY);
    world.postbox.tidy_log().await.unwrap();
    let left = files(&world).await;
    for gone in ["0/000.p", "0/001.p", "entries/000.p", "entries/001.p"] {
        assert!(!left.iter().any(|name| name.starts_with(gone)), "{left:?}");
    }
    for size in [3, 203, 256, 556, 600, 607] {
        for leaf in [0_i64, size / 2, size - 1] {
            let proof = world.postbox.inclusion(&sha256(&leaf.to_be_bytes()), size).await.unwrap();
            assert_eq!((proof.index, proof.tree_size), (leaf, size));
        }
        world.postbox.consistency(size, 607).await.unwrap();
    }
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let report = audit_log_with(&config, &world.db, &Brought::default()).await.unwrap();
    // Leaves without receipts are all it finds: no file is missing.
    let names = report.differences.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(names.iter().all(|name| name.contains("the receipt")), "{names:?}");
}

async fn partial_tiles_of_the_growing_edge_stay(db: Db) {
    let world = World::new(db).await;
    grown(&world, 250).await;
    world.clock.advance(DAY);
    grown(&world, 10).await;
    world.postbox.tidy_log().await.unwrap();
    assert!(files(&world).await.contains(&"0/000.p/250".to_owned()), "full only since now");
    world.clock.advance(DAY);
    world.postbox.tidy_log().await.unwrap();
    let left = files(&world).await;
    assert_eq!(left, ["0/000", "0/001.p/4", "1/000.p/1", "entries/000", "entries/001.p/4"]);
}
