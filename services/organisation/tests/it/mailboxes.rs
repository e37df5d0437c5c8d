//! Mailboxes of organisations, rights in them, and standing in for somebody.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_holder::Holder;
use siegel_proto::organisation::v1::{Action, MailboxKind, MailboxRight as Right, Role};
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use crate::firm::{Firm, told};
use crate::giving::{given, granting};
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    a_function_mailbox_is_read_by_those_it_is_given_to_and_by_no_other,
    a_right_that_is_taken_back_is_gone_with_the_next_question,
    what_is_said_about_a_role_counts_for_its_members,
    a_personal_mailbox_is_its_members_alone,
    without_the_right_to_manage_nothing_changes_and_the_refusal_is_on_record,
    every_change_is_audited_and_told_without_naming_anybody,
    the_same_request_changes_once_and_another_under_its_id_is_refused,
    an_organisation_of_others_is_answered_as_one_that_is_not_there,
    things_of_another_organisation_are_not_there,
    a_closed_mailbox_gives_rights_to_nobody,
    a_second_mailbox_for_the_same_function_is_refused,
    the_rights_of_owners_are_not_changed,
    changes_of_mailboxes_are_told_to_those_who_follow_access,
    a_mandate_reads_other_mailboxes_of_the_organisation_and_no_members_own,
    postbox_learns_which_mailboxes_an_account_may_read,
}

async fn a_function_mailbox_is_read_by_those_it_is_given_to_and_by_no_other(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, member) = firm.member(Role::CaseWorker).await;
    let (bob, _) = firm.member(Role::CaseWorker).await;
    let mailbox = firm.create(MailboxKind::Function, "Bauakten", "").await;
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    firm.give(&mailbox, Holder::MemberId(member), &[Right::Read, Right::Reply]).await;
    let granted = "member:case-worker/granted";
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, granted);
    assert_eq!(firm.may(ada, &mailbox, Action::ReplyMail).await, granted);
    for action in [Action::ReceiveMail, Action::DeleteMail, Action::ReadHighMail] {
        assert_eq!(firm.may(ada, &mailbox, action).await, "MAILBOX_RIGHT_MISSING", "{action:?}");
    }
    assert_eq!(firm.may(bob, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    assert_eq!(firm.may(bob, "", Action::ReadMail).await, "member:case-worker", "the central one");
    assert_eq!(firm.may(firm.owner, &mailbox, Action::ReceiveMail).await, "member:owner");
}

async fn a_right_that_is_taken_back_is_gone_with_the_next_question(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, member) = firm.member(Role::ReadOnly).await;
    let holder = Holder::MemberId(member);
    firm.give("", holder.clone(), &[Right::ReceiveFormal]).await;
    assert_eq!(firm.may(ada, "", Action::ReceiveMail).await, "member:read-only/granted");
    let request = pb::RemoveMailboxRightsRequest {
        request_id: "remove".into(),
        organisation_id: firm.id(),
        mailbox_id: String::new(),
        holder: Some(pb::MailboxHolder { holder: Some(holder) }),
    };
    firm.rights(firm.owner).remove_mailbox_rights(request).await.unwrap();
    assert_eq!(firm.may(ada, "", Action::ReceiveMail).await, "ROLE_TOO_LOW");
}

async fn what_is_said_about_a_role_counts_for_its_members(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, _) = firm.member(Role::CaseWorker).await;
    firm.give("", Holder::Role(Role::CaseWorker.into()), &[Right::Read]).await;
    assert_eq!(firm.may(ada, "", Action::ReadMail).await, "member:case-worker");
    assert_eq!(firm.may(ada, "", Action::ReplyMail).await, "ROLE_TOO_LOW");
    let request =
        pb::ListMailboxRightsRequest { organisation_id: firm.id(), mailbox_id: String::new() };
    let listed = firm.rights(ada).list_mailbox_rights(request).await.unwrap().into_inner();
    assert!(!listed.may_manage);
    let said: Vec<_> = listed.grants.iter().filter(|grant| !grant.by_default).collect();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].rights, [i32::from(Right::Read)]);
    assert_eq!(listed.grants.len(), 5, "the other four roles by default");
}

