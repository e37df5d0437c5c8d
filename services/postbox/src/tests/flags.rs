//! Read and unread, labels, archive and trash: without legal meaning.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::TrustLevel;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::world::{DAY, World, letter};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_in_the_trash_goes_on_counting_in_law,
    archived_and_trashed_letters_leave_the_inbox_and_come_back,
    an_unopened_letter_can_be_marked_read_without_being_opened,
    a_letter_in_the_trash_is_opened_and_counted_right,
    counters_say_what_the_lists_say_whatever_was_done,
    what_is_told_is_the_counters_and_no_row_is_counted,
    labels_are_found_by_their_word_and_replace_each_other,
    labels_of_a_hidden_letter_are_hidden_with_it,
    labels_that_are_none_are_refused,
    somebody_elses_letter_cannot_be_flagged_and_does_not_exist,
    every_change_of_flags_is_in_the_audit_trail_and_none_in_evidence
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Archive,
    Trash,
    Restore,
    Unread(bool),
}

async fn act(world: &World, n: u128, act: Act, id: &str) -> Result<pb::LetterSummary, Status> {
    let mut reader = world.reader(n, TrustLevel::Basic);
    let (request_id, letter_id, organisation_id) = ("f".into(), id.into(), String::new());
    let letter = match act {
        Act::Archive => {
            let request =
                pb::ArchiveRequest { request_id, letter_id, organisation_id, ..Default::default() };
            reader.archive(request).await?.into_inner().letter
        }
        Act::Trash => {
            let request =
                pb::TrashRequest { request_id, letter_id, organisation_id, ..Default::default() };
            reader.trash(request).await?.into_inner().letter
        }
        Act::Restore => {
            let request =
                pb::RestoreRequest { request_id, letter_id, organisation_id, ..Default::default() };
            reader.restore(request).await?.into_inner().letter
        }
        Act::Unread(unread) => {
            let unread = Some(unread);
            let labels = None;
            let request = pb::SetFlagsRequest {
                request_id,
                letter_id,
                organisation_id,
                unread,
                labels,
                ..Default::default()
            };
            reader.set_flags(request).await?.into_inner().letter
        }
    };
    Ok(letter.unwrap())
}

async fn label(world: &World, id: &str, labels: &[&str]) -> Result<pb::LetterSummary, Status> {
    let labels = labels.iter().map(|l| (*l).to_owned()).collect();
    let request = pb::SetFlagsRequest {
        request_id: "l".into(),
        letter_id: id.into(),
        labels: Some(pb::Labels { labels }),
        ..pb::SetFlagsRequest::default()
    };
    let flagged = world.reader(1, TrustLevel::High).set_flags(request).await?;
    Ok(flagged.into_inner().letter.unwrap())
}

async fn list(
    world: &World,
    bend: impl FnOnce(&mut pb::ListLettersRequest),
) -> pb::ListLettersResponse {
    let mut request = pb::ListLettersRequest::default();
    bend(&mut request);
    world.reader(1, TrustLevel::High).list_letters(request).await.unwrap().into_inner()
}

async fn ids(world: &World, folder: pb::Folder) -> Vec<String> {
    let listed = list(world, |r| r.folder = folder.into()).await;
    listed.letters.into_iter().map(|l| l.letter_id).collect()
}

async fn counts(world: &World) -> pb::GetCountsResponse {
    let request = pb::GetCountsRequest::default();
    world.reader(1, TrustLevel::Basic).get_counts(request).await.unwrap().into_inner()
}

async fn a_letter_in_the_trash_goes_on_counting_in_law(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    act(&world, 1, Act::Trash, &done.letter_id).await.unwrap();
    world.settle().await;
    world.wait(DAY * 6).await;
    let kinds = world.kinds(&done.letter_id).await;
    assert_eq!(kinds, ["accepted", "provided", "notified", "deemed_announced"]);
    let shown = world.summary(&done.letter_id).await;
    assert_eq!((shown.folder(), shown.can_open), (pb::Folder::Trash, true));
}

