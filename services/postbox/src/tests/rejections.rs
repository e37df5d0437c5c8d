//! Letters in order that are refused: their sender can prove it, and nothing else is left.

use std::collections::{BTreeMap, HashMap};

use siegel_db::{Db, on};
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::{Kind, Verified};
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::admin::quota;
use super::batches::{add, letters};
use super::proof::{json, own, senders};
use super::world::{
    CLIENT, DAY, FOREIGN_CLIENT, OTHER_CLIENT, PDF, World, XML, client, letter, person, request,
};
use crate::app::log::audit_log;

on_each_backend! { &crate::MIGRATIONS =>
    a_refused_letter_leaves_a_receipt_with_which_its_sender_proves_it,
    the_receipts_of_an_unknown_a_revoked_and_a_foreign_handle_tell_the_same,
    the_same_request_refused_again_is_told_of_the_same_receipt,
    two_tries_at_the_same_time_are_told_of_one_receipt,
    another_reason_or_another_letter_is_another_receipt,
    a_refused_request_id_is_free_for_a_try_that_is_accepted,
    a_refusal_during_the_upload_leaves_a_receipt_and_no_upload,
    refusals_count_against_the_quota_and_leave_nothing_beyond_it,
    the_receipt_of_a_refusal_is_had_by_its_sender_and_by_nobody_else,
    the_proof_of_a_rejected_letter_says_why,
    a_rejected_letter_is_not_recalled_replaced_or_continued,
    a_refusal_is_an_event_of_its_sender_and_of_no_mailbox,
    a_letter_that_is_wrong_itself_leaves_nothing_whoever_it_is_for,
    a_batch_refuses_without_a_receipt,
    a_refusal_whose_evidence_cannot_be_stored_leaves_nothing,
    the_log_with_a_refusal_in_it_has_no_differences,
}

pub const NOBODY: &str = "hdl_00000000000000000000000000000000";

pub async fn refused(world: &World, request: pb::SubmitRequest) -> Status {
    world.sender().submit(request).await.unwrap_err()
}

/// Letter and receipt that a refusal names.
fn left(status: &Status) -> (String, String) {
    (fact(status, "letter_id").unwrap(), fact(status, "receipt_id").unwrap())
}

/// Everything that a refusal with a receipt tells, but for the ids: they are new ones each time.
pub fn told(status: &Status) -> (Code, String, HashMap<String, String>, usize) {
    let mut facts = status.get_details_error_info().unwrap().metadata;
    for (name, prefix) in [("letter_id", "ltr_"), ("receipt_id", "rcp_")] {
        let id = facts.remove(name).unwrap();
        assert!(id.len() == 36 && id.starts_with(prefix), "{id}");
    }
    (status.code(), status.message().to_owned(), facts, status.details().len())
}

pub async fn receipt(world: &World, status: &Status) -> Verified {
    let (letter_id, receipt_id) = left(status);
    let get = pb::GetReceiptRequest { letter_id, receipt_id, ..Default::default() };
    let found = world.evidence(own()).get_receipt(get).await.unwrap().into_inner();
    world.verified(&found.receipt.unwrap()).await
}

async fn excluded(world: &World, request_id: &str, choice: pb::OptOutChoice) {
    let choice = pb::SetOptOutRequest {
        request_id: request_id.into(),
        about: Some(pb::set_opt_out_request::About::Everybody(true)),
        choice: choice.into(),
        wording_version: "portal-1".into(),
        ..Default::default()
    };
    world.settings(person(1, TrustLevel::Low)).set_opt_out(choice).await.unwrap();
}

