//! Content that goes with the trash.

use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::purge::{answered, purged, world};
use super::world::{DAY, World, letter};

on_each_backend! { &crate::MIGRATIONS =>
    what_was_answered_stays_for_the_authority_when_the_trash_is_emptied,
    the_trash_is_emptied_after_its_days,
    a_letter_restored_from_the_trash_stays,
    a_thrown_away_letter_that_has_no_end_stays
}

async fn what_was_answered_stays_for_the_authority_when_the_trash_is_emptied(db: Db) {
    let world = World::with(db, |config| {
        config.retention.remedy_days = 0;
        config.retention.trash_days = 1;
    })
    .await;
    let id = answered(&world).await;
    trash(&world, &id).await;
    world.wait(DAY * 2).await;
    assert!(purged(&world, &id).await);
    assert_eq!(world.count("replies").await, 1);
    world.wait(DAY * 9).await;
    assert_eq!((world.count("replies").await, world.objects()), (0, 0));
    let kinds = world.kinds(&id).await;
    assert_eq!(kinds.iter().filter(|k| *k == "purged").count(), 1, "{kinds:?}");
}

async fn trash(world: &World, letter_id: &str) {
    let order = pb::TrashRequest { letter_id: letter_id.into(), ..Default::default() };
    world.reader(1, TrustLevel::High).trash(order).await.unwrap();
}

async fn the_trash_is_emptied_after_its_days(db: Db) {
    let world = world(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis.clear()).await;
    world.open(&done.letter_id).await.unwrap();
    trash(&world, &done.letter_id).await;
    world.wait(DAY * 29).await;
    trash(&world, &done.letter_id).await;
    assert!(!purged(&world, &done.letter_id).await);
    world.wait(DAY).await;
    assert!(purged(&world, &done.letter_id).await, "throwing it away again begins nothing anew");
    let entry = world.entry(&done.letter_id, "purged").await;
    assert_eq!(entry.body.reason.as_deref(), Some("TRASH_EMPTIED"));
}

async fn a_letter_restored_from_the_trash_stays(db: Db) {
    let world = world(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis.clear()).await;
    world.open(&done.letter_id).await.unwrap();
    trash(&world, &done.letter_id).await;
    world.wait(DAY * 20).await;
    let order = pb::RestoreRequest { letter_id: done.letter_id.clone(), ..Default::default() };
    world.reader(1, TrustLevel::High).restore(order).await.unwrap();
    world.wait(DAY * 20).await;
    assert!(world.open(&done.letter_id).await.is_ok());
    trash(&world, &done.letter_id).await;
    world.wait(DAY * 20).await;
    assert!(!purged(&world, &done.letter_id).await, "its days begin anew");
}

async fn a_thrown_away_letter_that_has_no_end_stays(db: Db) {
    let world = world(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis.clear()).await;
    trash(&world, &done.letter_id).await;
    world.wait(DAY * 300).await;
    assert!(!purged(&world, &done.letter_id).await, "nobody opened it, and its year is not over");
    world.wait(DAY * 68).await;
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::ExpiredUnread);
    world.wait(DAY * 2).await;
    assert!(purged(&world, &done.letter_id).await);
}
