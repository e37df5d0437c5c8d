//! Delivering: what is stored, and that it is stored once.

use siegel_db::{Db, on};
use siegel_kernel::{Clock, Timestamp, TrustLevel};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::Kind;
use siegel_testkit::{TestClock, on_each_backend};

use super::world::{CLIENT, PDF, World, XML, account, attachment, letter, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_is_accepted_and_provided_with_receipts_that_verify_offline,
    the_same_request_gives_the_same_answer_and_no_second_letter,
    two_identical_requests_at_once_deliver_one_letter,
    a_streamed_letter_is_the_same_as_an_inline_one,
    attachments_cut_into_odd_pieces_arrive_whole,
    nothing_that_people_write_lies_readable_on_the_disk,
    the_handle_of_an_owner_is_the_same_each_time_and_differs_between_sectors,
    a_level_that_is_not_named_is_high,
    the_notification_is_ordered_without_content_and_signed_once_it_left,
    a_notification_that_fails_is_evidence_too,
    a_restart_keeps_letters_receipts_and_the_stream_position,
    another_key_encryption_key_is_noticed_at_start,
    an_orphaned_upload_is_removed_after_seven_days,
    what_a_letter_took_is_not_removed_by_who_looked_before,
    the_specimen_decision_and_its_data_sets_are_taken,
    a_receipt_made_under_a_moved_clock_says_so,
    a_started_postbox_publishes_ends_and_notifies_by_itself
}

async fn a_letter_is_accepted_and_provided_with_receipts_that_verify_offline(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    assert_eq!(done.state(), pb::DeliveryState::Provided);
    let kinds: Vec<_> = done.receipts.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(kinds, ["accepted", "provided"]);
    let accepted = world.verified(&done.receipts[0]).await;
    let provided = world.verified(&done.receipts[1]).await;
    assert_eq!((accepted.kind, provided.kind), (Kind::Accepted, Kind::Provided));
    assert_eq!(accepted.letter_id, done.letter_id);
    assert_eq!(provided.body.attachment_digests.len(), 2);
    assert_eq!(provided.body.content_digest, accepted.body.content_digest);
    assert_eq!(provided.legal_day.as_deref(), Some("2025-03-10"));
    assert!(!provided.clock_moved);
}

async fn the_same_request_gives_the_same_answer_and_no_second_letter(db: Db) {
    let world = World::new(db).await;
    let first = world.deliver("r1", |_| {}).await;
    world.open(&first.letter_id).await.unwrap();
    let again = world.deliver("r1", |_| {}).await;
    assert_eq!(first, again);
    assert_eq!((world.count("letters").await, world.objects()), (1, 2));
}

async fn two_identical_requests_at_once_deliver_one_letter(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let (mut one, mut two) = (world.sender(), world.sender());
    let (one, two) =
        tokio::join!(one.submit(request("r1", &handle)), two.submit(request("r1", &handle)));
    assert_eq!(one.unwrap().into_inner(), two.unwrap().into_inner());
    assert_eq!((world.count("letters").await, world.objects()), (1, 2));
    assert_eq!(world.count("uploads").await, 0);
}

fn head(request: &pb::SubmitRequest) -> pb::SubmitStreamRequest {
    let attachments = request.attachments.iter().map(|a| a.declaration.clone().unwrap());
    let head = pb::SubmitStreamHead {
        request_id: request.request_id.clone(),
        letter: request.letter.clone(),
        attachments: attachments.collect(),
        ..pb::SubmitStreamHead::default()
    };
    pb::SubmitStreamRequest { part: Some(pb::submit_stream_request::Part::Head(head)) }
}

fn chunk(bytes: &[u8]) -> pb::SubmitStreamRequest {
    let part = pb::submit_stream_request::Part::Chunk(bytes.to_vec());
    pb::SubmitStreamRequest { part: Some(part) }
}

async fn a_streamed_letter_is_the_same_as_an_inline_one(db: Db) {
    let world = World::new(db).await;
    let request = request("r1", &world.handle(1).await);
    let messages = vec![head(&request), chunk(PDF), chunk(XML)];
    let done = world.sender().submit_stream(tokio_stream::iter(messages)).await.unwrap();
    let streamed = done.into_inner();
    let inline = world.deliver("r1", |_| {}).await;
    assert_eq!(streamed.letter_id, inline.letter_id, "one request id, one letter");
    assert_eq!(streamed.receipts, inline.receipts);
}

