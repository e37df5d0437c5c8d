//! Mailboxes of organisations, and acting for others: which letters, by which right, and what is
//! recorded of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::{fact, reason};
use siegel_kernel::TrustLevel;
use siegel_proto::organisation::v1 as organisation;
use siegel_proto::organisation::v1::Action;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::letter_action::Action as Wanted;
use siegel_proto::postbox::v1::mailbox_choice_service_client::MailboxChoiceServiceClient;
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use super::fakes::{EVERYTHING, Rule, owner};
use super::world::{
    CLIENT, OTHER_CLIENT, World, account, client, company, letter, person, request,
};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_lies_in_the_mailbox_whose_handle_it_was_sent_to_and_in_no_other,
    a_read_without_the_right_to_receive_has_no_legal_effect_and_is_recorded_as_such,
    the_first_access_by_who_may_receive_is_the_opening,
    a_delegates_opening_is_named_as_one_with_mandate_version_and_path,
    a_substitutes_opening_is_a_delegates,
    what_is_done_by_a_mandate_is_among_its_uses_and_looking_is_not,
    a_mandate_that_ended_in_between_opens_nothing,
    each_action_takes_its_own_right,
    letters_of_level_high_take_the_right_to_read_them,
    a_mandate_for_one_letter_opens_this_letter_and_shows_no_other,
    a_member_who_may_only_read_receives_the_letter_that_a_mandate_names,
    a_mandate_for_one_sender_shows_the_letters_of_this_sender,
    a_mandate_for_some_letters_reaches_nothing_that_is_about_the_whole_mailbox,
    without_a_mandate_a_person_is_not_there,
    a_represented_person_is_named_by_a_pseudonym_and_never_as_an_organisation,
    a_download_ends_after_the_right_did,
    a_quiet_stream_ends_within_a_second_of_the_right,
    colleagues_are_named_to_each_other_and_not_to_an_adviser,
    flags_of_a_function_mailbox_are_shared_by_its_readers,
    the_mailboxes_to_choose_from_come_with_their_counts,
    closing_one_mailbox_leaves_the_others_of_the_organisation_open,
}

/// Two mailboxes of organisation 9 beside its central one.
const BUILDING: &str = "omb_00000000000000000000000000000051";
const INVOICES: &str = "omb_00000000000000000000000000000052";

/// Somebody who reads a mailbox of organisation 9 and does not more than this.
fn member(n: u128, mailbox: &str, actions: &[Action]) -> Rule {
    Rule { actions: actions.to_vec(), path: "member:case-worker/granted", ..owner(n, mailbox) }
}

/// A mandate of a person for another.
fn mandate(n: u128, principal: u128, only: Option<&str>) -> Rule {
    Rule {
        account: n,
        whom: [account(principal).to_string(), String::new()],
        actions: EVERYTHING.to_vec(),
        path: "mandate:private",
        mandate: "mnd_00000000000000000000000000000061",
        by_substitution: false,
        only: only.map(str::to_owned),
    }
}

async fn submit(world: &World, id: &str, handle: &str) -> String {
    let request = request(id, handle);
    world.sender().submit(request).await.unwrap().into_inner().letter_id
}

async fn beside(world: &World, id: &str, mailbox: &str) -> String {
    let handle = world.handle_beside(&company().to_string(), mailbox).await;
    submit(world, id, &handle).await
}

async fn list(world: &World, n: u128, whom: [&str; 3]) -> Result<Vec<String>, Status> {
    let request = pb::ListLettersRequest {
        organisation_id: whom[0].into(),
        mailbox_id: whom[1].into(),
        principal_account_id: whom[2].into(),
        ..Default::default()
    };
    let listed = world.reader(n, TrustLevel::High).list_letters(request).await?.into_inner();
    Ok(listed.letters.into_iter().map(|letter| letter.letter_id).collect())
}