async fn archived_and_trashed_letters_leave_the_inbox_and_come_back(db: Db) {
    let world = World::new(db).await;
    let one = world.deliver("r1", |_| {}).await.letter_id;
    let two = world.deliver("r2", |_| {}).await.letter_id;
    let shown = act(&world, 1, Act::Archive, &one).await.unwrap();
    assert_eq!(shown.folder(), pb::Folder::Archive);
    act(&world, 1, Act::Trash, &two).await.unwrap();
    assert_eq!(ids(&world, pb::Folder::Unspecified).await, [""; 0]);
    assert_eq!(ids(&world, pb::Folder::Archive).await, std::slice::from_ref(&one));
    assert_eq!(ids(&world, pb::Folder::Trash).await, std::slice::from_ref(&two));
    let expected = pb::GetCountsResponse { inbox: 0, archive: 1, trash: 1, unread: 1 };
    assert_eq!(counts(&world).await, expected);
    for id in [&one, &two, &two] {
        act(&world, 1, Act::Restore, id).await.unwrap();
    }
    assert_eq!(ids(&world, pb::Folder::Inbox).await, [two, one]);
    let expected = pb::GetCountsResponse { inbox: 2, archive: 0, trash: 0, unread: 2 };
    assert_eq!(counts(&world).await, expected);
}

async fn an_unopened_letter_can_be_marked_read_without_being_opened(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let shown = act(&world, 1, Act::Unread(false), &done.letter_id).await.unwrap();
    assert!(!shown.unread && shown.opened_at.is_none());
    assert_eq!(world.unread().await, 0);
    act(&world, 1, Act::Unread(false), &done.letter_id).await.unwrap();
    assert_eq!(world.unread().await, 0, "once is enough");
    act(&world, 1, Act::Unread(true), &done.letter_id).await.unwrap();
    assert_eq!(world.unread().await, 1);
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
    assert_eq!(world.sent(&done.letter_id).await.state(), pb::DeliveryState::Provided);
}

async fn a_letter_in_the_trash_is_opened_and_counted_right(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    act(&world, 1, Act::Trash, &done.letter_id).await.unwrap();
    world.open(&done.letter_id).await.unwrap();
    let expected = pb::GetCountsResponse { inbox: 0, archive: 0, trash: 1, unread: 0 };
    assert_eq!(counts(&world).await, expected);
    act(&world, 1, Act::Restore, &done.letter_id).await.unwrap();
    let expected = pb::GetCountsResponse { inbox: 1, archive: 0, trash: 0, unread: 0 };
    assert_eq!(counts(&world).await, expected);
}

async fn counters_say_what_the_lists_say_whatever_was_done(db: Db) {
    let world = World::new(db).await;
    let mut letters = Vec::new();
    for n in 0..4 {
        letters.push(world.deliver(&format!("r{n}"), |_| {}).await.letter_id);
    }
    let step = prop_oneof![
        1 => Just(Some(Act::Archive)),
        1 => Just(Some(Act::Trash)),
        1 => Just(Some(Act::Restore)),
        2 => any::<bool>().prop_map(|unread| Some(Act::Unread(unread))),
        1 => Just(None),
    ];
    let steps = prop::collection::vec((0..4_usize, step), 40);
    let steps = steps.new_tree(&mut TestRunner::deterministic()).unwrap().current();
    for (n, step) in steps {
        match step {
            Some(step) => {
                act(&world, 1, step, &letters[n]).await.unwrap();
            }
            None => {
                world.open(&letters[n]).await.unwrap();
            }
        }
    }
    world.recall(&letters[0]).await.unwrap_err();
    let mut seen = Vec::new();
    let mut unread = 0;
    for folder in [pb::Folder::Inbox, pb::Folder::Archive, pb::Folder::Trash] {
        let listed = list(&world, |r| r.folder = folder.into()).await;
        seen.push(i64::try_from(listed.letters.len()).unwrap());
        if folder != pb::Folder::Trash {
            unread += listed.letters.iter().map(|l| i64::from(l.unread)).sum::<i64>();
        }
    }
    let counts = counts(&world).await;
    assert_eq!([counts.inbox, counts.archive, counts.trash], seen[..]);
    assert_eq!(counts.unread, unread);
}

async fn miscount(tx: &mut siegel_db::Tx) -> Result<u64, siegel_db::StoreError> {
    const SQL: &str = "UPDATE mailboxes SET unread = 41";
    Ok(siegel_db::on!(tx, c => sqlx::query(SQL).execute(c).await?.rows_affected()))
}

