//! Mailboxes of organisations, and acting for others: which letters, by which right, and what is
//! recorded of it.

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
use super::world::{World, account, company, letter, person, request};

on_each_backend! { &crate::MIGRATIONS =>
    a_letter_lies_in_the_mailbox_whose_handle_it_was_sent_to_and_in_no_other,
    a_read_without_the_right_to_receive_has_no_legal_effect_and_is_recorded_as_such,
    the_first_access_by_who_may_receive_is_the_opening,
    a_delegates_opening_is_named_as_one_with_mandate_version_and_path,
    a_substitutes_opening_is_a_delegates,
    each_action_takes_its_own_right,
    letters_of_level_high_take_the_right_to_read_them,
    colleagues_are_named_to_each_other_and_not_to_an_adviser,
    flags_of_a_function_mailbox_are_shared_by_its_readers,
    the_mailboxes_to_choose_from_come_with_their_counts,
}

/// Two mailboxes of organisation 9 beside its central one.
pub const BUILDING: &str = "omb_00000000000000000000000000000051";
pub const INVOICES: &str = "omb_00000000000000000000000000000052";

/// Somebody who reads a mailbox of organisation 9 and does not more than this.
pub fn member(n: u128, mailbox: &str, actions: &[Action]) -> Rule {
    Rule { actions: actions.to_vec(), path: "member:case-worker/granted", ..owner(n, mailbox) }
}

/// A mandate of a person for another.
pub fn mandate(n: u128, principal: u128, only: Option<&str>) -> Rule {
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

pub async fn submit(world: &World, id: &str, handle: &str) -> String {
    let request = request(id, handle);
    world.sender().submit(request).await.unwrap().into_inner().letter_id
}

pub async fn beside(world: &World, id: &str, mailbox: &str) -> String {
    let handle = world.handle_beside(&company().to_string(), mailbox).await;
    submit(world, id, &handle).await
}

pub async fn list(world: &World, n: u128, whom: [&str; 3]) -> Result<Vec<String>, Status> {
    let request = pb::ListLettersRequest {
        organisation_id: whom[0].into(),
        mailbox_id: whom[1].into(),
        principal_account_id: whom[2].into(),
        ..Default::default()
    };
    let listed = world.reader(n, TrustLevel::High).list_letters(request).await?.into_inner();
    Ok(listed.letters.into_iter().map(|letter| letter.letter_id).collect())
}

pub async fn open(
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

pub async fn accesses(world: &World, n: u128, whom: [&str; 3]) -> Vec<pb::Access> {
    let request = pb::ListAccessesRequest {
        organisation_id: whom[0].into(),
        mailbox_id: whom[1].into(),
        principal_account_id: whom[2].into(),
        ..Default::default()
    };
    let listed = world.reader(n, TrustLevel::High).list_accesses(request).await.unwrap();
    listed.into_inner().accesses
}

pub fn told(status: &Status) -> (Code, String) {
    (status.code(), reason(status).unwrap_or_default())
}

pub fn nobody() -> (Code, String) {
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
    world.reader(2, TrustLevel::High).set_flags(flags.clone()).await.unwrap();
    let counts = pb::GetCountsRequest {
        organisation_id: org,
        mailbox_id: BUILDING.into(),
        ..Default::default()
    };
    let counts = world.reader(4, TrustLevel::High).get_counts(counts).await.unwrap().into_inner();
    assert_eq!((counts.inbox, counts.unread), (1, 0));
    let label = pb::SetFlagsRequest {
        request_id: "l".into(),
        unread: None,
        labels: Some(pb::Labels { labels: vec!["wichtig".into()] }),
        ..flags
    };
    world.reader(4, TrustLevel::High).set_flags(label).await.unwrap();
    let whom = pb::ListLettersRequest {
        organisation_id: company().to_string(),
        mailbox_id: BUILDING.into(),
        ..Default::default()
    };
    let seen = world.reader(2, TrustLevel::High).list_letters(whom).await.unwrap().into_inner();
    assert_eq!(seen.letters[0].labels, ["wichtig"]);
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
