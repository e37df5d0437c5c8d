//! What happens in a mailbox, as those who may read it watch it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::common::v1::TrustLevel as WireLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Streaming};

use super::world::{DAY, World, company, letter};

on_each_backend! { &crate::MIGRATIONS =>
    a_new_letter_and_its_changes_of_state_are_told_with_the_counts,
    without_a_cursor_only_what_is_to_come_is_told,
    a_watcher_goes_on_after_a_cursor_and_misses_nothing,
    a_person_who_has_no_mailbox_yet_hears_of_the_first_letter,
    flags_and_case_updates_are_told,
    a_quiet_stream_repeats_its_counts_again_and_again,
    below_the_level_a_hidden_letter_shows_no_more_than_its_list_entry,
    a_scheduled_letter_is_no_news_before_its_provision_nor_when_recalled_before,
    nobody_hears_of_somebody_elses_mailbox,
    a_member_hears_that_another_opened_the_organisations_letter,
    watching_for_an_organisation_takes_its_right,
    a_stream_ends_when_the_right_to_read_for_the_organisation_does,
    a_cursor_that_was_not_made_here_is_refused
}

type News = Streaming<pb::WatchMailboxResponse>;

async fn watch(world: &World, (n, level): (u128, TrustLevel), cursor: &str) -> News {
    let request = pb::WatchMailboxRequest {
        cursor: cursor.into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    world.reader(n, level).watch_mailbox(request).await.unwrap().into_inner()
}

/// From now on: the stream behind its first heartbeat, and that.
async fn begin(world: &World, n: u128) -> (News, pb::WatchMailboxResponse) {
    let mut stream = watch(world, (n, TrustLevel::High), "").await;
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.news, None);
    (stream, first)
}

async fn next(stream: &mut News) -> (pb::WatchMailboxResponse, pb::MailboxNews) {
    loop {
        let message = stream.message().await.unwrap().unwrap();
        if let Some(news) = message.news.clone() {
            return (message, news);
        }
    }
}

async fn kinds(stream: &mut News, count: usize) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < count {
        seen.push(next(stream).await.1.kind);
    }
    seen
}

async fn a_new_letter_and_its_changes_of_state_are_told_with_the_counts(db: Db) {
    let world = World::new(db).await;
    let (mut stream, first) = begin(&world, 1).await;
    assert_eq!(first.counts, Some(pb::MailboxCounts::default()));
    let done = world.deliver("r1", |_| {}).await;
    world.settle().await;
    let (message, news) = next(&mut stream).await;
    assert_eq!(news.kind, "provided");
    let shown = news.letter.unwrap();
    assert_eq!(shown, world.summary(&done.letter_id).await, "as the list shows it");
    assert_eq!(message.counts.unwrap().unread, 1);
    world.open(&done.letter_id).await.unwrap();
    world.settle().await;
    let (message, news) = next(&mut stream).await;
    assert_eq!(
        (news.kind.as_str(), news.letter.unwrap().state()),
        ("opened", pb::DeliveryState::Opened)
    );
    assert_eq!(message.counts.unwrap().unread, 0);
}

async fn a_quiet_stream_repeats_its_counts_again_and_again(db: Db) {
    let world = World::with(db, super::events::often).await;
    world.deliver("r1", |_| {}).await;
    world.settle().await;
    let (mut stream, first) = begin(&world, 1).await;
    assert_eq!(first.counts.unwrap().unread, 1);
    for _ in 0..4 {
        let beat = stream.message().await.unwrap().unwrap();
        assert_eq!(beat, first, "nothing happened");
    }
}

async fn without_a_cursor_only_what_is_to_come_is_told(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    world.settle().await;
    let (mut stream, first) = begin(&world, 1).await;
    assert_eq!(first.counts.unwrap().inbox, 1);
    let second = world.deliver("r2", |_| {}).await;
    world.settle().await;
    assert_eq!(next(&mut stream).await.1.letter.unwrap().letter_id, second.letter_id);
}

