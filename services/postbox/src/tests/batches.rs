//! Batches: nothing before the commit, everything after it, whatever stops half-way.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{
    CLIENT, DAY, FOREIGN_CLIENT, OTHER_CLIENT, World, client, letter, person, request,
};
use crate::store::batches;

on_each_backend! { &crate::MIGRATIONS =>
    nothing_of_a_batch_is_visible_before_its_commit,
    a_committed_batch_delivers_every_letter_with_receipts,
    adding_letters_again_changes_nothing,
    a_refused_letter_is_told_by_place_and_reason_and_holds_the_commit_up,
    a_refused_letter_can_be_replaced,
    a_batch_is_committed_without_its_refused_letters_when_the_caller_says_so,
    an_id_of_another_letter_of_the_batch_is_refused,
    a_cancelled_batch_leaves_no_content,
    a_batch_that_is_not_committed_within_a_day_is_cancelled,
    what_was_committed_cannot_be_cancelled_nor_filled,
    an_empty_batch_is_not_committed,
    a_batch_exists_for_its_sender_only,
    a_mailbox_that_was_closed_meanwhile_makes_its_letter_undeliverable,
    who_opted_out_before_the_delivery_of_a_batch_gets_nothing_of_it,
    a_scheduled_letter_of_a_batch_waits_for_its_time,
    more_than_500_letters_in_a_call_are_refused,
    entries_of_a_batch_come_in_pages
}

fn named(request: pb::SubmitRequest) -> pb::BatchLetter {
    let pb::SubmitRequest { request_id, letter, attachments, .. } = request;
    pb::BatchLetter { request_id, letter, attachments }
}

/// `count` letters to account 1.
pub async fn letters(world: &World, count: usize) -> Vec<pb::BatchLetter> {
    let handle = world.handle(1).await;
    (0..count).map(|n| named(request(&format!("l{n}"), &handle))).collect()
}

pub async fn add(
    world: &World,
    letters: Vec<pb::BatchLetter>,
) -> Result<pb::SubmitBatchResponse, Status> {
    let request = pb::SubmitBatchRequest { request_id: "b1".into(), letters };
    Ok(world.sender().submit_batch(request).await?.into_inner())
}

pub async fn commit(world: &World, without_refused: bool) -> Result<pb::Batch, Status> {
    let request = pb::CommitBatchRequest { request_id: "b1".into(), without_refused };
    Ok(world.sender().commit_batch(request).await?.into_inner().batch.unwrap())
}

pub async fn cancel(world: &World) -> Result<pb::Batch, Status> {
    let request = pb::CancelBatchRequest { request_id: "b1".into() };
    Ok(world.sender().cancel_batch(request).await?.into_inner().batch.unwrap())
}

pub async fn get(world: &World) -> pb::GetBatchResponse {
    let request = pb::GetBatchRequest { batch_id: "b1".into(), ..pb::GetBatchRequest::default() };
    world.sender().get_batch(request).await.unwrap().into_inner()
}

/// Lets whoever works on batches do all there is.
pub async fn work(world: &World) {
    while world.postbox.next_batch().await.unwrap() {}
}

pub async fn total(world: &World) -> i64 {
    let request = pb::ListLettersRequest::default();
    let listed = world.reader(1, TrustLevel::High).list_letters(request).await.unwrap();
    listed.into_inner().total
}

pub fn counts(batch: &pb::Batch) -> (pb::BatchState, i64, i64, i64) {
    (batch.state(), batch.waiting, batch.refused, batch.delivered)
}

