//! The mailboxes that measurements start from.

use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::world::World;
use crate::measure::{add_letters_of_others, fill_mailbox};

on_each_backend! { &crate::MIGRATIONS => a_filled_mailbox_lists_and_counts_like_any_other }

async fn a_filled_mailbox_lists_and_counts_like_any_other(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let (kek, handle) = (world.dir.path().join("key-encryption-key"), world.handle(1).await);
    fill_mailbox(&world.db, &kek, (&handle, "musterstadt"), 30).await.unwrap();
    add_letters_of_others(&world.db, 250).await.unwrap();
    assert_eq!(world.count("letters").await, 280);
    let mut reader = world.reader(1, TrustLevel::High);
    let page = pb::ListLettersRequest { page_size: 40, ..Default::default() };
    let listed = reader.list_letters(page).await.unwrap().into_inner();
    assert_eq!((listed.letters.len(), listed.total, listed.unread), (30, 30, 11));
    assert_eq!(listed.letters[0].subject, "Ihr Bescheid vom Bauamt");
    let page = pb::ListLettersRequest { unread_only: true, ..Default::default() };
    assert_eq!(reader.list_letters(page).await.unwrap().into_inner().letters.len(), 11);
}