async fn a_watcher_goes_on_after_a_cursor_and_misses_nothing(db: Db) {
    let world = World::new(db).await;
    let (stream, first) = begin(&world, 1).await;
    drop(stream);
    let letters = [world.deliver("r1", |_| {}).await, world.deliver("r2", |_| {}).await];
    world.open(&letters[0].letter_id).await.unwrap();
    world.settle().await;
    let mut stream = watch(&world, (1, TrustLevel::High), &first.cursor).await;
    let (message, news) = next(&mut stream).await;
    assert_eq!(news.letter.unwrap().letter_id, letters[0].letter_id);
    let mut stream = watch(&world, (1, TrustLevel::High), &message.cursor).await;
    assert_eq!(next(&mut stream).await.1.letter.unwrap().letter_id, letters[1].letter_id);
    assert_eq!(kinds(&mut stream, 1).await, ["opened"]);
}

async fn a_person_who_has_no_mailbox_yet_hears_of_the_first_letter(db: Db) {
    let world = World::new(db).await;
    let (mut stream, _) = begin(&world, 1).await;
    assert_eq!(world.count("mailboxes").await, 0);
    world.deliver("r1", |_| {}).await;
    world.settle().await;
    assert_eq!(kinds(&mut stream, 1).await, ["provided"]);
}

async fn flags_and_case_updates_are_told(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let (mut stream, _) = begin(&world, 1).await;
    let request = pb::ArchiveRequest {
        request_id: "a".into(),
        letter_id: done.letter_id,
        organisation_id: String::new(),
        ..Default::default()
    };
    world.reader(1, TrustLevel::High).archive(request).await.unwrap();
    let request = pb::UpdateCaseStatusRequest {
        request_id: "u1".into(),
        handle: world.handle(1).await,
        case_id: "BA-2025-17".into(),
        status: pb::CaseStatus::Processing.into(),
        note: "Wird gesichtet".into(),
        required_level: WireLevel::Substantial.into(),
    };
    world.sender().update_case_status(request).await.unwrap();
    world.settle().await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let (message, news) = next(&mut stream).await;
        if news.kind != "provided" {
            seen.push((message, news));
        }
    }
    assert_eq!(seen[0].1.kind, "flagged");
    assert_eq!(seen[0].1.letter.as_ref().unwrap().folder(), pb::Folder::Archive);
    assert_eq!(seen[0].0.counts.unwrap().archive, 1);
    assert_eq!((seen[1].1.kind.as_str(), seen[1].1.letter.clone()), ("case_updated", None));
    assert_eq!(seen[1].1.case_update.as_ref().unwrap().note, "Wird gesichtet");
}

async fn below_the_level_a_hidden_letter_shows_no_more_than_its_list_entry(db: Db) {
    let world = World::new(db).await;
    world.handle(1).await;
    let mut low = watch(&world, (1, TrustLevel::Low), "").await;
    low.message().await.unwrap();
    world.deliver("r1", |r| letter(r).hide_preview = true).await;
    let request = pb::UpdateCaseStatusRequest {
        request_id: "u1".into(),
        handle: world.handle(1).await,
        case_id: "BA-2025-17".into(),
        status: pb::CaseStatus::Processing.into(),
        note: "Wird gesichtet".into(),
        required_level: WireLevel::Substantial.into(),
    };
    world.sender().update_case_status(request).await.unwrap();
    world.settle().await;
    let shown = next(&mut low).await.1.letter.unwrap();
    let hidden = (shown.subject.as_str(), shown.authority.as_str(), shown.case_id.as_str());
    assert_eq!((hidden, shown.can_open), (("", "", ""), false));
    let case = next(&mut low).await.1.case_update.unwrap();
    assert_eq!((case.case_id.as_str(), case.note.as_str(), case.authority.as_str()), ("", "", ""));
}

