//! Letters that are published later: nobody but their sender knows of them before.

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::convert::timestamp;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::export::{entries, whole};
use super::proof::recipients;
use super::world::{DAY, World, formal, letter, person};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_for_later_is_in_no_answer_to_its_recipient_before_its_time,
    a_letter_for_later_can_be_superseded_and_is_never_published,
}

/// A formal letter of tomorrow.
async fn tomorrows(world: &World) -> pb::SubmitResponse {
    let later = timestamp(world.postbox.now().legal.plus(DAY));
    let done = world
        .deliver("r1", |r| {
            formal(r);
            letter(r).publish_at = Some(later);
        })
        .await;
    assert_eq!(done.state(), pb::DeliveryState::Scheduled);
    done
}

async fn a_letter_for_later_is_in_no_answer_to_its_recipient_before_its_time(db: Db) {
    let world = World::new(db).await;
    let done = tomorrows(&world).await;
    let (id, receipt_id) = (done.letter_id, done.receipts[0].receipt_id.clone());
    let mut reader = world.reader(1, TrustLevel::High);
    let mut evidence = world.evidence(person(1, TrustLevel::High));
    let listed = reader.list_letters(pb::ListLettersRequest::default()).await.unwrap();
    assert!(listed.into_inner().letters.is_empty());
    let counts = reader.get_counts(pb::GetCountsRequest::default()).await.unwrap().into_inner();
    assert_eq!((counts.inbox, counts.unread), (0, 0));
    let preview = pb::PreviewRequest { letter_id: id.clone(), ..Default::default() };
    let receipts = pb::ListReceiptsRequest { letter_id: id.clone(), ..Default::default() };
    let receipt = pb::GetReceiptRequest { letter_id: id.clone(), receipt_id, ..Default::default() };
    let refused = [
        ("preview", reader.preview(preview).await.err(), "LETTER_UNKNOWN"),
        ("open", world.open(&id).await.err(), "LETTER_UNKNOWN"),
        ("confirm", world.confirm(&id).await.err(), "LETTER_UNKNOWN"),
        ("refuse", world.refuse(&id).await.err(), "LETTER_UNKNOWN"),
        ("proof", recipients(&world, 1, &id).await.err(), "LETTER_UNKNOWN"),
        ("receipts", evidence.list_receipts(receipts).await.err(), "LETTER_UNKNOWN"),
        ("receipt", evidence.get_receipt(receipt).await.err(), "LETTER_UNKNOWN"),
    ];
    for (door, status, expected) in refused {
        let status = status.unwrap_or_else(|| panic!("{door} tells of it"));
        assert_eq!(reason(&status).as_deref(), Some(expected), "{door}");
    }
    assert!(entries(&whole(&world).await).is_empty(), "the export tells of it");
    world.wait(DAY).await;
    assert_eq!(entries(&whole(&world).await).len(), 1);
}

async fn a_letter_for_later_can_be_superseded_and_is_never_published(db: Db) {
    let world = World::new(db).await;
    let old = tomorrows(&world).await.letter_id;
    let new = world.supersede("r2", &old).await.unwrap();
    assert_eq!(new.state(), pb::DeliveryState::Provided);
    world.wait(DAY * 2).await;
    assert_eq!(world.kinds(&old).await, ["accepted", "superseded", "recalled"]);
    let request = pb::ListLettersRequest::default();
    let listed = world.reader(1, TrustLevel::High).list_letters(request).await.unwrap();
    let ids: Vec<_> = listed.into_inner().letters.into_iter().map(|one| one.letter_id).collect();
    assert_eq!(ids, [new.letter_id]);
}
