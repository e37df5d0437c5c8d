//! Entries, copies of them, keys, and the event stream.

use axum::body::Body;
use http_body_util::BodyExt as _;
use siegel_crypto::{b64, sha256};
use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::ReceiptFile;
use siegel_testkit::on_each_backend;
use tower::ServiceExt as _;

use super::world::{FOREIGN_CLIENT, OTHER_CLIENT, World, account, client, person, request};

on_each_backend! { &crate::MIGRATIONS =>
    each_entry_names_the_one_before_it,
    a_senders_copy_never_shows_the_place_in_the_mailbox,
    a_recipients_copy_proves_the_place_in_the_mailbox,
    a_person_has_one_name_per_sector,
    another_sender_does_not_see_the_letter,
    the_key_set_is_public_dated_and_forgets_no_key,
    the_stream_tells_every_event_in_order_and_goes_on_after_a_cursor,
    the_stream_wakes_when_something_happens,
    a_cursor_that_was_not_made_here_is_refused
}

async fn receipts(world: &World, caller: siegel_grpc::Caller, letter: &str) -> Vec<pb::Receipt> {
    let request = pb::ListReceiptsRequest {
        letter_id: letter.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    world.evidence(caller).list_receipts(request).await.unwrap().into_inner().receipts
}

async fn each_entry_names_the_one_before_it(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    world.settle().await;
    let receipts = world.sent(&done.letter_id).await.receipts;
    assert_eq!(receipts.len(), 4);
    let mut previous = None;
    for (number, receipt) in (1..).zip(&receipts) {
        let entry = world.verified(receipt).await;
        assert_eq!((entry.body.number, entry.body.previous), (number, previous));
        let file = ReceiptFile::parse(&receipt.file).unwrap();
        previous = Some(b64::encode(sha256(file.jws.as_bytes())));
    }
}

async fn a_senders_copy_never_shows_the_place_in_the_mailbox(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    for receipt in world.sent(&done.letter_id).await.receipts {
        let entry = world.verified(&receipt).await;
        let names: Vec<_> = entry.disclosed.keys().cloned().collect();
        assert_eq!(names, ["recipient"]);
        assert_eq!(entry.disclosed["recipient"], world.handle(1).await);
        assert!(!receipt.file.contains("mbx_"));
    }
}

async fn a_recipients_copy_proves_the_place_in_the_mailbox(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let done = world.deliver("r2", |_| {}).await;
    let opened = world.open(&done.letter_id).await.unwrap();
    let entry = world.verified(&opened.receipt.unwrap()).await;
    assert!(entry.disclosed["mailbox_entry"].ends_with("/2"), "{:?}", entry.disclosed);
    let all = receipts(&world, person(1, TrustLevel::Basic), &done.letter_id).await;
    let kinds: Vec<_> = all.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(kinds, ["accepted", "provided", "opened"]);
    for receipt in &all {
        assert!(!world.verified(receipt).await.disclosed.contains_key("recipient"));
    }
}

async fn a_person_has_one_name_per_sector(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::AccountId(account(1).to_string());
    let elsewhere = world.handle_for(owner, "neustadt").await;
    let mut names = Vec::new();
    let mut foreign = world.sender_as(client(FOREIGN_CLIENT, "neustadt"));
    let there = foreign.submit(request("r1", &elsewhere)).await.unwrap().into_inner().letter_id;
    for letter in [
        world.deliver("r1", |_| {}).await.letter_id,
        world.deliver("r2", |_| {}).await.letter_id,
        there,
    ] {
        let opened = world.open(&letter).await.unwrap();
        let entry = world.verified(&opened.receipt.unwrap()).await;
        names.push(entry.body.actor.pseudonym.unwrap());
    }
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
    assert!(!names[0].contains(&account(1).as_uuid().simple().to_string()));
}

async fn another_sender_does_not_see_the_letter(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let mut other = world.sender_as(client(OTHER_CLIENT, "musterstadt"));
    let request = pb::GetSentLetterRequest { letter_id: done.letter_id.clone() };
    let status = other.get_sent_letter(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
    let request = pb::ListReceiptsRequest {
        letter_id: done.letter_id,
        organisation_id: String::new(),
        ..Default::default()
    };
    let mut evidence = world.evidence(client(OTHER_CLIENT, "musterstadt"));
    let status = evidence.list_receipts(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("LETTER_UNKNOWN"));
}

async fn the_key_set_is_public_dated_and_forgets_no_key(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    std::fs::remove_file(world.dir.path().join("evidence-signing-key.pem")).unwrap();
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let again = crate::start::build(config, &world.outside).await.unwrap();
    let get = axum::http::Request::get("/log/keys.json").body(Body::empty()).unwrap();
    let answer = crate::http::router(again).oneshot(get).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let set: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|k| k["siegel_valid_from"].is_string()));
    let ended: Vec<_> = keys.iter().filter(|k| k["siegel_valid_to"].is_string()).collect();
    assert_eq!(ended.len(), 1);
    assert!(keys.iter().all(|k| k.get("d").is_none()), "no private part");
    // The receipt of the old key holds with the new set.
    world.verified(&done.receipts[0]).await;
}

async fn watch(world: &World, cursor: &str, wanted: usize) -> Vec<pb::WatchEventsResponse> {
    let request = pb::WatchEventsRequest { cursor: cursor.into() };
    let mut stream = world.sender().watch_events(request).await.unwrap().into_inner();
    let mut seen = Vec::new();
    while seen.len() < wanted {
        let message = stream.message().await.unwrap().unwrap();
        if message.event.is_some() {
            seen.push(message);
        }
    }
    seen
}

fn kinds(events: &[pb::WatchEventsResponse]) -> Vec<&str> {
    events.iter().map(|e| e.event.as_ref().unwrap().kind.as_str()).collect()
}

async fn the_stream_tells_every_event_in_order_and_goes_on_after_a_cursor(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    world.settle().await;
    let all = watch(&world, "", 4).await;
    assert_eq!(kinds(&all), ["accepted", "provided", "opened", "notified"]);
    let opened = all[2].event.as_ref().unwrap();
    assert_eq!(
        (opened.letter_id.as_str(), opened.sender_reference.as_str()),
        (done.letter_id.as_str(), "Az. 2025-17")
    );
    assert_eq!(opened.state(), pb::DeliveryState::Opened);
    world.verified(opened.receipt.as_ref().unwrap()).await;
    let rest = watch(&world, &all[1].cursor, 2).await;
    assert_eq!(rest[0].cursor, all[2].cursor);
    assert_eq!(kinds(&rest), ["opened", "notified"]);
}

async fn the_stream_wakes_when_something_happens(db: Db) {
    let world = World::new(db).await;
    let request = pb::WatchEventsRequest { cursor: String::new() };
    let mut stream = world.sender().watch_events(request).await.unwrap().into_inner();
    world.deliver("r1", |_| {}).await;
    world.settle().await;
    let message = loop {
        let message = stream.message().await.unwrap().unwrap();
        if message.event.is_some() {
            break message;
        }
    };
    assert_eq!(message.event.unwrap().kind, "accepted");
    assert_eq!(message.lag_ms, 0);
}

async fn a_cursor_that_was_not_made_here_is_refused(db: Db) {
    let world = World::new(db).await;
    let request = pb::WatchEventsRequest { cursor: "made up".into() };
    let status = world.sender().watch_events(request).await.err().unwrap();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}