/// Nobody counts a mailbox of a hundred thousand letters for each look at it.
async fn what_is_told_is_the_counters_and_no_row_is_counted(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    let mut tx = world.db.begin().await.unwrap();
    assert_eq!(miscount(&mut tx).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!((counts(&world).await.unread, world.unread().await), (41, 41));
}

async fn labels_are_found_by_their_word_and_replace_each_other(db: Db) {
    let world = World::new(db).await;
    let one = world.deliver("r1", |_| {}).await.letter_id;
    let two = world.deliver("r2", |_| {}).await.letter_id;
    let shown = label(&world, &one, &["Steuer", " Bau ", "Steuer"]).await.unwrap();
    assert_eq!(shown.labels, ["Steuer", "Bau"]);
    label(&world, &two, &["Bau"]).await.unwrap();
    let found = async |word: &str| {
        let listed = list(&world, |r| r.label = word.into()).await;
        listed.letters.into_iter().map(|l| l.letter_id).collect::<Vec<_>>()
    };
    assert_eq!(found("Bau").await, [two.clone(), one.clone()]);
    assert_eq!(found("Steuer").await, std::slice::from_ref(&one));
    assert_eq!(found("Stau").await, [""; 0]);
    label(&world, &one, &["Erledigt"]).await.unwrap();
    assert_eq!(found("Steuer").await, [""; 0]);
    assert_eq!(world.summary(&one).await.labels, ["Erledigt"]);
    let mut tx = world.db.read().await.unwrap();
    let mailbox = mailbox_of(&mut tx).await;
    let row = crate::store::letters::get(&mut tx, mailbox, one.parse().unwrap()).await.unwrap();
    let row = row.unwrap();
    let sealed = row.sealed_labels.unwrap();
    assert!(!sealed.windows(8).any(|w| w == b"Erledigt"), "labels lie sealed");
}

async fn mailbox_of(tx: &mut siegel_db::Tx) -> crate::domain::MailboxId {
    crate::store::mailboxes::any(tx).await.unwrap().unwrap().id
}

async fn labels_of_a_hidden_letter_are_hidden_with_it(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |r| letter(r).hide_preview = true).await;
    label(&world, &done.letter_id, &["Scheidung"]).await.unwrap();
    let low = act(&world, 1, Act::Unread(true), &done.letter_id).await.unwrap();
    assert_eq!((low.labels.len(), low.subject.as_str()), (0, ""));
    assert_eq!(world.summary(&done.letter_id).await.labels, ["Scheidung"]);
}

async fn labels_that_are_none_are_refused(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    for bad in ["", "a\nb"] {
        let status = label(&world, &done.letter_id, &[bad]).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{bad:?}");
    }
    let request =
        pb::SetFlagsRequest { letter_id: done.letter_id, ..pb::SetFlagsRequest::default() };
    let status = world.reader(1, TrustLevel::High).set_flags(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "nothing to set");
}

async fn somebody_elses_letter_cannot_be_flagged_and_does_not_exist(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    let later = world.postbox.now().legal.plus(DAY);
    let scheduled = world
        .deliver("r2", |r| {
            letter(r).publish_at = Some(siegel_proto::convert::timestamp(later));
        })
        .await;
    world.handle(2).await;
    for (n, id) in [
        (2, done.letter_id.as_str()),
        (3, done.letter_id.as_str()),
        (1, scheduled.letter_id.as_str()),
        (1, "ltr_00000000000000000000000000000000"),
        (1, "nonsense"),
    ] {
        for step in [Act::Archive, Act::Trash, Act::Restore, Act::Unread(false)] {
            let status = act(&world, n, step, id).await.unwrap_err();
            assert_eq!(
                (status.code(), reason(&status).as_deref()),
                (Code::NotFound, Some("LETTER_UNKNOWN")),
                "{step:?} by {n}"
            );
        }
    }
    let expected = pb::GetCountsResponse { inbox: 1, archive: 0, trash: 0, unread: 1 };
    assert_eq!(counts(&world).await, expected);
}

async fn every_change_of_flags_is_in_the_audit_trail_and_none_in_evidence(db: Db) {
    let world = World::new(db).await;
    let done = world.deliver("r1", |_| {}).await;
    for step in [Act::Archive, Act::Trash, Act::Restore, Act::Unread(false)] {
        act(&world, 1, step, &done.letter_id).await.unwrap();
    }
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    drop(tx);
    for kind in ["archived", "flagged", "restored", "trashed"] {
        assert!(kinds.contains(&format!("postbox.letter.{kind}")), "{kinds:?}");
    }
    assert_eq!(world.kinds(&done.letter_id).await, ["accepted", "provided"]);
}
