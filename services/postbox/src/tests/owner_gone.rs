//! The mailbox of an account that is deleted.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::{Progress, reason};
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::admin::{approve, hold, place, propose_release};
use super::batches::{self, add, cancel, work};
use super::purge::{answered, holds_bytes};
use super::world::{DAY, World, account, formal, letter, request};
use crate::app::vault::letter_key;
use crate::store::letters;
use crate::store::mailboxes::{self, Owner};

on_each_backend! { &crate::MIGRATIONS =>
    letters_without_an_end_become_undeliverable_and_senders_are_told,
    nothing_that_can_be_read_or_names_the_owner_is_left,
    the_key_of_the_mailbox_is_destroyed_and_what_it_sealed_opens_no_more,
    evidence_outlives_the_mailbox_and_verifies,
    the_events_of_senders_can_still_be_read,
    nobody_is_reached_and_no_mailbox_opens_again,
    replies_and_their_files_go_too,
    a_held_letter_keeps_its_content_and_the_deletion_waiting,
    letters_of_an_open_batch_are_waited_for,
    asked_again_after_any_step_the_end_is_the_same,
    an_object_store_that_is_down_is_waited_for,
    an_account_without_a_mailbox_is_done_at_once,
    what_is_open_is_counted_until_it_is_over,
}

const WAITS: Progress = Progress::Waits("DELIVERIES_UNDER_WAY");

async fn gone(world: &World, n: u128) -> Progress {
    world.postbox.owner_gone(account(n)).await.unwrap()
}

/// Asked as often as identity asks.
async fn goes(world: &World, n: u128) -> Progress {
    assert_eq!(gone(world, n).await, WAITS);
    world.clock.advance(Duration::from_secs(11));
    gone(world, n).await
}

async fn letters_without_an_end_become_undeliverable_and_senders_are_told(db: Db) {
    let world = World::new(db).await;
    let unopened = world.deliver("r1", |_| {}).await.letter_id;
    let service = world.deliver("r2", formal).await.letter_id;
    let later = siegel_proto::convert::timestamp(world.clock.now().plus(DAY * 30));
    let scheduled = world.deliver("r3", |r| letter(r).publish_at = Some(later)).await.letter_id;
    assert_eq!(goes(&world, 1).await, Progress::Done);
    for id in [&unopened, &service, &scheduled] {
        let state = world.sent(id).await.state();
        assert_eq!(state, pb::DeliveryState::Undeliverable);
        let told = world.entry(id, "undeliverable").await.body;
        assert_eq!(told.reason.as_deref(), Some("MAILBOX_CLOSED"));
    }
}

async fn nothing_that_can_be_read_or_names_the_owner_is_left(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    world.open(&id).await.unwrap();
    let label = pb::SetFlagsRequest {
        request_id: "f".into(),
        letter_id: id.clone(),
        labels: Some(pb::Labels { labels: vec!["Dachgaube".into()] }),
        ..Default::default()
    };
    world.reader(1, TrustLevel::High).set_flags(label).await.unwrap();
    world.deliver("r2", |_| {}).await;
    let owner = account(1).as_uuid();
    let before = world.count("mailboxes").await;
    assert_eq!(goes(&world, 1).await, Progress::Done);
    for table in [
        "attachments",
        "letter_labels",
        "letter_words",
        "case_updates",
        "accesses",
        "opt_outs",
        "reminders",
        "retention",
        "handles",
        "doomed_objects",
        "resumable_uploads",
    ] {
        assert_eq!(world.count(table).await, 0, "{table} holds rows");
    }
    assert_eq!(world.objects(), 0);
    assert_eq!(world.count("mailboxes").await, before, "the evidence's place stays");
    assert!(!holds_bytes(&world, owner.as_bytes()).await, "the owner's id is left");
    assert!(!holds_bytes(&world, owner.hyphenated().to_string().as_bytes()).await);
    for word in ["Gaube", "Guten Tag", "Az. 2025-17", "BA-2025-17", "Bescheid.pdf"] {
        assert!(!holds_bytes(&world, word.as_bytes()).await, "{word} is left");
    }
}