async fn nothing_of_a_batch_is_visible_before_its_commit(db: Db) {
    let world = World::new(db).await;
    let added = add(&world, letters(&world, 3).await).await.unwrap();
    assert_eq!(counts(&added.batch.unwrap()), (pb::BatchState::Open, 3, 0, 0));
    work(&world).await;
    world.settle().await;
    for table in ["evidence", "log_leaves", "events", "outbox", "sent_letters", "mailbox_heads"] {
        assert_eq!(world.count(table).await, 0, "{table} holds rows");
    }
    assert_eq!((total(&world).await, world.unread().await), (0, 0));
    let sent = world.sender().list_sent_letters(pb::ListSentLettersRequest::default()).await;
    assert!(sent.unwrap().into_inner().letters.is_empty());
    let entries = get(&world).await.entries;
    assert!(entries.iter().all(|e| e.letter_id.is_empty()));
    // Nor does anybody reach a letter whose id they guessed.
    let id = staged(&world).await;
    let status = world.open(&id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    let request = pb::GetSentLetterRequest { letter_id: id };
    let status = world.sender().get_sent_letter(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
}

async fn staged(world: &World) -> String {
    let mut tx = world.db.read().await.unwrap();
    let sender = [CLIENT, "musterstadt", "b1"];
    let batch = batches::named(&mut tx, sender).await.unwrap().unwrap();
    let entries = batches::entries(&mut tx, batch.id, (0, 1)).await.unwrap();
    entries[0].letter_id.unwrap().to_string()
}

async fn a_committed_batch_delivers_every_letter_with_receipts(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 3).await).await.unwrap();
    let done = commit(&world, false).await.unwrap();
    assert_eq!(counts(&done), (pb::BatchState::Committed, 3, 0, 0));
    work(&world).await;
    let found = get(&world).await;
    assert_eq!(counts(&found.batch.unwrap()), (pb::BatchState::Delivered, 0, 0, 3));
    for entry in found.entries {
        assert_eq!(world.kinds(&entry.letter_id).await, ["accepted", "provided"]);
        let provided = world.entry(&entry.letter_id, "provided").await;
        assert_eq!(provided.legal_day.as_deref(), Some("2025-03-10"));
        assert_eq!(world.sent(&entry.letter_id).await.request_id, entry.request_id);
        assert_eq!(world.open(&entry.letter_id).await.unwrap().attachments.len(), 2);
    }
    assert_eq!(total(&world).await, 3);
    assert_eq!(commit(&world, false).await.unwrap().delivered, 3, "again, nothing happens");
    work(&world).await;
    assert_eq!(total(&world).await, 3);
}

async fn adding_letters_again_changes_nothing(db: Db) {
    let world = World::new(db).await;
    let all = letters(&world, 3).await;
    add(&world, all[..2].to_vec()).await.unwrap();
    let again = add(&world, all).await.unwrap();
    assert_eq!(counts(&again.batch.unwrap()), (pb::BatchState::Open, 3, 0, 0));
    assert_eq!((world.count("letters").await, world.objects()), (3, 6));
}

async fn a_refused_letter_is_told_by_place_and_reason_and_holds_the_commit_up(db: Db) {
    let world = World::new(db).await;
    let mut all = letters(&world, 4).await;
    all[1].letter.as_mut().unwrap().handle = "hdl_00000000000000000000000000000000".into();
    all[2].letter.as_mut().unwrap().subject.clear();
    all[3].attachments[0].declaration.as_mut().unwrap().sha256 = vec![1; 32];
    let added = add(&world, all).await.unwrap();
    let told: Vec<_> =
        added.refused.iter().map(|r| (r.index, r.request_id.as_str(), r.reason.as_str())).collect();
    let expected =
        [(1, "l1", "RECIPIENT_UNKNOWN"), (2, "l2", "INVALID_FIELD"), (3, "l3", "DIGEST_MISMATCH")];
    assert_eq!(told, expected);
    assert_eq!(added.refused[1].fields, ["letter.subject"]);
    assert_eq!(counts(&added.batch.unwrap()), (pb::BatchState::Open, 1, 3, 0));
    let status = commit(&world, false).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status).as_deref(), Some("BATCH_INCOMPLETE"));
    work(&world).await;
    assert_eq!(total(&world).await, 0);
}

async fn a_refused_letter_can_be_replaced(db: Db) {
    let world = World::new(db).await;
    let good = letters(&world, 2).await;
    let mut bad = good.clone();
    bad[1].letter.as_mut().unwrap().subject.clear();
    assert_eq!(add(&world, bad).await.unwrap().refused.len(), 1);
    let added = add(&world, vec![good[1].clone()]).await.unwrap();
    assert_eq!(counts(&added.batch.unwrap()), (pb::BatchState::Open, 2, 0, 0));
    commit(&world, false).await.unwrap();
    work(&world).await;
    assert_eq!(total(&world).await, 2);
}