async fn a_personal_mailbox_is_its_members_alone(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, member) = firm.member(Role::ReadOnly).await;
    let mailbox = firm.create(MailboxKind::Personal, "", &member).await;
    let own = firm.may(ada, &mailbox, Action::ReceiveMail).await;
    assert_eq!(own, "member:read-only/personal");
    assert_eq!(firm.may(firm.owner, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    let owner = Holder::Role(Role::Owner.into());
    let open_it = firm.setting(&mailbox, owner, &[Right::Read]);
    let status = firm.rights(firm.owner).set_mailbox_rights(open_it).await.unwrap_err();
    assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
}

async fn without_the_right_to_manage_nothing_changes_and_the_refusal_is_on_record(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, member) = firm.member(Role::CaseWorker).await;
    let mailbox = firm.create(MailboxKind::Function, "Bauakten", "").await;
    let request = firm.setting(&mailbox, Holder::MemberId(member.clone()), &[Right::Read]);
    let status = firm.rights(ada).set_mailbox_rights(request.clone()).await.unwrap_err();
    assert_eq!(told(&status), (Code::PermissionDenied, "RIGHT_MISSING".into()));
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    let line = "SELECT COUNT(*) FROM audit WHERE outcome = 'RIGHT_MISSING' \
        AND kind = 'organisation.mailbox.rights_set'";
    assert_eq!(firm.office.count(line).await, 1);
    // Whoever manages this mailbox may, and no other.
    firm.give(&mailbox, Holder::MemberId(member), &[Right::ManageMembers]).await;
    firm.rights(ada).set_mailbox_rights(request).await.unwrap();
}

async fn every_change_is_audited_and_told_without_naming_anybody(db: Db) {
    let firm = Firm::open(db).await;
    let (_, absent) = firm.member(Role::CaseWorker).await;
    let (_, substitute) = firm.member(Role::ReadOnly).await;
    let mailbox = firm.create(MailboxKind::Function, "Bauakten", "").await;
    firm.give(&mailbox, Holder::MemberId(absent.clone()), &[Right::Read]).await;
    let request = firm.standing_in(&absent, &substitute);
    firm.rights(firm.owner).create_substitution(request).await.unwrap();
    for kind in ["organisation.mailbox.created", "organisation.mailbox.rights_set"] {
        let events = format!("SELECT COUNT(*) FROM events WHERE kind = '{kind}'");
        assert_eq!(firm.office.count(events.leak()).await, 1, "{kind}");
    }
    let lines = "SELECT COUNT(*) FROM audit WHERE outcome = 'done' AND actor LIKE 'person:aud_%' \
        AND (kind LIKE 'organisation.mailbox.%' OR kind LIKE 'organisation.substitution.%')";
    assert_eq!(firm.office.count(lines).await, 3);
    let named = "SELECT COUNT(*) FROM audit WHERE detail LIKE '%acc_%' OR detail LIKE '%Bau%'";
    assert_eq!(firm.office.count(named).await, 0);
}