async fn attachments_cut_into_odd_pieces_arrive_whole(db: Db) {
    let world = World::new(db).await;
    let request = request("r1", &world.handle(1).await);
    let all = [PDF, XML].concat();
    let mut messages = vec![head(&request)];
    messages.extend(all.chunks(7).map(chunk));
    let done = world.sender().submit_stream(tokio_stream::iter(messages)).await.unwrap();
    let opened = world.open(&done.into_inner().letter_id).await.unwrap();
    for (index, content) in [PDF, XML].into_iter().enumerate() {
        assert_eq!(super::downloads::whole(&world, &opened, index).await, content);
    }
}

async fn nothing_that_people_write_lies_readable_on_the_disk(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.open(&done.letter_id).await.unwrap();
    world.settle().await;
    let mut everything = super::purge::everything(&world.db).await;
    if let Db::Sqlite { .. } = &world.db {
        let mut tx = world.db.read().await.unwrap();
        let file = database_file(&mut tx).await.unwrap();
        drop(tx);
        for suffix in ["", "-wal"] {
            everything.extend(std::fs::read(format!("{file}{suffix}")).unwrap_or_default());
        }
    }
    collect(&world.dir.path().join("objects"), &mut everything);
    assert!(everything.len() > 1_000);
    for secret in ["Gaube", "liegt bei", "Az. 2025-17", "BA-2025-17", "Bescheid.pdf", "xbau"] {
        // PostgreSQL shows bytes as hexadecimal digits.
        for bytes in [secret.as_bytes().to_vec(), super::purge::hex(secret.as_bytes())] {
            let found = everything.windows(bytes.len()).any(|w| w == bytes);
            assert!(!found, "{secret:?} can be read on the disk");
        }
    }
}

async fn database_file(tx: &mut siegel_db::Tx) -> Result<String, siegel_db::StoreError> {
    const SQL: &str = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    Ok(siegel_db::on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await?))
}

pub fn collect(dir: &std::path::Path, bytes: &mut Vec<u8>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), bytes);
        } else {
            bytes.extend(std::fs::read(entry.path()).unwrap());
        }
    }
}

async fn the_handle_of_an_owner_is_the_same_each_time_and_differs_between_sectors(db: Db) {
    let world = World::new(db).await;
    let owner = || pb::issue_handle_request::Owner::AccountId(account(1).to_string());
    let here = world.handle_for(owner(), "musterstadt").await;
    assert_eq!(here, world.handle_for(owner(), "musterstadt").await);
    assert_ne!(here, world.handle_for(owner(), "neustadt").await);
    assert_eq!(world.count("mailboxes").await, 1);
}

async fn a_level_that_is_not_named_is_high(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).required_level = 0).await;
    let provided = world.verified(&done.receipts[1]).await;
    assert_eq!(provided.body.required_level, TrustLevel::High.number());
}

async fn the_notification_is_ordered_without_content_and_signed_once_it_left(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    world.settle().await;
    let orders = world.notifications.orders.lock().unwrap().clone();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].recipient, account(1).to_string());
    assert_eq!((orders[0].required_level, orders[0].path.as_str()), (3, "/postbox"));
    let said = format!("{orders:?}");
    for word in ["Bauamt", "Gaube", "BA-2025-17", "Az. 2025-17", "liegt bei", "Bescheid"] {
        assert!(!said.contains(word), "{word} in {said}");
    }
    let notified = world.entry(&done.letter_id, "notified").await;
    assert!(notified.body.notification.unwrap().same_day);
}

async fn a_notification_that_fails_is_evidence_too(db: Db) {
    let world = World::new(db).await;
    let state = siegel_proto::notification::v1::NotificationState::NoContact;
    *world.notifications.state.lock().unwrap() = state;
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    let failed = world.entry(&done.letter_id, "notify_failed").await;
    assert_eq!(failed.body.notification.unwrap().reason.as_deref(), Some("NO_CONTACT"));
}

async fn a_restart_keeps_letters_receipts_and_the_stream_position(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    let who = crate::app::submit::SenderClient {
        client_id: CLIENT.into(),
        tenant: "musterstadt".into(),
        name: "x".into(),
    };
    let before = world.postbox.events_after(&who, 0).await.unwrap();
    let again = crate::start::build(world.config(), &world.outside).await.unwrap();
    let after = again.events_after(&who, before[0].position).await.unwrap();
    let kinds: Vec<_> = after.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["provided", "notified"]);
    assert_eq!(after[0].sender_reference, "Az. 2025-17");
    assert_eq!(after[0].receipt.as_ref().unwrap().1.to_json(), done.receipts[1].file);
}