async fn a_scheduled_letter_is_no_news_before_its_provision_nor_when_recalled_before(db: Db) {
    let world = World::new(db).await;
    world.handle(1).await;
    let (mut stream, _) = begin(&world, 1).await;
    let later = world.postbox.now().legal.plus(DAY);
    let at = Some(siegel_proto::convert::timestamp(later));
    let recalled = world.deliver("r1", |r| letter(r).publish_at = at).await;
    let kept = world.deliver("r2", |r| letter(r).publish_at = at).await;
    world.recall(&recalled.letter_id).await.unwrap();
    world.wait(DAY).await;
    let (_, news) = next(&mut stream).await;
    assert_eq!(news.letter.unwrap().letter_id, kept.letter_id, "of the other nothing was told");
}

async fn nobody_hears_of_somebody_elses_mailbox(db: Db) {
    let world = World::new(db).await;
    let (mut mine, first) = begin(&world, 1).await;
    let other = world.handle(2).await;
    world.deliver("r1", |r| letter(r).handle = other).await;
    world.settle().await;
    // A cursor of one's own leads into no other mailbox.
    let mut stranger = watch(&world, (3, TrustLevel::High), &first.cursor).await;
    assert_eq!(stranger.message().await.unwrap().unwrap().news, None);
    let own = world.deliver("r2", |_| {}).await;
    world.settle().await;
    assert_eq!(next(&mut mine).await.1.letter.unwrap().letter_id, own.letter_id);
}

async fn a_member_hears_that_another_opened_the_organisations_letter(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let request = pb::WatchMailboxRequest {
        cursor: String::new(),
        organisation_id: company().to_string(),
        ..Default::default()
    };
    let mut member = world.reader(1, TrustLevel::High);
    let mut stream = member.watch_mailbox(request).await.unwrap().into_inner();
    stream.message().await.unwrap();
    let done = world.deliver("r1", |r| letter(r).handle = handle).await;
    let request = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: done.letter_id.clone(),
        organisation_id: company().to_string(),
        ..Default::default()
    };
    world.reader(1, TrustLevel::High).open(request).await.unwrap();
    world.settle().await;
    assert_eq!(kinds(&mut stream, 2).await, ["provided", "opened"]);
}

async fn watching_for_an_organisation_takes_its_right(db: Db) {
    let world = World::new(db).await;
    let request = pb::WatchMailboxRequest {
        cursor: String::new(),
        organisation_id: company().to_string(),
        ..Default::default()
    };
    let status = world.reader(2, TrustLevel::High).watch_mailbox(request).await.err().unwrap();
    assert_eq!(
        (status.code(), reason(&status).as_deref()),
        (Code::NotFound, Some("ORGANISATION_UNKNOWN"))
    );
}

async fn a_stream_ends_when_the_right_to_read_for_the_organisation_does(db: Db) {
    let world = World::new(db).await;
    let owner = pb::issue_handle_request::Owner::OrganisationId(company().to_string());
    let handle = world.handle_for(owner, "musterstadt").await;
    let request = pb::WatchMailboxRequest {
        cursor: String::new(),
        organisation_id: company().to_string(),
        ..Default::default()
    };
    let mut member = world.reader(1, TrustLevel::High);
    let mut stream = member.watch_mailbox(request).await.unwrap().into_inner();
    stream.message().await.unwrap();
    world.access.barred.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(5));
    world.deliver("r1", |r| letter(r).handle = handle).await;
    world.settle().await;
    let status = stream.message().await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
}

async fn a_cursor_that_was_not_made_here_is_refused(db: Db) {
    let world = World::new(db).await;
    let request = pb::WatchMailboxRequest {
        cursor: "made up".into(),
        organisation_id: String::new(),
        ..Default::default()
    };
    let status = world.reader(1, TrustLevel::High).watch_mailbox(request).await.err().unwrap();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}
