//! Purges that are stopped, doubled or in the way of a hold.

use siegel_db::{Db, on};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::purge::{opened, purged, world};
use super::world::DAY;
use crate::store::retention;

on_each_backend! { &crate::MIGRATIONS =>
    a_purge_waits_for_a_hold_that_is_being_placed,
    a_purge_happens_once_however_often_it_is_looked_at,
    a_purge_stopped_between_object_and_note_goes_on,
    an_object_store_that_is_down_keeps_no_key_alive,
    a_purge_that_cannot_be_attested_deletes_nothing
}

async fn a_purge_waits_for_a_hold_that_is_being_placed(db: Db) {
    use crate::store::admin::{HoldRow, place_hold};
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.clock.advance(DAY * 10);
    // As `PlaceLegalHold` does, stopped before its commit.
    let mut tx = world.db.begin().await.unwrap();
    let mailbox = crate::store::mailboxes::any(&mut tx).await.unwrap().unwrap().id;
    crate::store::mailboxes::hold(&mut tx, mailbox).await.unwrap();
    let row = HoldRow {
        id: crate::domain::HoldId::from_uuid(uuid::Uuid::from_u128(7)),
        tenant: "musterstadt".into(),
        mailbox_id: mailbox,
        letter_id: None,
        case_tag: None,
        reference: "Az. 1".into(),
        placed_at: world.postbox.now().recorded,
        placed_by: "betrieb-1".into(),
        released_at: None,
    };
    place_hold(&mut tx, &row).await.unwrap();
    let sweeping = world.postbox.clone();
    let mut sweep = tokio::spawn(async move { sweeping.sweep().await });
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), &mut sweep).await;
    assert!(early.is_err(), "it decided before the hold was there");
    tx.commit().await.unwrap();
    sweep.await.unwrap().unwrap();
    assert!(!purged(&world, &id).await);
}

async fn a_purge_happens_once_however_often_it_is_looked_at(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    let order = pb::TrashRequest { letter_id: id.clone(), ..Default::default() };
    world.reader(1, TrustLevel::High).trash(order).await.unwrap();
    world.clock.advance(DAY * 40);
    let (one, two) = tokio::join!(world.postbox.sweep(), world.postbox.sweep());
    one.unwrap();
    two.unwrap();
    world.wait(DAY * 40).await;
    let kinds = world.kinds(&id).await;
    assert_eq!(kinds.iter().filter(|k| *k == "purged").count(), 1, "{kinds:?}");
}

async fn a_purge_stopped_between_object_and_note_goes_on(db: Db) {
    let world = world(db).await;
    opened(&world, "r1").await;
    world.clock.advance(DAY * 10);
    // As a process leaves it that ends after the first object: both are noted, one is gone.
    let due = retention::due(&world.db, world.postbox.now().legal, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    let broken = world.dir.path().join("objects");
    let aside = world.dir.path().join("aside");
    std::fs::rename(&broken, &aside).unwrap();
    std::fs::write(&broken, b"not a directory").unwrap();
    assert!(world.postbox.sweep().await.is_err());
    std::fs::remove_file(&broken).unwrap();
    std::fs::rename(&aside, &broken).unwrap();
    let keys = retention::doomed(&world.db, 10).await.unwrap();
    assert_eq!((keys.len(), world.objects()), (2, 2));
    world.postbox.objects.delete(&keys[0]).await.unwrap();
    world.settle().await;
    assert_eq!((world.count("doomed_objects").await, world.objects()), (0, 0));
}

async fn an_object_store_that_is_down_keeps_no_key_alive(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.clock.advance(DAY * 10);
    let broken = world.dir.path().join("objects");
    std::fs::remove_dir_all(&broken).unwrap();
    std::fs::write(&broken, b"not a directory").unwrap();
    assert!(world.postbox.sweep().await.is_err());
    assert!(purged(&world, &id).await);
    assert_eq!(world.count("doomed_objects").await, 2, "the sweeper comes back for them");
}

async fn run(db: &Db, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn a_purge_that_cannot_be_attested_deletes_nothing(db: Db) {
    let world = world(db).await;
    let id = opened(&world, "r1").await;
    world.clock.advance(DAY * 10);
    run(&world.db, "ALTER TABLE log_leaves RENAME TO log_leaves_gone").await.unwrap();
    assert!(world.postbox.sweep().await.is_err());
    run(&world.db, "ALTER TABLE log_leaves_gone RENAME TO log_leaves").await.unwrap();
    assert!(!purged(&world, &id).await);
    assert!(world.open(&id).await.is_ok());
    world.settle().await;
    assert!(purged(&world, &id).await);
}