async fn a_refused_letter_leaves_a_receipt_with_which_its_sender_proves_it(db: Db) {
    let world = World::new(db).await;
    let status = refused(&world, request("r1", NOBODY)).await;
    assert_eq!(
        (status.code(), reason(&status).as_deref()),
        (Code::NotFound, Some("RECIPIENT_UNKNOWN"))
    );
    world.assert_only_rejected(1).await;
    world.postbox.sequence().await.unwrap();
    let (letter_id, receipt_id) = left(&status);
    let proof = receipt(&world, &status).await;
    assert_eq!((proof.kind, &proof.letter_id), (Kind::Rejected, &letter_id));
    assert_eq!(
        proof.body.etsi_event.as_deref(),
        Some("http://uri.etsi.org/19522/Event/SubmissionRejection")
    );
    assert_eq!(proof.body.reason.as_deref(), Some("RECIPIENT_UNKNOWN"));
    assert_eq!((proof.body.sender.client_id.as_str(), proof.body.number), (CLIENT, 1));
    assert_eq!(proof.disclosed, BTreeMap::from([("recipient".to_owned(), NOBODY.to_owned())]));
    assert_eq!(proof.log, "included");
    let files = [PDF, XML].map(|file| siegel_crypto::b64::encode(siegel_crypto::sha256(file)));
    assert_eq!(proof.body.attachment_digests, files);
    let said: Vec<_> = proof.explain().proven.into_iter().map(|s| s.en).collect();
    assert!(said.iter().any(|s| s.contains("nobody can retrieve it")), "{said:?}");
    // In the sender's book it is one of its letters.
    let sent = world.sent(&letter_id).await;
    assert_eq!((sent.state(), sent.request_id.as_str()), (pb::DeliveryState::Rejected, "r1"));
    assert_eq!(sent.receipts.len(), 1);
    assert_eq!(
        (sent.receipts[0].kind.as_str(), &sent.receipts[0].receipt_id),
        ("rejected", &receipt_id)
    );
    let state = pb::DeliveryState::Rejected.into();
    let listing = pb::ListSentLettersRequest { state, ..Default::default() };
    let listed = world.sender().list_sent_letters(listing).await.unwrap().into_inner().letters;
    assert_eq!((listed.len(), &listed[0].letter_id, listed[0].accepted_at), (1, &letter_id, None));
}

async fn the_receipts_of_an_unknown_a_revoked_and_a_foreign_handle_tell_the_same(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::AccountId(super::world::account(1).to_string());
    let foreign = world.handle_for(owner, "neustadt").await;
    let revoked = world.handle(1).await;
    world.revoke(1, &revoked).await.unwrap();
    let closed = world.handle(2).await;
    world.close(2).await;
    let mut told = Vec::new();
    for handle in [NOBODY, &revoked, &foreign, &closed] {
        let status = refused(&world, request("r1", handle)).await;
        let file = world.sent(&left(&status).0).await.receipts.remove(0).file;
        let mut body = serde_json::to_value(receipt(&world, &status).await.body).unwrap();
        // Made of the ids, the handle and the salt.
        for name in ["content_digest", "request_digest", "commitments"] {
            let held = body.as_object_mut().unwrap().remove(name).unwrap();
            assert!(name != "commitments" || held.as_object().unwrap().len() == 1, "{held}");
        }
        told.push((body, file.len()));
    }
    assert!(told.iter().all(|one| *one == told[0]), "a sender can tell them apart: {told:#?}");
}

async fn the_same_request_refused_again_is_told_of_the_same_receipt(db: Db) {
    let world = World::new(db).await;
    let first = left(&refused(&world, request("r1", NOBODY)).await);
    world.clock.advance(DAY);
    for _ in 0..3 {
        assert_eq!(left(&refused(&world, request("r1", NOBODY)).await), first);
    }
    world.assert_only_rejected(1).await;
}