async fn another_key_encryption_key_is_noticed_at_start(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    std::fs::write(world.dir.path().join("key-encryption-key"), [7; 32]).unwrap();
    let started = crate::start::build(world.config(), &world.outside).await;
    let error = started.err().unwrap().to_string();
    assert!(error.contains("key_encryption_key_file"), "{error}");
}

async fn an_orphaned_upload_is_removed_after_seven_days(db: Db) {
    use super::world::DAY;
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let key = "letters/left/behind".to_owned();
    let now = world.postbox.now().legal;
    crate::store::uploads::begin(&world.db, std::slice::from_ref(&key), now).await.unwrap();
    let mut writer = world.postbox.objects.write(&key);
    writer.push(vec![1; 10]).await.unwrap();
    writer.finish().await.unwrap();
    world.wait(DAY * 6).await;
    assert_eq!(world.objects(), 3);
    world.wait(DAY * 2).await;
    assert_eq!((world.objects(), world.count("uploads").await), (2, 0));
    world.open(&done.letter_id).await.unwrap();
}

async fn object_keys(db: &Db) -> Result<Vec<String>, siegel_db::StoreError> {
    const SQL: &str = "SELECT object_key FROM attachments";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_all(c).await?))
}

async fn what_a_letter_took_is_not_removed_by_who_looked_before(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let keys = object_keys(&world.db).await.unwrap();
    assert!(!keys.is_empty());
    // As a sweeper does that saw their notes, and is slow.
    world.postbox.discard(&keys).await;
    assert_eq!((world.objects(), world.count("doomed_objects").await), (keys.len(), 0));
    world.open(&done.letter_id).await.unwrap();
}

async fn the_specimen_decision_and_its_data_sets_are_taken(db: Db) {
    let world = World::new(db).await;
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures");
    let read = |name: &str, media_type: &str| {
        let bytes = std::fs::read(format!("{fixtures}/{name}")).unwrap();
        attachment(name, media_type, &bytes)
    };
    let files = vec![
        read("bescheid.pdf", "application/pdf"),
        read("bescheid.xml", "application/xml"),
        read("bescheid.json", "application/json"),
    ];
    let done = world.deliver("r1", |r| r.attachments = files).await;
    assert_eq!(world.open(&done.letter_id).await.unwrap().attachments.len(), 3);
}

/// A clock that somebody moved.
struct Moved(std::sync::Arc<TestClock>);

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        self.0.now().plus(super::world::DAY)
    }

    fn is_moved(&self) -> bool {
        true
    }
}

async fn a_receipt_made_under_a_moved_clock_says_so(db: Db) {
    let mut world = World::new(db).await;
    world.outside.legal_clock = std::sync::Arc::new(Moved(world.clock.clone()));
    world.postbox = crate::start::build(world.config(), &world.outside).await.unwrap();
    let done = world.deliver("r1", |_| {}).await;
    let provided = world.verified(&done.receipts[1]).await;
    assert!(provided.clock_moved);
    assert_eq!(provided.event_time, "2025-03-07T10:15:00.000000Z");
    assert_eq!(provided.recorded_time, "2025-03-06T10:15:00.000000Z");
    assert_eq!(provided.legal_day.as_deref(), Some("2025-03-11"));
}

async fn a_started_postbox_publishes_ends_and_notifies_by_itself(db: Db) {
    let world = World::new(db).await;
    let running = crate::start(world.config(), world.outside.clone()).await.unwrap();
    let done = world.deliver("r1", |_| {}).await;
    let request = pb::WatchEventsRequest { cursor: String::new() };
    let caller = super::world::client(CLIENT, "musterstadt");
    let channel = siegel_grpc::testing::serve(&running.grpc, caller);
    let mut sender = pb::sender_service_client::SenderServiceClient::new(channel);
    let mut stream = sender.watch_events(request).await.unwrap().into_inner();
    let mut kinds = Vec::new();
    while kinds.len() < 4 {
        if let Some(event) = stream.message().await.unwrap().unwrap().event {
            assert_eq!(event.letter_id, done.letter_id);
            if event.kind == "notified" {
                world.clock.advance(super::world::DAY * 6);
            }
            kinds.push(event.kind);
        }
    }
    assert_eq!(kinds, ["accepted", "provided", "notified", "deemed_announced"]);
}

impl World {
    fn config(&self) -> crate::Config {
        let mut config = crate::Config::in_directory(self.dir.path(), super::world::senders());
        config.limits.attachment_bytes = 200_000;
        config
    }
}