async fn open(
    world: &World,
    n: u128,
    letter_id: &str,
    whom: [&str; 3],
) -> Result<pb::OpenResponse, Status> {
    let request = pb::OpenRequest {
        request_id: "o".into(),
        letter_id: letter_id.into(),
        organisation_id: whom[0].into(),
        mailbox_id: whom[1].into(),
        principal_account_id: whom[2].into(),
    };
    Ok(world.reader(n, TrustLevel::High).open(request).await?.into_inner())
}

async fn accesses(world: &World, n: u128, whom: [&str; 3]) -> Vec<pb::Access> {
    let request = pb::ListAccessesRequest {
        organisation_id: whom[0].into(),
        mailbox_id: whom[1].into(),
        principal_account_id: whom[2].into(),
        ..Default::default()
    };
    let listed = world.reader(n, TrustLevel::High).list_accesses(request).await.unwrap();
    listed.into_inner().accesses
}

fn told(status: &Status) -> (Code, String) {
    (status.code(), reason(status).unwrap_or_default())
}

fn nobody() -> (Code, String) {
    (Code::NotFound, "PERSON_UNKNOWN".into())
}

async fn a_letter_lies_in_the_mailbox_whose_handle_it_was_sent_to_and_in_no_other(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    for mailbox in [BUILDING, INVOICES] {
        world.access.allow(owner(1, mailbox));
    }
    let building = beside(&world, "r1", BUILDING).await;
    let invoice = beside(&world, "r2", INVOICES).await;
    let central = pb::issue_handle_request::Owner::OrganisationId(org.clone());
    let central = submit(&world, "r3", &world.handle_for(central, "musterstadt").await).await;
    let own = world.deliver("r4", |_| {}).await.letter_id;
    for (whom, expected) in [
        ([org.as_str(), BUILDING, ""], building.as_str()),
        ([&org, INVOICES, ""], &invoice),
        ([&org, "", ""], &central),
        (["", "", ""], &own),
    ] {
        assert_eq!(list(&world, 1, whom).await.unwrap(), [expected]);
    }
    let elsewhere = open(&world, 1, &building, [&org, INVOICES, ""]).await.unwrap_err();
    assert_eq!(told(&elsewhere), (Code::NotFound, "LETTER_UNKNOWN".into()));
    // Account 3 owns the central one only.
    let status = list(&world, 3, [&org, BUILDING, ""]).await.unwrap_err();
    assert_eq!(told(&status), (Code::NotFound, "ORGANISATION_UNKNOWN".into()));
}

async fn a_read_without_the_right_to_receive_has_no_legal_effect_and_is_recorded_as_such(db: Db) {
    let world = World::new(db).await;
    let whom = [&*company().to_string(), BUILDING, ""];
    let reading = [Action::ReadMail, Action::ReadHighMail, Action::DownloadMail];
    world.access.allow(member(2, BUILDING, &reading));
    let id = beside(&world, "r1", BUILDING).await;
    let read = open(&world, 2, &id, whom).await.unwrap();
    assert_eq!(read.bodies.len(), 1, "the content is shown");
    assert!(read.receipt.is_none());
    let sent = world.sent(&id).await;
    assert_eq!(sent.state(), pb::DeliveryState::Provided);
    assert!(sent.receipts.iter().all(|receipt| receipt.kind != "opened"));
    let listed = accesses(&world, 2, whom).await;
    assert_eq!(listed[0].kind(), pb::AccessKind::Read);
    assert_eq!(listed[0].outcome, "without_effect");
    let mut tx = world.db.read().await.unwrap();
    let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
    assert!(kinds.contains(&"postbox.letter.read".to_owned()));
    assert!(!kinds.contains(&"postbox.letter.opened".to_owned()));
}

