//! The database fails at one statement of many: nothing is half done.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use super::commits::change;
use super::world::{World, formal, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_confirmation_that_cannot_be_stored_leaves_the_letter_unopened,
    a_delivery_whose_second_entry_cannot_be_stored_leaves_nothing,
    a_server_without_room_refuses_the_letter_and_shows_nothing_of_it
}

/// From now on no entry of this kind is stored, though every other statement works.
async fn refuse(db: &Db, kind: &'static str) {
    let when = format!("NEW.kind = '{kind}'");
    let sqlite = format!(
        "CREATE TRIGGER refused BEFORE INSERT ON evidence WHEN {when} \
         BEGIN SELECT RAISE(ABORT, 'refused'); END"
    );
    let postgres = format!(
        "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'refused'; END $$; \
         CREATE TRIGGER refused BEFORE INSERT ON evidence FOR EACH ROW WHEN ({when}) \
             EXECUTE FUNCTION refused()"
    );
    change(db, sqlite.leak(), postgres.leak()).await;
}

async fn allow(db: &Db) {
    change(db, "DROP TRIGGER refused", "DROP TRIGGER refused ON evidence").await;
}

async fn a_confirmation_that_cannot_be_stored_leaves_the_letter_unopened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", formal).await;
    let heads = world.count("mailbox_heads").await;
    refuse(&world.db, "confirmed").await;
    let status = world.confirm(&done.letter_id).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    // The opening belongs to the confirmation: without this, there is not that.
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::Provided);
    assert_eq!((world.unread().await, world.count("mailbox_heads").await), (1, heads));
    allow(&world.db).await;
    world.confirm(&done.letter_id).await.unwrap();
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "opened", "confirmed"]);
}

async fn a_delivery_whose_second_entry_cannot_be_stored_leaves_nothing(db: Db) {
    let world = World::new(db).await;
    let order = request("r1", &world.handle(1).await);
    refuse(&world.db, "provided").await;
    let status = world.sender().submit(order.clone()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    world.assert_nothing_stored().await;
    allow(&world.db).await;
    world.sender().submit(order).await.unwrap();
}

/// What `PostgreSQL` answers on a full disk (`SQLSTATE` 53100, class "insufficient resources");
/// `SQLite` has a test with real pages.
async fn a_server_without_room_refuses_the_letter_and_shows_nothing_of_it(db: Db) {
    let Db::Postgres(_) = &db else { return };
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let mut order = request("r2", &world.handle(1).await);
    letter(&mut order).subject = "Noch einer".into();
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            RAISE EXCEPTION 'could not extend file: No space left on device' \
            USING ERRCODE = '53100'; END $$; \
        CREATE TRIGGER full_disk BEFORE INSERT ON evidence FOR EACH ROW \
            EXECUTE FUNCTION full_disk()";
    change(&world.db, "", full).await;
    let before = world.objects();
    let status = world.sender().submit(order.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    assert_eq!((world.count("letters").await, world.objects()), (1, before));
    let status = world.open(&done.letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    change(&world.db, "", "DROP TRIGGER full_disk ON evidence").await;
    world.open(&done.letter_id).await.unwrap();
    world.sender().submit(order).await.unwrap();
}
