//! The items of a proof that say what became of a letter: each where it happened, and nowhere else.

use serde_json::Value;
use siegel_crypto::{b64, sha256};
use siegel_db::Db;
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::acting::mandate;
use super::batches::{add, commit, get, letters, work};
use super::proof::{Files, json, own, senders};
use super::world::{CLIENT, DAY, PDF, World, XML, account, letter, person};

on_each_backend! { &crate::MIGRATIONS =>
    the_proof_says_who_sent_what_to_whom_when_and_at_which_level,
    the_proof_of_a_replaced_letter_names_the_one_in_its_place,
    the_proof_of_a_letter_nobody_retrieved_says_when_its_provision_ended,
    the_proof_of_a_letter_to_a_closed_mailbox_says_so,
    a_letter_that_came_for_nothing_for_another_reason_is_no_closed_mailbox,
    the_day_that_a_delegates_opening_set_is_among_the_computed_ones,
    a_delegates_download_is_told_with_whom_it_was_for,
    the_first_access_says_when_who_and_for_whom,
}

/// One item: the rest of the archive says nothing of it.
async fn item(world: &World, letter_id: &str, name: &str) -> Value {
    let files = senders(world, own(), letter_id).await.unwrap();
    found(&files, name)
}

/// An item, after all its receipts were found in the archive.
fn found(files: &Files, name: &str) -> Value {
    let item = json(files, &format!("items/{name}.json"));
    let receipts = item["receipts"].as_array().unwrap();
    assert_eq!(item["status"] == "present", !receipts.is_empty(), "{item}");
    for receipt in receipts {
        assert!(files.contains_key(receipt.as_str().unwrap()), "{receipt} is missing");
    }
    item
}

async fn the_proof_says_who_sent_what_to_whom_when_and_at_which_level(db: Db) {
    let world = World::new(db).await;
    let (handle, now) = (world.handle(1).await, world.clock.now().to_rfc3339());
    let done = world.deliver("r1", |_| {}).await;
    let files = senders(&world, own(), &done.letter_id).await.unwrap();
    let facts = |name: &str| found(&files, name)["facts"].clone();
    let sender = facts("01-sender");
    for (name, value) in [
        ("tenant", "musterstadt"),
        ("client_id", CLIENT),
        ("authority", "Bauamt Musterstadt"),
        ("ars", "010510044044"),
        ("service_id", "99012070"),
    ] {
        assert_eq!(sender["sender"][name], value, "{name}");
    }
    assert_eq!((&sender["actor"]["role"], &sender["request_id"]), (&"sender".into(), &"r1".into()));
    let content = facts("02-content");
    let signed = world.entry(&done.letter_id, "accepted").await;
    assert_eq!(content["content_digest"], signed.body.content_digest);
    let attached = [PDF, XML].map(|file| b64::encode(sha256(file)));
    assert_eq!(content["attachment_digests"], serde_json::json!(attached));
    let provision = facts("03-provision");
    assert_eq!(provision["provided_at"], now);
    assert_eq!(
        (&provision["recorded_at"], &provision["clock_moved"]),
        (&now.into(), &false.into())
    );
    assert!(provision["time_source"].is_string());
    let entitled = facts("04-entitled");
    assert_eq!(entitled["recipient"]["handle"], handle);
    assert_eq!(entitled["required_level"], 3);
}

async fn the_proof_of_a_replaced_letter_names_the_one_in_its_place(db: Db) {
    let world = World::new(db).await;
    let old = world.deliver("r1", |_| {}).await.letter_id;
    world.open(&old).await.unwrap();
    let new = world.deliver("r2", |r| letter(r).replaces.clone_from(&old)).await.letter_id;
    let renewed = item(&world, &old, "10-renewed").await;
    assert_eq!(renewed["facts"]["replaced_by"], new);
    assert!(renewed["receipts"][0].as_str().unwrap().contains("superseded"));
    assert_eq!(item(&world, &new, "10-renewed").await["status"], "not_applicable");
    // The first retrieval stays decisive (OZG § 9(1)).
    let access = item(&world, &old, "07-first_access").await;
    assert_eq!(access["facts"]["accesses"][0]["kind"], "opened");
}