async fn the_same_request_changes_once_and_another_under_its_id_is_refused(db: Db) {
    let firm = Firm::open(db).await;
    let first = firm.create(MailboxKind::Function, "Bauakten", "").await;
    assert_eq!(firm.create(MailboxKind::Function, "Bauakten", "").await, first);
    let request = pb::CreateMailboxRequest {
        request_id: "create Bauakten ".into(),
        organisation_id: firm.id(),
        kind: MailboxKind::Function.into(),
        name: "Anderes".into(),
        ..Default::default()
    };
    let status = firm.rights(firm.owner).create_mailbox(request).await.unwrap_err();
    assert_eq!(told(&status), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    assert_eq!(firm.office.count("SELECT COUNT(*) FROM mailboxes").await, 1);
}

/// Every RPC of the service, as somebody who does not belong to the organisation.
async fn an_organisation_of_others_is_answered_as_one_that_is_not_there(db: Db) {
    let firm = Firm::open(db).await;
    let (_, member) = firm.member(Role::CaseWorker).await;
    let mailbox = firm.create(MailboxKind::Function, "Bauakten", "").await;
    let stranger = firm.office.somebody();
    let nothing = format!("org_{}", "0".repeat(32));
    for organisation in [firm.id(), nothing] {
        for status in every_call(&firm, stranger, (&organisation, &mailbox, &member)).await {
            assert_eq!(told(&status), (Code::NotFound, "ORGANISATION_UNKNOWN".into()));
            assert_eq!(status.message(), "there is no such organisation");
        }
    }
}

async fn every_call(
    firm: &Firm,
    who: AccountId,
    (organisation, mailbox, member): (&str, &str, &str),
) -> Vec<Status> {
    let organisation_id = organisation.to_owned();
    let mut service = firm.rights(who);
    let holder = pb::MailboxHolder { holder: Some(Holder::MemberId(member.into())) };
    let create = pb::CreateMailboxRequest {
        request_id: "1".into(),
        organisation_id: organisation_id.clone(),
        kind: MailboxKind::Personal.into(),
        member_id: member.into(),
        ..Default::default()
    };
    let close = pb::CloseMailboxRequest {
        request_id: "2".into(),
        organisation_id: organisation_id.clone(),
        mailbox_id: mailbox.into(),
    };
    let set = pb::SetMailboxRightsRequest {
        request_id: "3".into(),
        organisation_id: organisation_id.clone(),
        mailbox_id: mailbox.into(),
        holder: Some(holder.clone()),
        rights: vec![1],
    };
    let remove = pb::RemoveMailboxRightsRequest {
        request_id: "4".into(),
        organisation_id: organisation_id.clone(),
        mailbox_id: mailbox.into(),
        holder: Some(holder),
    };
    let stand_in = pb::CreateSubstitutionRequest {
        organisation_id: organisation_id.clone(),
        ..firm.standing_in(member, member)
    };
    let end = pb::EndSubstitutionRequest {
        request_id: "5".into(),
        organisation_id: organisation_id.clone(),
        substitution_id: format!("sub_{}", "0".repeat(32)),
    };
    let list = pb::ListMailboxesRequest { organisation_id: organisation_id.clone() };
    let rights = pb::ListMailboxRightsRequest {
        organisation_id: organisation_id.clone(),
        mailbox_id: mailbox.into(),
    };
    let substitutions = pb::ListSubstitutionsRequest { organisation_id };
    vec![
        service.create_mailbox(create).await.unwrap_err(),
        service.close_mailbox(close).await.unwrap_err(),
        service.set_mailbox_rights(set).await.unwrap_err(),
        service.remove_mailbox_rights(remove).await.unwrap_err(),
        service.create_substitution(stand_in).await.unwrap_err(),
        service.end_substitution(end).await.unwrap_err(),
        service.list_mailboxes(list).await.unwrap_err(),
        service.list_mailbox_rights(rights).await.unwrap_err(),
        service.list_substitutions(substitutions).await.unwrap_err(),
    ]
}

/// The caller's organisation, with a mailbox, a member and a substitution of another.
async fn things_of_another_organisation_are_not_there(db: Db) {
    let firm = Firm::open(db).await;
    let foreign = firm.create(MailboxKind::Function, "Bauakten", "").await;
    let (_, member) = firm.member(Role::CaseWorker).await;
    let other = firm.office.somebody();
    let organisation = firm.office.founded(other, "Andere GmbH").await;
    let mut service = firm.rights(other);
    let nothing = format!("omb_{}", "0".repeat(32));
    let nobody = format!("mem_{}", "0".repeat(32));
    for (mailbox, who) in [(&foreign, &nobody), (&nothing, &member), (&nothing, &nobody)] {
        let rights = pb::ListMailboxRightsRequest {
            organisation_id: organisation.organisation_id.clone(),
            mailbox_id: mailbox.clone(),
        };
        let status = service.list_mailbox_rights(rights).await.unwrap_err();
        assert_eq!(told(&status), (Code::NotFound, "MAILBOX_UNKNOWN".into()));
        let set = pb::SetMailboxRightsRequest {
            request_id: format!("{mailbox} {who}"),
            organisation_id: organisation.organisation_id.clone(),
            mailbox_id: String::new(),
            holder: Some(pb::MailboxHolder { holder: Some(Holder::MemberId(who.clone())) }),
            rights: vec![1],
        };
        let status = service.set_mailbox_rights(set).await.unwrap_err();
        assert_eq!(told(&status), (Code::NotFound, "MEMBER_UNKNOWN".into()));
        let close = pb::CloseMailboxRequest {
            request_id: format!("close {mailbox} {who}"),
            organisation_id: organisation.organisation_id.clone(),
            mailbox_id: mailbox.clone(),
        };
        let status = service.close_mailbox(close).await.unwrap_err();
        assert_eq!(told(&status), (Code::NotFound, "MAILBOX_UNKNOWN".into()));
    }
    // A right in a mailbox of one's own organisation opens none of another.
    let question = pb::AccessQuestion {
        account_id: other.to_string(),
        organisation_id: organisation.organisation_id,
        action: Action::ReadMail.into(),
        about: Some(pb::AccessScope { mailbox_id: foreign, ..Default::default() }),
        ..Default::default()
    };
    let request = pb::CheckAccessRequest { questions: vec![question] };
    let answers = firm.office.postbox().check_access(request).await.unwrap().into_inner();
    assert!(!answers.answers[0].allowed);
}

async fn a_closed_mailbox_gives_rights_to_nobody(db: Db) {
    let firm = Firm::open(db).await;
    let mailbox = firm.create(MailboxKind::Function, "Bauakten", "").await;
    assert_eq!(firm.may(firm.owner, &mailbox, Action::ReadMail).await, "member:owner");
    let close = pb::CloseMailboxRequest {
        request_id: "close".into(),
        organisation_id: firm.id(),
        mailbox_id: mailbox.clone(),
    };
    for _ in 0..2 {
        firm.rights(firm.owner).close_mailbox(close.clone()).await.unwrap();
    }
    assert_eq!(firm.may(firm.owner, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    let again = pb::CreateMailboxRequest {
        request_id: "again".into(),
        organisation_id: firm.id(),
        kind: MailboxKind::Function.into(),
        name: "Bauakten".into(),
        ..Default::default()
    };
    firm.rights(firm.owner).create_mailbox(again).await.unwrap();
}

async fn a_second_mailbox_for_the_same_function_is_refused(db: Db) {
    let firm = Firm::open(db).await;
    firm.create(MailboxKind::Function, "Bauakten", "").await;
    let again = pb::CreateMailboxRequest {
        request_id: "again".into(),
        organisation_id: firm.id(),
        kind: MailboxKind::Function.into(),
        name: "Bauakten".into(),
        ..Default::default()
    };
    let status = firm.rights(firm.owner).create_mailbox(again.clone()).await.unwrap_err();
    assert_eq!(told(&status), (Code::FailedPrecondition, "MAILBOX_EXISTS".into()));
    let unit = pb::CreateMailboxRequest {
        kind: MailboxKind::Unit.into(),
        unit_id: format!("unt_{}", "0".repeat(32)),
        ..again
    };
    let status = firm.rights(firm.owner).create_mailbox(unit).await.unwrap_err();
    assert_eq!(told(&status), (Code::NotFound, "UNIT_UNKNOWN".into()));
}

async fn the_rights_of_owners_are_not_changed(db: Db) {
    let firm = Firm::open(db).await;
    let request = firm.setting("", Holder::Role(Role::Owner.into()), &[]);
    let status = firm.rights(firm.owner).set_mailbox_rights(request).await.unwrap_err();
    assert_eq!(told(&status), (Code::FailedPrecondition, "OWNER_RIGHTS".into()));
}

async fn postbox_learns_which_mailboxes_an_account_may_read(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, member) = firm.member(Role::ReadOnly).await;
    let mine = firm.create(MailboxKind::Personal, "", &member).await;
    firm.create(MailboxKind::Function, "Bauakten", "").await;
    let mut directory = firm.office.directory();
    let request = |account: AccountId| pb::ListReadableMailboxesRequest {
        account_id: account.to_string(),
        session_level: 3,
    };
    let found = directory.list_readable_mailboxes(request(ada)).await.unwrap().into_inner();
    let ids: Vec<_> =
        found.mailboxes.iter().map(|m| m.mailbox.clone().unwrap().mailbox_id).collect();
    assert_eq!(ids, [String::new(), mine]);
    assert!(found.mailboxes.iter().all(|m| m.organisation_name == "Muster GmbH"));
    let stranger = firm.office.somebody();
    let found = directory.list_readable_mailboxes(request(stranger)).await.unwrap();
    assert!(found.into_inner().mailboxes.is_empty());
}

async fn changes_of_mailboxes_are_told_to_those_who_follow_access(db: Db) {
    let firm = Firm::open(db).await;
    let (_, absent) = firm.member(Role::CaseWorker).await;
    let (_, substitute) = firm.member(Role::ReadOnly).await;
    let watch = pb::WatchAccessChangesRequest::default();
    let mut stream = firm.office.changes().watch_access_changes(watch).await.unwrap().into_inner();
    let mailbox = firm.create(MailboxKind::Function, "Bauakten", "").await;
    firm.give(&mailbox, Holder::MemberId(absent.clone()), &[Right::Read]).await;
    let request = firm.standing_in(&absent, &substitute);
    firm.rights(firm.owner).create_substitution(request).await.unwrap();
    let expected = [
        "organisation.mailbox.created",
        "organisation.mailbox.rights_set",
        "organisation.substitution.created",
    ];
    let told = async {
        let mut kinds = Vec::new();
        while kinds.len() < expected.len() {
            let Some(change) = stream.message().await.unwrap().unwrap().change else { continue };
            if change.kind != "organisation.created" {
                assert_eq!(change.organisation_id, firm.id());
                kinds.push(change.kind);
            }
        }
        kinds
    };
    let told = tokio::time::timeout(std::time::Duration::from_secs(10), told).await.unwrap();
    assert_eq!(told, expected);
}

async fn a_mandate_reads_other_mailboxes_of_the_organisation_and_no_members_own(db: Db) {
    let firm = Firm::open(db).await;
    let (_, member) = firm.member(Role::CaseWorker).await;
    let function = firm.create(MailboxKind::Function, "Bauakten", "").await;
    let personal = firm.create(MailboxKind::Personal, "", &member).await;
    let adviser = firm.office.somebody();
    let request = pb::GrantMandateRequest {
        organisation_id: firm.id(),
        package: "mail-reader".into(),
        ..granting(&firm.office, "g")
    };
    given(&firm.office, firm.owner, request, adviser).await;
    for action in [Action::ReadMail, Action::ReadHighMail, Action::DownloadMail] {
        let by = firm.may(adviser, &function, action).await;
        assert!(by.starts_with("mandate:"), "{action:?}: {by}");
        assert_eq!(firm.may(adviser, &personal, action).await, "MAILBOX_RIGHT_MISSING");
    }
    assert_eq!(firm.may(adviser, &function, Action::ReceiveMail).await, "MANDATE_ACTION");
    let nothing = format!("omb_{}", "0".repeat(32));
    assert_eq!(firm.may(adviser, &nothing, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
}