async fn the_key_of_the_mailbox_is_destroyed_and_what_it_sealed_opens_no_more(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id.parse().unwrap();
    let mut tx = world.db.read().await.unwrap();
    let owner = Owner::Account(account(1));
    let before = mailboxes::of_owner(&mut tx, owner).await.unwrap().unwrap();
    let letter = letters::get(&mut tx, before.id, id).await.unwrap().unwrap();
    drop(tx);
    let vault = &world.postbox.vault;
    let opens = |wrapped: &[u8]| {
        let key = vault.mailbox_key(before.id, wrapped).unwrap();
        letter_key((before.id, &key), id, &letter.wrapped_key).is_ok()
    };
    assert!(opens(&before.wrapped_key), "the letter's key is sealed under the mailbox's");
    assert!(holds_bytes(&world, &before.wrapped_key).await, "the search finds what is there");
    assert_eq!(goes(&world, 1).await, Progress::Done);
    assert!(!holds_bytes(&world, &before.wrapped_key).await, "the key is left somewhere");
    let mut tx = world.db.read().await.unwrap();
    let after = mailboxes::by_id(&mut tx, before.id).await.unwrap().unwrap();
    // A copy of the letter's row, out of a backup, opens under nothing that is stored now.
    assert!(!opens(&after.wrapped_key), "the key in its place is another");
}

async fn evidence_outlives_the_mailbox_and_verifies(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    world.open(&id).await.unwrap();
    let before = world.kinds(&id).await;
    goes(&world, 1).await;
    let after = world.kinds(&id).await;
    assert_eq!(after[..before.len()], before[..], "nothing was taken away");
    assert_eq!(after.last().map(String::as_str), Some("purged"));
    let entry = world.entry(&id, "purged").await;
    assert_eq!(entry.body.reason.as_deref(), Some("RECIPIENT_GONE"));
    let opening = world.entry(&id, "opened").await;
    assert_eq!(opening.body.content_digest, entry.body.content_digest);
}

async fn the_events_of_senders_can_still_be_read(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    goes(&world, 1).await;
    while world.postbox.feed.number(world.clock.as_ref()).await.unwrap() > 0 {}
    let request = pb::WatchEventsRequest::default();
    let mut events = world.sender().watch_events(request).await.unwrap().into_inner();
    let mut kinds = Vec::new();
    while let Some(event) = events.message().await.unwrap().and_then(|m| m.event) {
        assert_eq!(event.letter_id, id);
        kinds.push(event.kind);
    }
    assert!(kinds.contains(&"undeliverable".to_owned()), "{kinds:?}");
}

async fn nobody_is_reached_and_no_mailbox_opens_again(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    assert_eq!(goes(&world, 1).await, Progress::Done);
    let status = world.sender().submit(request("r1", &handle)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("RECIPIENT_UNKNOWN"));
    // A log-in that was under way asks for a handle.
    let owner = pb::issue_handle_request::Owner::AccountId(account(1).to_string());
    let request = pb::IssueHandleRequest {
        request_id: "h".into(),
        owner: Some(owner),
        sector: "musterstadt".into(),
        ..Default::default()
    };
    assert!(world.handles().issue_handle(request).await.is_err());
    assert_eq!(world.count("handles").await, 0);
}

async fn replies_and_their_files_go_too(db: Db) {
    let world = World::new(db).await;
    let id = answered(&world).await;
    assert_eq!(goes(&world, 1).await, Progress::Done);
    assert_eq!((world.count("replies").await, world.count("reply_attachments").await), (0, 0));
    assert_eq!(world.objects(), 0);
    assert!(world.kinds(&id).await.contains(&"reply_accepted".to_owned()));
}