async fn the_first_access_by_who_may_receive_is_the_opening(db: Db) {
    let world = World::new(db).await;
    let whom = [&*company().to_string(), BUILDING, ""];
    world.access.allow(member(2, BUILDING, &[Action::ReadMail, Action::ReadHighMail]));
    world.access.allow(member(4, BUILDING, &[Action::ReadMail, Action::ReceiveMail]));
    let id = beside(&world, "r1", BUILDING).await;
    open(&world, 2, &id, whom).await.unwrap();
    world.wait(Duration::from_hours(24)).await;
    let opened = open(&world, 4, &id, whom).await.unwrap();
    let receipt = opened.receipt.unwrap();
    let verified = world.verified(&receipt).await;
    assert_eq!(receipt.kind, "opened");
    assert_eq!(verified.body.legal_effect.unwrap().day, "2025-03-10");
    assert_eq!(verified.body.on_behalf_of.unwrap().path, "member:case-worker/granted");
    // Who reads without effect afterwards gets the receipt of the opening.
    let again = open(&world, 2, &id, whom).await.unwrap();
    assert_eq!(again.receipt.unwrap().receipt_id, receipt.receipt_id);
}

async fn a_delegates_opening_is_named_as_one_with_mandate_version_and_path(db: Db) {
    let world = World::new(db).await;
    let id = world.deliver("r1", |_| {}).await.letter_id;
    world.access.allow(mandate(2, 1, None));
    let opened = open(&world, 2, &id, ["", "", &account(1).to_string()]).await.unwrap();
    let receipt = opened.receipt.unwrap();
    assert_eq!(receipt.kind, "opened_by_delegate");
    let body = world.verified(&receipt).await.body;
    let behalf = body.on_behalf_of.unwrap();
    assert_eq!(behalf.mandate_id.as_deref(), Some("mnd_00000000000000000000000000000061"));
    assert_eq!((behalf.mandate_version, behalf.path.as_str()), (Some(3), "mandate:private"));
    let digest = siegel_crypto::b64::encode(siegel_crypto::sha256(b"mandate:private"));
    assert_eq!(behalf.path_digest, Some(digest));
    assert!(body.legal_effect.is_some(), "it counts");
    // The person themself gets the same receipt.
    let own = world.open(&id).await.unwrap();
    assert_eq!(own.receipt.unwrap().receipt_id, receipt.receipt_id);
    assert_eq!(world.sent(&id).await.state(), pb::DeliveryState::Opened);
}