async fn two_tries_at_the_same_time_are_told_of_one_receipt(db: Db) {
    let world = World::new(db).await;
    let tries = (0..8).map(|_| {
        let mut sender = world.sender();
        tokio::spawn(async move { sender.submit(request("r1", NOBODY)).await.unwrap_err() })
    });
    let tries: Vec<_> = tries.collect();
    let mut told = Vec::new();
    for one in tries {
        told.push(left(&one.await.unwrap()));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    world.assert_only_rejected(1).await;
}

async fn another_reason_or_another_letter_is_another_receipt(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    excluded(&world, "c1", pb::OptOutChoice::Excluded).await;
    let opted_out = refused(&world, request("r1", &handle)).await;
    assert_eq!(opted_out.code(), Code::FailedPrecondition);
    let proof = receipt(&world, &opted_out).await;
    assert_eq!(proof.body.reason.as_deref(), Some("RECIPIENT_OPTED_OUT"));
    let mut other = request("r1", &handle);
    letter(&mut other).subject.push('!');
    let other = refused(&world, other).await;
    world.revoke(1, &handle).await.unwrap();
    let unknown = refused(&world, request("r1", &handle)).await;
    assert_eq!(reason(&unknown).as_deref(), Some("RECIPIENT_UNKNOWN"));
    let mut told: Vec<_> = [&opted_out, &other, &unknown].map(left).into();
    told.sort();
    told.dedup();
    assert_eq!((told.len(), world.count("rejections").await), (3, 3));
}

async fn a_refused_request_id_is_free_for_a_try_that_is_accepted(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    excluded(&world, "c1", pb::OptOutChoice::Excluded).await;
    let before = left(&refused(&world, request("r1", &handle)).await);
    excluded(&world, "c2", pb::OptOutChoice::Allowed).await;
    let done = world.deliver("r1", |_| {}).await;
    assert_ne!(done.letter_id, before.0);
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    // From here on it is the accepted letter's, and the refusal is what it was.
    excluded(&world, "c3", pb::OptOutChoice::Excluded).await;
    assert_eq!(world.deliver("r1", |_| {}).await, done);
    assert_eq!(world.kinds(&before.0).await, ["rejected"]);
}

async fn a_refusal_during_the_upload_leaves_a_receipt_and_no_upload(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let pb::SubmitRequest { request_id, letter, attachments, .. } = request("r1", &handle);
    let declared = attachments.into_iter().map(|a| a.declaration.unwrap()).collect();
    let head = pb::SubmitStreamHead { request_id, letter, attachments: declared, ..<_>::default() };
    let (parts, messages) = tokio::sync::mpsc::channel(1);
    let mut sender = world.sender();
    let stream = tokio_stream::wrappers::ReceiverStream::new(messages);
    let sent = tokio::spawn(async move { sender.submit_stream(stream).await.unwrap_err() });
    let part = |part| pb::SubmitStreamRequest { part: Some(part) };
    parts.send(part(pb::submit_stream_request::Part::Head(head))).await.unwrap();
    while world.count("uploads").await == 0 {
        tokio::task::yield_now().await;
    }
    excluded(&world, "c1", pb::OptOutChoice::Excluded).await;
    for chunk in [PDF, XML] {
        let chunk = pb::submit_stream_request::Part::Chunk(chunk.to_vec());
        parts.send(part(chunk)).await.unwrap();
    }
    drop(parts);
    let status = sent.await.unwrap();
    assert_eq!(reason(&status).as_deref(), Some("RECIPIENT_OPTED_OUT"));
    assert_eq!(receipt(&world, &status).await.kind, Kind::Rejected);
    assert_eq!((world.count("uploads").await, world.count("attachments").await), (0, 0));
    assert_eq!((world.objects(), world.count("letters").await), (0, 1));
}

async fn refusals_count_against_the_quota_and_leave_nothing_beyond_it(db: Db) {
    let world = World::new(db).await;
    quota(&world, "q", pb::Quota { letters_per_hour: 2, ..Default::default() }).await.unwrap();
    for n in 0..2 {
        let status = refused(&world, request(&format!("r{n}"), NOBODY)).await;
        assert_eq!(reason(&status).as_deref(), Some("RECIPIENT_UNKNOWN"));
    }
    let rows = [world.count("rejections").await, world.count("log_leaves").await];
    // To whom it goes makes no difference any more.
    for handle in [NOBODY.to_owned(), world.handle(1).await] {
        let status = refused(&world, request("r2", &handle)).await;
        assert_eq!(reason(&status).as_deref(), Some("QUOTA_EXCEEDED"));
    }
    assert_eq!([world.count("rejections").await, world.count("log_leaves").await], rows);
    // What is repeated costs nothing.
    assert!(fact(&refused(&world, request("r1", NOBODY)).await, "receipt_id").is_some());
}

async fn the_receipt_of_a_refusal_is_had_by_its_sender_and_by_nobody_else(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    excluded(&world, "c1", pb::OptOutChoice::Excluded).await;
    let (letter_id, receipt_id) = left(&refused(&world, request("r1", &handle)).await);
    for caller in [
        client(OTHER_CLIENT, "musterstadt"),
        client(FOREIGN_CLIENT, "neustadt"),
        client(CLIENT, "neustadt"),
        person(1, TrustLevel::High),
        person(2, TrustLevel::High),
    ] {
        let mut told = Vec::new();
        for letter_id in [letter_id.clone(), format!("ltr_{}", "0".repeat(32))] {
            let receipt_id = receipt_id.clone();
            let get = pb::GetReceiptRequest { letter_id, receipt_id, ..Default::default() };
            let status = world.evidence(caller.clone()).get_receipt(get).await.unwrap_err();
            told.push((status.code(), status.message().to_owned(), status.details().to_vec()));
        }
        assert_eq!(told[0], told[1], "{caller:?}");
    }
    let listing = pb::ListLettersRequest::default();
    let listed = world.reader(1, TrustLevel::High).list_letters(listing).await.unwrap();
    assert_eq!(listed.into_inner().letters, []);
    let status = world.open(&letter_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
}

async fn the_proof_of_a_rejected_letter_says_why(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    excluded(&world, "c1", pb::OptOutChoice::Excluded).await;
    for (order, item) in
        [(request("r1", NOBODY), "04-entitled"), (request("r2", &handle), "05-choice")]
    {
        let status = refused(&world, order).await;
        let files = senders(&world, own(), &left(&status).0).await.unwrap();
        let found = json(&files, &format!("items/{item}.json"));
        assert_eq!(found["facts"]["rejected"]["reason"], reason(&status).unwrap());
        assert!(found["receipts"][0].as_str().unwrap().contains("rejected"));
        let sender = json(&files, "items/01-sender.json");
        assert_eq!(sender["facts"]["rejected"]["reason"], reason(&status).unwrap());
        // Who was meant, and what they chose, is not in it.
        assert!(
            json(&files, "items/05-choice.json")["facts"]["mailbox_choices"]
                .as_array()
                .is_none_or(Vec::is_empty)
        );
        for name in ["03-provision", "07-first_access", "09-rule", "12-mailbox_closed"] {
            assert_eq!(json(&files, &format!("items/{name}.json"))["status"], "not_applicable");
        }
    }
}

async fn a_rejected_letter_is_not_recalled_replaced_or_continued(db: Db) {
    let world = World::new(db).await;
    let (old, _) = left(&refused(&world, request("r1", NOBODY)).await);
    let status = world.recall(&old).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_ENDED"));
    let status = world.supersede("r2", &old).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    let mut thread = request("r3", &world.handle(1).await);
    letter(&mut thread).thread.clone_from(&old);
    assert_eq!(reason(&refused(&world, thread).await).as_deref(), Some("INVALID_FIELD"));
    world.wait(DAY * 800).await;
    assert_eq!(world.kinds(&old).await, ["rejected"]);
    world.assert_only_rejected(1).await;
}

async fn a_refusal_is_an_event_of_its_sender_and_of_no_mailbox(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    excluded(&world, "c1", pb::OptOutChoice::Excluded).await;
    let (letter_id, _) = left(&refused(&world, request("r1", &handle)).await);
    world.settle().await;
    let who = crate::app::submit::SenderClient {
        client_id: CLIENT.into(),
        tenant: "musterstadt".into(),
        name: String::new(),
    };
    let told = world.postbox.events_after(&who, 0).await.unwrap();
    let told: Vec<_> =
        told.iter().map(|e| (e.letter.to_string(), e.kind.as_str(), e.state.as_str())).collect();
    assert_eq!(told, [(letter_id, "rejected", "rejected")]);
    assert_eq!(world.count("events WHERE topic LIKE 'mailbox:%'").await, 0);
    assert_eq!(world.notifications.orders.lock().unwrap().len(), 0);
}

async fn a_letter_that_is_wrong_itself_leaves_nothing_whoever_it_is_for(db: Db) {
    let world = World::new(db).await;
    let mut bent = [request("r1", NOBODY), request("r2", NOBODY), request("r3", NOBODY)];
    letter(&mut bent[0]).legal_basis = "bgb-130".into();
    letter(&mut bent[1]).subject.clear();
    bent[2].attachments[0].declaration.as_mut().unwrap().size_bytes = 400_000;
    for order in bent {
        let status = refused(&world, order).await;
        assert_eq!((status.code(), fact(&status, "receipt_id")), (Code::InvalidArgument, None));
    }
    world.assert_nothing_stored().await;
}

async fn a_batch_refuses_without_a_receipt(db: Db) {
    let world = World::new(db).await;
    let mut batch = letters(&world, 1).await;
    batch[0].letter.as_mut().unwrap().handle = NOBODY.into();
    let filled = add(&world, batch).await.unwrap();
    assert_eq!(filled.refused[0].reason, "RECIPIENT_UNKNOWN");
    world.assert_nothing_stored().await;
}

async fn run(db: &Db, sql: &'static str) -> Result<(), siegel_db::StoreError> {
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn a_refusal_whose_evidence_cannot_be_stored_leaves_nothing(db: Db) {
    let world = World::new(db).await;
    run(&world.db, "ALTER TABLE log_leaves RENAME TO log_leaves_gone").await.unwrap();
    let status = refused(&world, request("r1", NOBODY)).await;
    assert_eq!(reason(&status).as_deref(), Some("EVIDENCE_STORE_DOWN"));
    run(&world.db, "ALTER TABLE log_leaves_gone RENAME TO log_leaves").await.unwrap();
    world.assert_nothing_stored().await;
    left(&refused(&world, request("r1", NOBODY)).await);
}

async fn the_log_with_a_refusal_in_it_has_no_differences(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    refused(&world, request("r2", NOBODY)).await;
    world.postbox.sequence().await.unwrap();
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let report = audit_log(&config, &world.db, None, &[]).await.unwrap();
    assert_eq!(report.differences, []);
    // A row of the sender's that vanished is found, as any.
    run(&world.db, "DELETE FROM evidence WHERE kind = 'rejected'").await.unwrap();
    let report = audit_log(&config, &world.db, None, &[]).await.unwrap();
    assert_eq!(report.differences.len(), 2, "{:?}", report.differences);
}
