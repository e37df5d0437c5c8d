//! Acting by a mandate: which letters it reaches, what is recorded of its use, and what its end ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::reason;
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_testkit::on_each_backend;

use super::acting::{BUILDING, beside, list, mandate, member, nobody, open, submit, told};
use super::fakes::{Rule, owner};
use super::world::{CLIENT, OTHER_CLIENT, World, account, client, company, person, request};
use crate::app::download::{Download, Range};

on_each_backend! { &crate::MIGRATIONS =>
    what_is_done_by_a_mandate_is_among_its_uses_and_looking_is_not,
    a_mandate_that_ended_in_between_opens_nothing,
    a_mandate_for_one_letter_opens_this_letter_and_shows_no_other,
    a_member_who_may_only_read_receives_the_letter_that_a_mandate_names,
    a_mandate_for_one_sender_shows_the_letters_of_this_sender,
    a_mandate_for_some_letters_reaches_nothing_that_is_about_the_whole_mailbox,
    without_a_mandate_a_person_is_not_there,
    a_represented_person_is_named_by_a_pseudonym_and_never_as_an_organisation,
    a_download_ends_after_the_right_did,
    a_clock_that_is_set_back_keeps_no_download_open,
    a_quiet_stream_ends_within_a_second_of_the_right,
}

async fn what_is_done_by_a_mandate_is_among_its_uses_and_looking_is_not(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    let rule = mandate(2, 1, None);
    world.access.allow(rule.clone());
    let principal = account(1).to_string();
    let whom = ["", "", principal.as_str()];
    let uses = || world.access.uses.lock().unwrap().clone();
    list(&world, 2, whom).await.unwrap();
    assert_eq!(uses(), []);
    let opened = open(&world, 2, &id, whom).await.unwrap();
    let used = |action| (action, rule.mandate.to_owned(), id.clone());
    assert_eq!(uses(), [used(Action::ReceiveMail)]);
    let download = pb::DownloadAttachmentRequest {
        letter_id: id.clone(),
        principal_account_id: principal.clone(),
        attachment_id: opened.attachments[0].attachment_id.clone(),
        ..Default::default()
    };
    world.reader(2, TrustLevel::High).download_attachment(download).await.unwrap();
    assert_eq!(uses(), [used(Action::ReceiveMail), used(Action::DownloadMail)]);
    // Somebody who needs no mandate uses none.
    world.open(&id).await.unwrap();
    assert_eq!(uses().len(), 2);
}

async fn a_mandate_that_ended_in_between_opens_nothing(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    world.access.allow(mandate(2, 1, None));
    let siegel_grpc::Caller::Person(person) = person(2, TrustLevel::High) else {
        panic!("a person")
    };
    let whom = crate::ports::access::Represented::Person(account(1));
    let reader = world.postbox.reader(&person.into(), Some(whom), None).await.unwrap();
    world.access.rules.lock().unwrap().clear();
    let letter = id.parse().unwrap();
    let refused = world.postbox.uses(reader, Action::ReceiveMail, Some(letter)).await.unwrap_err();
    assert_eq!(refused.outcome(), "PERSON_UNKNOWN");
    assert_eq!(world.sent(&id).await.state(), pb::DeliveryState::Provided);
}

async fn a_mandate_for_one_letter_opens_this_letter_and_shows_no_other(db: Db) {
    let world = World::new(db).await;
    let one = world.deliver("r1", |_| {}).await.letter_id;
    let other = world.deliver("r2", |_| {}).await.letter_id;
    world.access.allow(mandate(2, 1, Some(&one)));
    let principal = account(1).to_string();
    let whom = ["", "", principal.as_str()];
    assert_eq!(list(&world, 2, whom).await.unwrap(), std::slice::from_ref(&one));
    let opened = open(&world, 2, &one, whom).await.unwrap();
    assert_eq!(opened.receipt.unwrap().kind, "opened_by_delegate");
    let missing = format!("ltr_{}", "0".repeat(32));
    for letter in [&other, &missing] {
        let status = open(&world, 2, letter, whom).await.unwrap_err();
        assert_eq!(told(&status), nobody());
    }
    assert_eq!(world.sent(&other).await.state(), pb::DeliveryState::Provided);
}