async fn a_batch_is_committed_without_its_refused_letters_when_the_caller_says_so(db: Db) {
    let world = World::new(db).await;
    let mut all = letters(&world, 3).await;
    all[0].letter.as_mut().unwrap().bodies.clear();
    add(&world, all).await.unwrap();
    commit(&world, true).await.unwrap();
    work(&world).await;
    let found = get(&world).await;
    assert_eq!(counts(&found.batch.unwrap()), (pb::BatchState::Delivered, 0, 1, 2));
    let states: Vec<_> = found.entries.iter().map(|e| (e.state(), e.reason.as_str())).collect();
    let delivered = (pb::BatchEntryState::Delivered, "");
    let refused = (pb::BatchEntryState::Refused, "INVALID_FIELD");
    assert_eq!(states, [refused, delivered, delivered]);
}

async fn an_id_of_another_letter_of_the_batch_is_refused(db: Db) {
    let world = World::new(db).await;
    let mut all = letters(&world, 1).await;
    add(&world, all.clone()).await.unwrap();
    all[0].letter.as_mut().unwrap().subject.push('!');
    let added = add(&world, all.clone()).await.unwrap();
    assert_eq!(added.refused[0].reason, "REQUEST_ID_REUSED");
    assert_eq!(counts(&added.batch.unwrap()), (pb::BatchState::Open, 1, 0, 0));
    // Twice in one call, or none: nothing of the call is taken.
    let status = add(&world, vec![all[0].clone(), all[0].clone()]).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    all[0].request_id.clear();
    assert_eq!(add(&world, all).await.unwrap_err().code(), Code::InvalidArgument);
}

async fn a_cancelled_batch_leaves_no_content(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 3).await).await.unwrap();
    assert_eq!(world.objects(), 6);
    assert_eq!(cancel(&world).await.unwrap().state(), pb::BatchState::Cancelled);
    assert_eq!(cancel(&world).await.unwrap().state(), pb::BatchState::Cancelled);
    work(&world).await;
    for table in ["letters", "attachments", "uploads", "evidence", "sent_letters"] {
        assert_eq!(world.count(table).await, 0, "{table} holds rows");
    }
    assert_eq!(world.objects(), 0);
    assert_eq!(counts(&get(&world).await.batch.unwrap()), (pb::BatchState::Cancelled, 0, 0, 0));
    let status = commit(&world, false).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("BATCH_CANCELLED"));
}

async fn a_batch_that_is_not_committed_within_a_day_is_cancelled(db: Db) {
    let world = World::new(db).await;
    let all = letters(&world, 2).await;
    add(&world, all.clone()).await.unwrap();
    world.clock.advance(DAY.saturating_sub(Duration::from_secs(1)));
    work(&world).await;
    assert_eq!(get(&world).await.batch.unwrap().state(), pb::BatchState::Open);
    world.clock.advance(Duration::from_secs(1));
    // Nobody has come by yet, and still it is over.
    let status = commit(&world, false).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("BATCH_CANCELLED"));
    assert_eq!(reason(&add(&world, all).await.unwrap_err()).as_deref(), Some("BATCH_CANCELLED"));
    work(&world).await;
    assert_eq!(get(&world).await.batch.unwrap().state(), pb::BatchState::Cancelled);
    assert_eq!((world.count("letters").await, world.objects()), (0, 0));
}

async fn what_was_committed_cannot_be_cancelled_nor_filled(db: Db) {
    let world = World::new(db).await;
    let all = letters(&world, 1).await;
    add(&world, all.clone()).await.unwrap();
    commit(&world, false).await.unwrap();
    for _ in 0..2 {
        let status = cancel(&world).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("BATCH_COMMITTED"));
        let status = add(&world, all.clone()).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("BATCH_COMMITTED"));
        work(&world).await;
    }
    assert_eq!(total(&world).await, 1);
}

async fn an_empty_batch_is_not_committed(db: Db) {
    let world = World::new(db).await;
    add(&world, Vec::new()).await.unwrap();
    let status = commit(&world, true).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("BATCH_EMPTY"));
}