async fn a_substitutes_opening_is_a_delegates(db: Db) {
    let world = World::new(db).await;
    let whom = [&*company().to_string(), BUILDING, ""];
    let path = "member:read-only/substitute";
    world.access.allow(Rule { path, by_substitution: true, ..owner(2, BUILDING) });
    let id = beside(&world, "r1", BUILDING).await;
    let receipt = open(&world, 2, &id, whom).await.unwrap().receipt.unwrap();
    assert_eq!(receipt.kind, "opened_by_delegate");
    let behalf = world.verified(&receipt).await.body.on_behalf_of.unwrap();
    assert_eq!((behalf.path.as_str(), behalf.mandate_id), (path, None));
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

async fn each_action_takes_its_own_right(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    world.access.allow(member(2, BUILDING, &[Action::ReadMail]));
    world.access.allow(owner(1, BUILDING));
    let handle = world.handle_beside(&org, BUILDING).await;
    let mut asking = request("r1", &handle);
    let reply = pb::ReplyAction { form_id: "f".into(), due_on: String::new() };
    letter(&mut asking).actions = vec![pb::LetterAction { action: Some(Wanted::Reply(reply)) }];
    let id = world.sender().submit(asking).await.unwrap().into_inner().letter_id;
    let opened = open(&world, 1, &id, [&org, BUILDING, ""]).await.unwrap();
    let place = || (id.clone(), org.clone(), BUILDING.to_owned());
    let mut reader = world.reader(2, TrustLevel::High);
    let (letter_id, organisation_id, mailbox_id) = place();
    let reply = pb::ReplyRequest {
        request_id: "1".into(),
        letter_id,
        organisation_id,
        mailbox_id,
        text: "Anbei.".into(),
        ..Default::default()
    };
    let (letter_id, organisation_id, mailbox_id) = place();
    let trash = pb::TrashRequest {
        request_id: "2".into(),
        letter_id,
        organisation_id,
        mailbox_id,
        ..Default::default()
    };
    let (letter_id, organisation_id, mailbox_id) = place();
    let download = pb::DownloadAttachmentRequest {
        letter_id,
        organisation_id,
        mailbox_id,
        attachment_id: opened.attachments[0].attachment_id.clone(),
        ..Default::default()
    };
    let (letter_id, organisation_id, mailbox_id) = place();
    let confirm = pb::ConfirmRequest {
        request_id: "3".into(),
        letter_id,
        organisation_id,
        mailbox_id,
        ..Default::default()
    };
    let refused = [
        ("reply", reader.reply(reply.clone()).await.unwrap_err()),
        ("delete", reader.trash(trash.clone()).await.unwrap_err()),
        ("download", reader.download_attachment(download.clone()).await.err().unwrap()),
        ("receive_formal", reader.confirm(confirm).await.unwrap_err()),
    ];
    for (right, status) in refused {
        assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
        assert_eq!(fact(&status, "right").as_deref(), Some(right));
    }
    let more = [Action::ReplyMail, Action::DeleteMail, Action::DownloadMail];
    world.access.allow(member(2, BUILDING, &more));
    let replied = reader.reply(reply).await.unwrap().into_inner();
    let behalf = world.verified(&replied.receipt.unwrap()).await.body.on_behalf_of.unwrap();
    assert_eq!(behalf.path, "member:case-worker/granted");
    reader.trash(trash).await.unwrap();
    reader.download_attachment(download).await.unwrap();
}

async fn letters_of_level_high_take_the_right_to_read_them(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    world.access.allow(member(2, BUILDING, &[Action::ReadMail, Action::ReceiveMail]));
    let handle = world.handle_beside(&org, BUILDING).await;
    let mut high = request("r1", &handle);
    letter(&mut high).required_level = 4;
    letter(&mut high).hide_preview = true;
    let id = world.sender().submit(high).await.unwrap().into_inner().letter_id;
    let whom = [org.as_str(), BUILDING, ""];
    let status = open(&world, 2, &id, whom).await.unwrap_err();
    assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
    assert_eq!(fact(&status, "right").as_deref(), Some("read_high"));
    let request = pb::ListLettersRequest {
        organisation_id: org.clone(),
        mailbox_id: BUILDING.into(),
        ..Default::default()
    };
    let listed = world.reader(2, TrustLevel::High).list_letters(request).await.unwrap();
    let summary = listed.into_inner().letters.remove(0);
    assert_eq!((summary.subject.as_str(), summary.can_open), ("", false));
    world.access.allow(member(2, BUILDING, &[Action::ReadHighMail]));
    open(&world, 2, &id, whom).await.unwrap();
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

async fn a_download_ends_after_the_right_did(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    world.access.allow(owner(1, BUILDING));
    let id = beside(&world, "r1", BUILDING).await;
    let opened = open(&world, 1, &id, [&org, BUILDING, ""]).await.unwrap();
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
    let range = crate::app::download::Range::ALL;
    let mut download = world.postbox.download(&reader, letter, file, range).await.unwrap();
    world.access.barred.store(true, Ordering::SeqCst);
    world.clock.advance(Duration::from_secs(1));
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

async fn colleagues_are_named_to_each_other_and_not_to_an_adviser(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    let whom = [org.as_str(), BUILDING, ""];
    world.access.allow(owner(1, BUILDING));
    world.access.allow(owner(3, BUILDING));
    let adviser = Rule { path: "mandate:adviser", mandate: "mnd_1", ..owner(2, BUILDING) };
    world.access.allow(adviser);
    let id = beside(&world, "r1", BUILDING).await;
    open(&world, 1, &id, whom).await.unwrap();
    open(&world, 2, &id, whom).await.unwrap();
    let to_colleague = accesses(&world, 3, whom).await;
    let [by_adviser, by_colleague] = &to_colleague[..] else { panic!("{to_colleague:?}") };
    assert_eq!(by_colleague.member_id, format!("mem_{:032x}", 1));
    assert_eq!((by_adviser.member_id.as_str(), by_adviser.mandate_id.as_str()), ("", "mnd_1"));
    let to_adviser = accesses(&world, 2, whom).await;
    assert!(to_adviser.iter().all(|access| access.member_id.is_empty()));
    assert_eq!(to_adviser[1].path, "member:owner", "the role is told");
}

async fn flags_of_a_function_mailbox_are_shared_by_its_readers(db: Db) {
    let world = World::new(db).await;
    let org = company().to_string();
    world.access.allow(member(2, BUILDING, &[Action::ReadMail]));
    world.access.allow(member(4, BUILDING, &[Action::ReadMail]));
    let id = beside(&world, "r1", BUILDING).await;
    let flags = pb::SetFlagsRequest {
        request_id: "f".into(),
        letter_id: id,
        organisation_id: org.clone(),
        mailbox_id: BUILDING.into(),
        unread: Some(false),
        ..Default::default()
    };
    world.reader(2, TrustLevel::High).set_flags(flags).await.unwrap();
    let counts = pb::GetCountsRequest {
        organisation_id: org,
        mailbox_id: BUILDING.into(),
        ..Default::default()
    };
    let counts = world.reader(4, TrustLevel::High).get_counts(counts).await.unwrap().into_inner();
    assert_eq!((counts.inbox, counts.unread), (1, 0));
}

async fn the_mailboxes_to_choose_from_come_with_their_counts(db: Db) {
    let world = World::new(db).await;
    world.deliver("r1", |_| {}).await;
    beside(&world, "r2", BUILDING).await;
    beside(&world, "r3", BUILDING).await;
    let readable = [BUILDING, INVOICES].map(|id| organisation::ReadableMailbox {
        mailbox: Some(organisation::Mailbox {
            mailbox_id: id.into(),
            organisation_id: company().to_string(),
            kind: organisation::MailboxKind::Function.into(),
            name: "Bauakten".into(),
            own_rights: vec![1],
            ..Default::default()
        }),
        organisation_name: "Muster GmbH".into(),
        path: "member:owner".into(),
    });
    world.access.readable.lock().unwrap().extend(readable);
    let channel = world.channel(person(1, TrustLevel::Low));
    let mut service = MailboxChoiceServiceClient::new(channel);
    let listed = service.list_mailboxes(pb::ListMailboxesRequest {}).await.unwrap().into_inner();
    let counts: Vec<_> =
        listed.mailboxes.iter().map(|m| (m.mailbox_id.as_str(), m.inbox, m.unread)).collect();
    assert_eq!(counts, [("", 1, 1), (BUILDING, 2, 2), (INVOICES, 0, 0)]);
    assert_eq!(listed.mailboxes[1].organisation_name, "Muster GmbH");
}

async fn closing_one_mailbox_leaves_the_others_of_the_organisation_open(db: Db) {
    let world = World::new(db).await;
    world.access.allow(owner(1, BUILDING));
    world.access.allow(owner(1, INVOICES));
    let org = company().to_string();
    beside(&world, "r1", BUILDING).await;
    beside(&world, "r2", INVOICES).await;
    let owner = pb::close_mailbox_request::Owner::OrganisationId(org.clone());
    let close = pb::CloseMailboxRequest {
        request_id: "c".into(),
        owner: Some(owner),
        mailbox_id: BUILDING.into(),
    };
    world.handles().close_mailbox(close).await.unwrap();
    assert_eq!(list(&world, 1, [&org, BUILDING, ""]).await.unwrap(), [""; 0]);
    assert_eq!(list(&world, 1, [&org, INVOICES, ""]).await.unwrap().len(), 1);
}