async fn a_member_who_may_only_read_receives_the_letter_that_a_mandate_names(db: Db) {
    let world = World::new(db).await;
    let whom = [&*company().to_string(), BUILDING, ""];
    let reading = [Action::ReadMail, Action::ReadHighMail];
    world.access.allow(member(2, BUILDING, &reading));
    let [one, other] = [beside(&world, "r1", BUILDING).await, beside(&world, "r2", BUILDING).await];
    let receiver = Rule {
        actions: vec![Action::ReceiveMail],
        path: "mandate:receiver",
        mandate: "mnd_2",
        only: Some(one.clone()),
        ..owner(2, BUILDING)
    };
    world.access.allow(receiver);
    let opened = open(&world, 2, &one, whom).await.unwrap();
    let receipt = opened.receipt.unwrap();
    assert_eq!(receipt.kind, "opened_by_delegate");
    assert!(open(&world, 2, &other, whom).await.unwrap().receipt.is_none());
}

async fn a_mandate_for_one_sender_shows_the_letters_of_this_sender(db: Db) {
    let world = World::new(db).await;
    let handle = world.handle(1).await;
    let mut expected = Vec::new();
    for n in 0..4 {
        expected.insert(0, submit(&world, &format!("own {n}"), &handle).await);
        let sender = client(OTHER_CLIENT, "musterstadt");
        let request = request(&format!("other {n}"), &handle);
        world.sender_as(sender).submit(request).await.unwrap();
    }
    world.access.allow(mandate(2, 1, Some(CLIENT)));
    let principal = account(1).to_string();
    assert_eq!(list(&world, 2, ["", "", &principal]).await.unwrap(), expected);
    // In pages, none twice and none left out, and no counts of what is not theirs.
    let (mut token, mut seen) = (String::new(), Vec::new());
    loop {
        let request = pb::ListLettersRequest {
            principal_account_id: principal.clone(),
            page_size: 3,
            page_token: token,
            ..Default::default()
        };
        let page = world.reader(2, TrustLevel::High).list_letters(request).await.unwrap();
        let page = page.into_inner();
        assert_eq!((page.total, page.unread), (0, 0));
        seen.extend(page.letters.into_iter().map(|letter| letter.letter_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

async fn a_mandate_for_some_letters_reaches_nothing_that_is_about_the_whole_mailbox(db: Db) {
    let world = World::new(db).await;
    let one = world.deliver("r1", |_| {}).await.letter_id;
    world.access.allow(mandate(2, 1, Some(&one)));
    let principal = account(1).to_string();
    let mut reader = world.reader(2, TrustLevel::High);
    let counts =
        pb::GetCountsRequest { principal_account_id: principal.clone(), ..Default::default() };
    let export =
        pb::ExportMailboxRequest { principal_account_id: principal.clone(), ..Default::default() };
    let search = pb::SearchRequest {
        principal_account_id: principal.clone(),
        query: "Gaube".into(),
        ..Default::default()
    };
    let watch =
        pb::WatchMailboxRequest { principal_account_id: principal.clone(), ..Default::default() };
    let looks =
        pb::ListAccessesRequest { principal_account_id: principal.clone(), ..Default::default() };
    let refused = [
        reader.get_counts(counts).await.unwrap_err(),
        reader.export_mailbox(export).await.err().unwrap(),
        reader.search(search).await.unwrap_err(),
        reader.watch_mailbox(watch).await.err().unwrap(),
        reader.list_accesses(looks.clone()).await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!(told(&status), nobody());
    }
    let of_letter = pb::ListAccessesRequest { letter_id: one, ..looks };
    reader.list_accesses(of_letter).await.unwrap();
}

async fn without_a_mandate_a_person_is_not_there(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    for principal in [account(1), account(99)] {
        let principal = principal.to_string();
        let whom = ["", "", principal.as_str()];
        assert_eq!(told(&list(&world, 2, whom).await.unwrap_err()), nobody());
        assert_eq!(told(&open(&world, 2, &id, whom).await.unwrap_err()), nobody());
    }
}

async fn a_represented_person_is_named_by_a_pseudonym_and_never_as_an_organisation(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    world.access.allow(mandate(2, 1, None));
    let principal = account(1).to_string();
    let opened = open(&world, 2, &id, ["", "", &principal]).await.unwrap();
    let verified = world.verified(&opened.receipt.unwrap()).await;
    let behalf = verified.body.on_behalf_of.unwrap();
    assert_eq!(behalf.organisation, None);
    let person = behalf.person.unwrap();
    assert!(person.starts_with("for_"), "{person}");
    let text = format!("{:?} {person}", verified.body.actor);
    for who in [account(1), account(2)] {
        assert!(!text.contains(&who.to_string()));
    }
}

/// A download that a member began for its organisation.
async fn begun(world: &World) -> Download {
    let org = company().to_string();
    world.access.allow(owner(1, BUILDING));
    let id = beside(world, "r1", BUILDING).await;
    let opened = open(world, 1, &id, [&org, BUILDING, ""]).await.unwrap();
    let request = pb::DownloadAttachmentRequest {
        letter_id: id,
        organisation_id: org,
        mailbox_id: BUILDING.into(),
        attachment_id: opened.attachments[0].attachment_id.clone(),
        ..Default::default()
    };
    let person = person(1, TrustLevel::High);
    let siegel_grpc::Caller::Person(person) = person else { panic!("a person") };
    let whom = crate::grpc::addressed::represented([
        &request.organisation_id,
        &request.mailbox_id,
        &request.principal_account_id,
    ]);
    let reader = world.postbox.reader(&person.into(), whom.unwrap(), None).await.unwrap();
    let reader = reader.to(Action::DownloadMail).unwrap();
    let (letter, file) =
        (request.letter_id.parse().unwrap(), request.attachment_id.parse().unwrap());
    let range = Range::ALL;
    world.postbox.download(&reader, letter, file, range).await.unwrap()
}

async fn a_download_ends_after_the_right_did(db: Db) {
    let world = World::new(db).await;
    let mut download = begun(&world).await;
    world.access.barred.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(1));
    let refused = world.postbox.next_bytes(&mut download).await.unwrap_err();
    assert_eq!(refused.outcome(), "ORGANISATION_UNKNOWN");
}

async fn a_clock_that_is_set_back_keeps_no_download_open(db: Db) {
    let world = World::new(db).await;
    let mut download = begun(&world).await;
    world.access.barred.store(true, Ordering::SeqCst);
    world.clock.set(world.clock.now().minus(Duration::from_mins(10)));
    let refused = world.postbox.next_bytes(&mut download).await.unwrap_err();
    assert_eq!(refused.outcome(), "ORGANISATION_UNKNOWN");
}

async fn a_quiet_stream_ends_within_a_second_of_the_right(db: Db) {
    let world = World::new(db).await;
    world.access.allow(owner(1, BUILDING));
    let request = pb::WatchMailboxRequest {
        organisation_id: company().to_string(),
        mailbox_id: BUILDING.into(),
        ..Default::default()
    };
    let mut member = world.reader(1, TrustLevel::High);
    let mut stream = member.watch_mailbox(request).await.unwrap().into_inner();
    stream.message().await.unwrap();
    world.access.barred.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(1));
    // Nothing happens in the mailbox; the next heartbeat would come after 5 s.
    let ended = tokio::time::timeout(Duration::from_secs(3), stream.message()).await.unwrap();
    assert_eq!(reason(&ended.unwrap_err()).as_deref(), Some("ORGANISATION_UNKNOWN"));
}