async fn the_proof_of_a_letter_nobody_retrieved_says_when_its_provision_ended(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).legal_basis = "vwvfg-41-2a".into()).await;
    world.settle().await;
    world.wait(DAY * 11).await;
    let ended = item(&world, &done.letter_id, "11-provision_ended").await;
    assert_eq!(ended["facts"]["effect"]["effect"], "provision_ended");
    assert_eq!(ended["facts"]["effect"]["day"], "2025-03-16");
    assert_eq!(ended["facts"]["at"], "2025-03-16T23:00:00.000000Z");
    let access = item(&world, &done.letter_id, "07-first_access").await;
    assert_eq!(access["status"], "not_applicable");
}

async fn the_proof_of_a_letter_to_a_closed_mailbox_says_so(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.close(1).await;
    world.settle().await;
    let gone = item(&world, &done.letter_id, "12-mailbox_closed").await;
    assert_eq!(gone["facts"]["reason"], "MAILBOX_CLOSED");
    assert!(gone["receipts"][0].as_str().unwrap().contains("undeliverable"));
}

async fn a_letter_that_came_for_nothing_for_another_reason_is_no_closed_mailbox(db: Db) {
    let world = World::new(db).await;
    add(&world, letters(&world, 1).await).await.unwrap();
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
    let files = senders(&world, own(), &id).await.unwrap();
    assert_eq!(found(&files, "12-mailbox_closed")["status"], "not_applicable");
    let choice = found(&files, "05-choice");
    assert_eq!(choice["facts"]["undeliverable"]["reason"], "RECIPIENT_OPTED_OUT");
    assert_eq!(choice["facts"]["mailbox_choices"][0]["choice"], "excluded");
    assert!(choice["receipts"][0].as_str().unwrap().contains("undeliverable"));
    assert_eq!(found(&files, "03-provision")["status"], "not_applicable");
}

async fn opened_by_delegate(world: &World, basis: &str) -> pb::OpenResponse {
    world.access.allow(mandate(2, 1, None));
    let done = world.deliver("r1", |r| letter(r).legal_basis = basis.into()).await;
    let open = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: done.letter_id,
        principal_account_id: account(1).to_string(),
        ..Default::default()
    };
    world.reader(2, TrustLevel::High).open(open).await.unwrap().into_inner()
}

async fn the_day_that_a_delegates_opening_set_is_among_the_computed_ones(db: Db) {
    let world = World::new(db).await;
    let opened = opened_by_delegate(&world, "vwvfg-41-2a").await;
    let rule = item(&world, &opened.letter.unwrap().letter_id, "09-rule").await;
    let results = rule["facts"]["results"].as_array().unwrap();
    let last = results.last().unwrap();
    assert_eq!(last["kind"], "opened_by_delegate");
    assert_eq!(
        (&last["effect"]["effect"], &last["effect"]["day"]),
        (&"announced".into(), &"2025-03-07".into())
    );
}

async fn a_delegates_download_is_told_with_whom_it_was_for(db: Db) {
    let world = World::new(db).await;
    let opened = opened_by_delegate(&world, "ozg-9").await;
    let id = opened.letter.as_ref().unwrap().letter_id.clone();
    let download = pb::DownloadAttachmentRequest {
        letter_id: id.clone(),
        attachment_id: opened.attachments[0].attachment_id.clone(),
        principal_account_id: account(1).to_string(),
        ..Default::default()
    };
    let mut reader = world.reader(2, TrustLevel::High);
    let mut stream = reader.download_attachment(download).await.unwrap().into_inner();
    while stream.message().await.unwrap().is_some() {}
    let downloads = item(&world, &id, "08-downloads").await;
    let behalf = &downloads["facts"]["downloads"][0]["on_behalf_of"];
    assert_eq!(behalf["mandate_id"], "mnd_00000000000000000000000000000061");
}

async fn the_first_access_says_when_who_and_for_whom(db: Db) {
    let world = World::new(db).await;
    let opened = opened_by_delegate(&world, "ozg-9").await;
    let now = world.clock.now().to_rfc3339();
    let access = item(&world, &opened.letter.unwrap().letter_id, "07-first_access").await;
    let access = &access["facts"]["accesses"][0];
    assert_eq!((&access["kind"], &access["at"]), (&"opened_by_delegate".into(), &now.into()));
    let actor = &access["actor"];
    assert_eq!((&actor["role"], &actor["trust_level"]), (&"recipient".into(), &4.into()));
    assert_eq!(actor["authenticated_at"], "2025-03-06T10:00:00.000000Z");
    assert!(actor["pseudonym"].is_string() && actor["client_id"] == "portal", "{actor}");
    let whom = &access["on_behalf_of"];
    assert!(whom["person"].is_string() && whom["mandate_id"].is_string(), "{whom}");
}