async fn a_held_letter_keeps_its_content_and_the_deletion_waiting(db: Db) {
    let world = World::new(db).await;
    let held = world.deliver("r1", |_| {}).await.letter_id;
    let other = world.deliver("r2", |_| {}).await.letter_id;
    let order = pb::PlaceLegalHoldRequest { letter_id: held.clone(), ..hold("h") };
    let hold_id = place(&world, order).await;
    assert_eq!(goes(&world, 1).await, Progress::Waits("LEGAL_HOLD"));
    assert!(world.kinds(&other).await.contains(&"purged".to_owned()));
    assert!(!world.kinds(&held).await.contains(&"purged".to_owned()));
    assert_eq!(gone(&world, 1).await, Progress::Waits("LEGAL_HOLD"));
    let proposal = propose_release(&world, &hold_id).await;
    approve(&world, "betrieb-2", &proposal).await.unwrap();
    assert_eq!(gone(&world, 1).await, Progress::Done);
    assert!(world.kinds(&held).await.contains(&"purged".to_owned()));
}

async fn letters_of_an_open_batch_are_waited_for(db: Db) {
    let world = World::new(db).await;
    let waiting = batches::letters(&world, 1).await;
    add(&world, waiting).await.unwrap();
    assert_eq!(goes(&world, 1).await, Progress::Waits("BATCH_OPEN"));
    cancel(&world).await.unwrap();
    work(&world).await;
    assert_eq!(gone(&world, 1).await, Progress::Done);
}

async fn asked_again_after_any_step_the_end_is_the_same(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    // Dropped after a while, at another place each time.
    for polls in 1..60 {
        let work = world.postbox.owner_gone(account(1));
        let _ = tokio::time::timeout(Duration::from_micros(polls * 150), work).await;
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(gone(&world, 1).await, Progress::Done);
    assert_eq!(gone(&world, 1).await, Progress::Done);
    let kinds = world.kinds(&id).await;
    for kind in ["undeliverable", "purged"] {
        assert_eq!(kinds.iter().filter(|k| *k == kind).count(), 1, "{kinds:?}");
    }
    assert_eq!(world.objects(), 0);
}

async fn an_object_store_that_is_down_is_waited_for(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    assert_eq!(gone(&world, 1).await, WAITS);
    world.clock.advance(Duration::from_secs(11));
    let objects = world.dir.path().join("objects");
    let aside = world.dir.path().join("aside");
    std::fs::rename(&objects, &aside).unwrap();
    std::fs::write(&objects, b"no directory").unwrap();
    let down = world.postbox.owner_gone(account(1)).await;
    assert!(!matches!(down, Ok(Progress::Done)), "{down:?}");
    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&aside, &objects).unwrap();
    assert_eq!(gone(&world, 1).await, Progress::Done);
    assert_eq!(world.objects(), 0);
}

async fn an_account_without_a_mailbox_is_done_at_once(db: Db) {
    let world = World::new(db).await;
    assert_eq!(gone(&world, 7).await, Progress::Done);
}

async fn what_is_open_is_counted_until_it_is_over(db: Db) {
    let world = World::new(db).await;
    let count = || async { world.postbox.open_matters(account(1)).await.unwrap() };
    assert_eq!(count().await, crate::domain::owner_gone::OpenMatters::default());
    let first = world.deliver("r1", |_| {}).await.letter_id;
    world.deliver("r2", formal).await;
    let open = count().await;
    assert_eq!((open.unopened, open.legal_periods, open.held), (2, 2, 0));
    assert!(open.last_period_ends_at.is_some());
    world.open(&first).await.unwrap();
    place(&world, pb::PlaceLegalHoldRequest { letter_id: first, ..hold("h") }).await;
    let open = count().await;
    assert_eq!((open.unopened, open.legal_periods, open.held), (1, 1, 1));
    world.wait(DAY * 400).await;
    assert_eq!(count().await.legal_periods, 0);
}