async fn a_batch_exists_for_its_sender_only(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 1).await).await.unwrap();
    for (id, tenant) in
        [(OTHER_CLIENT, "musterstadt"), (FOREIGN_CLIENT, "neustadt"), (CLIENT, "neustadt")]
    {
        let mut sender = world.sender_as(client(id, tenant));
        let request_id = "b1".to_owned();
        let commit =
            pb::CommitBatchRequest { request_id: request_id.clone(), without_refused: true };
        let get = pb::GetBatchRequest { batch_id: "b1".into(), ..pb::GetBatchRequest::default() };
        for status in [
            sender.commit_batch(commit).await.unwrap_err(),
            sender.cancel_batch(pb::CancelBatchRequest { request_id }).await.unwrap_err(),
            sender.get_batch(get).await.unwrap_err(),
        ] {
            assert_eq!(reason(&status).as_deref(), Some("BATCH_UNKNOWN"));
        }
    }
    // A batch of the same name is another sender's own.
    let mut other = world.sender_as(client(OTHER_CLIENT, "musterstadt"));
    let request = pb::SubmitBatchRequest { request_id: "b1".into(), letters: Vec::new() };
    let opened = other.submit_batch(request).await.unwrap().into_inner().batch.unwrap();
    assert_eq!(opened.waiting, 0);
}

async fn a_mailbox_that_was_closed_meanwhile_makes_its_letter_undeliverable(db: Db) {
    let world = World::new(db).await;
    let mut all = letters(&world, 1).await;
    all.push(named(request("l9", &world.handle(2).await)));
    add(&world, all).await.unwrap();
    commit(&world, false).await.unwrap();
    world.close(1).await;
    work(&world).await;
    let entries = get(&world).await.entries;
    assert_eq!(world.kinds(&entries[0].letter_id).await, ["accepted", "undeliverable"]);
    let entry = world.entry(&entries[0].letter_id, "undeliverable").await;
    assert_eq!(entry.body.reason.as_deref(), Some("MAILBOX_CLOSED"));
    assert_eq!(world.kinds(&entries[1].letter_id).await, ["accepted", "provided"]);
}

async fn who_opted_out_before_the_delivery_of_a_batch_gets_nothing_of_it(db: Db) {
    let world = World::new(db).await;
    let all = letters(&world, 1).await;
    add(&world, all).await.unwrap();
    commit(&world, false).await.unwrap();
    let choice = pb::SetOptOutRequest {
        request_id: "c1".into(),
        about: Some(pb::set_opt_out_request::About::Everybody(true)),
        choice: pb::OptOutChoice::Excluded.into(),
        wording_version: "portal-1".into(),
        ..Default::default()
    };
    world.settings(person(1, TrustLevel::Low)).set_opt_out(choice).await.unwrap();
    work(&world).await;
    let id = get(&world).await.entries[0].letter_id.clone();
    assert_eq!(world.kinds(&id).await, ["accepted", "undeliverable"]);
    let entry = world.entry(&id, "undeliverable").await;
    assert_eq!(entry.body.reason.as_deref(), Some("RECIPIENT_OPTED_OUT"));
}

async fn a_scheduled_letter_of_a_batch_waits_for_its_time(db: Db) {
    let world = World::new(db).await;
    let mut scheduled = request("l0", &world.handle(1).await);
    let at = world.postbox.now().legal.plus(DAY * 3);
    letter(&mut scheduled).publish_at = Some(siegel_proto::convert::timestamp(at));
    add(&world, vec![named(scheduled)]).await.unwrap();
    commit(&world, false).await.unwrap();
    work(&world).await;
    let id = get(&world).await.entries[0].letter_id.clone();
    assert_eq!(world.sent(&id).await.state(), pb::DeliveryState::Scheduled);
    world.wait(DAY * 3).await;
    assert_eq!(world.sent(&id).await.state(), pb::DeliveryState::Provided);
}

async fn more_than_500_letters_in_a_call_are_refused(db: Db) {
    let world = World::new(db).await;
    let one = letters(&world, 1).await.remove(0);
    let all = (0..501).map(|n| pb::BatchLetter {
        request_id: n.to_string(),
        attachments: Vec::new(),
        ..one.clone()
    });
    let status = add(&world, all.collect()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    assert_eq!(world.count("batches").await, 0);
}

async fn entries_of_a_batch_come_in_pages(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 3).await).await.unwrap();
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::GetBatchRequest { batch_id: "b1".into(), page_size: 2, page_token };
        let page = world.sender().get_batch(request).await.unwrap().into_inner();
        names.extend(page.entries.into_iter().map(|e| e.request_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["l0", "l1", "l2"]);
}
