//! Members of units, and what mailboxes give to a unit.

use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::mailbox_holder::Holder;
use siegel_proto::organisation::v1::record_service_client::RecordServiceClient;
use siegel_proto::organisation::v1::{Action, MailboxKind, MailboxRight as Right, Role};
use siegel_testkit::on_each_backend;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::firm::{Firm, told};
use crate::office::TABLES;

on_each_backend! { super::TABLES =>
    what_a_mailbox_gives_to_a_unit_its_members_may_and_those_who_left_it_may_not,
    a_closed_unit_gives_nothing_to_those_who_belonged_to_it,
    rights_in_the_mailbox_of_a_unit_are_given_and_taken_away,
    the_mailbox_of_a_closed_unit_is_left_to_the_owner_and_nobody_opens_a_new_one_for_it,
    members_of_others_do_not_belong_to_a_unit_and_nothing_changes,
}

fn record(firm: &Firm, account: AccountId) -> RecordServiceClient<Channel> {
    RecordServiceClient::new(firm.office.channel(account, TrustLevel::Substantial))
}

async fn unit(firm: &Firm) -> String {
    let request = pb::CreateUnitRequest {
        request_id: "unit".into(),
        organisation_id: firm.id(),
        name: "Buchhaltung".into(),
        parent_unit_id: String::new(),
    };
    record(firm, firm.owner).create_unit(request).await.unwrap().into_inner().unit_id
}

async fn fill(firm: &Firm, unit: &str, members: &[&str]) -> Result<(), Status> {
    let request = pb::SetUnitMembersRequest {
        request_id: format!("fill {members:?}"),
        organisation_id: firm.id(),
        unit_id: unit.into(),
        member_ids: members.iter().map(ToString::to_string).collect(),
    };
    record(firm, firm.owner).set_unit_members(request).await.map(drop)
}

async fn listed(firm: &Firm) -> Vec<pb::Unit> {
    let request = pb::ListUnitsRequest { organisation_id: firm.id() };
    record(firm, firm.owner).list_units(request).await.unwrap().into_inner().units
}

async fn what_a_mailbox_gives_to_a_unit_its_members_may_and_those_who_left_it_may_not(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, ada_id) = firm.member(Role::ReadOnly).await;
    let (bob, bob_id) = firm.member(Role::ReadOnly).await;
    let unit = unit(&firm).await;
    let mailbox = firm.create(MailboxKind::Function, "Rechnungen", "").await;
    firm.give(&mailbox, Holder::UnitId(unit.clone()), &[Right::Read]).await;
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    fill(&firm, &unit, &[&ada_id]).await.unwrap();
    assert_eq!(listed(&firm).await[0].member_ids, std::slice::from_ref(&ada_id));
    assert!(firm.may(ada, &mailbox, Action::ReadMail).await.starts_with("member:"));
    assert_eq!(firm.may(bob, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    fill(&firm, &unit, &[&bob_id]).await.unwrap();
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    assert!(firm.may(bob, &mailbox, Action::ReadMail).await.starts_with("member:"));
    let kinds = firm.office.kinds().await;
    assert!(kinds.iter().any(|kind| kind == "organisation.unit.members_set"), "{kinds:?}");
}

async fn a_closed_unit_gives_nothing_to_those_who_belonged_to_it(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, ada_id) = firm.member(Role::ReadOnly).await;
    let unit = unit(&firm).await;
    let mailbox = firm.create(MailboxKind::Function, "Rechnungen", "").await;
    firm.give(&mailbox, Holder::UnitId(unit.clone()), &[Right::Read]).await;
    fill(&firm, &unit, &[&ada_id]).await.unwrap();
    let close = pb::CloseUnitRequest {
        request_id: "close".into(),
        organisation_id: firm.id(),
        unit_id: unit,
    };
    record(&firm, firm.owner).close_unit(close).await.unwrap();
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
}

async fn unit_mailbox(firm: &Firm, unit: &str, request_id: &str) -> Result<String, Status> {
    let request = pb::CreateMailboxRequest {
        request_id: request_id.into(),
        organisation_id: firm.id(),
        kind: MailboxKind::Unit.into(),
        unit_id: unit.into(),
        ..Default::default()
    };
    let made = firm.rights(firm.owner).create_mailbox(request).await?.into_inner();
    Ok(made.mailbox.unwrap().mailbox_id)
}

async fn rights_in_the_mailbox_of_a_unit_are_given_and_taken_away(db: Db) {
    let firm = Firm::open(db).await;
    let (ada, ada_id) = firm.member(Role::ReadOnly).await;
    let (bob, bob_id) = firm.member(Role::CaseWorker).await;
    let unit = unit(&firm).await;
    let mailbox = unit_mailbox(&firm, &unit, "1").await.unwrap();
    fill(&firm, &unit, &[&ada_id]).await.unwrap();
    let (reads, receives) = (Action::ReadMail, Action::ReceiveMail);
    let missing = "MAILBOX_RIGHT_MISSING";
    assert_eq!(firm.may(firm.owner, &mailbox, receives).await, "member:owner");
    assert_eq!(firm.may(ada, &mailbox, reads).await, missing, "nothing was said yet");
    let holders = [Holder::UnitId(unit), Holder::MemberId(bob_id)];
    for (holder, who) in holders.into_iter().zip([ada, bob]) {
        firm.give(&mailbox, holder.clone(), &[Right::Read]).await;
        assert!(firm.may(who, &mailbox, reads).await.starts_with("member:"));
        assert_eq!(firm.may(who, &mailbox, receives).await, missing, "only what was given");
        let take = pb::RemoveMailboxRightsRequest {
            request_id: format!("take {holder:?}"),
            organisation_id: firm.id(),
            mailbox_id: mailbox.clone(),
            holder: Some(pb::MailboxHolder { holder: Some(holder) }),
        };
        firm.rights(firm.owner).remove_mailbox_rights(take).await.unwrap();
        assert_eq!(firm.may(who, &mailbox, reads).await, missing, "taken away");
    }
}

async fn the_mailbox_of_a_closed_unit_is_left_to_the_owner_and_nobody_opens_a_new_one_for_it(
    db: Db,
) {
    let firm = Firm::open(db).await;
    let (ada, ada_id) = firm.member(Role::ReadOnly).await;
    let (bob, bob_id) = firm.member(Role::ReadOnly).await;
    let unit = unit(&firm).await;
    let mailbox = unit_mailbox(&firm, &unit, "1").await.unwrap();
    fill(&firm, &unit, &[&ada_id]).await.unwrap();
    firm.give(&mailbox, Holder::UnitId(unit.clone()), &[Right::Read]).await;
    firm.give(&mailbox, Holder::MemberId(bob_id), &[Right::Read]).await;
    let close = pb::CloseUnitRequest {
        request_id: "close".into(),
        organisation_id: firm.id(),
        unit_id: unit.clone(),
    };
    record(&firm, firm.owner).close_unit(close).await.unwrap();
    assert_eq!(firm.may(ada, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
    assert!(firm.may(bob, &mailbox, Action::ReadMail).await.starts_with("member:"), "by name");
    assert_eq!(firm.may(firm.owner, &mailbox, Action::ReceiveMail).await, "member:owner");
    let again = firm.setting(&mailbox, Holder::UnitId(unit.clone()), &[Right::Reply]);
    let status = firm.rights(firm.owner).set_mailbox_rights(again).await.unwrap_err();
    assert_eq!(told(&status), (Code::NotFound, "UNIT_UNKNOWN".into()));
    let status = unit_mailbox(&firm, &unit, "2").await.unwrap_err();
    assert_eq!(told(&status), (Code::NotFound, "UNIT_UNKNOWN".into()));
    let close = pb::CloseMailboxRequest {
        request_id: "close mailbox".into(),
        organisation_id: firm.id(),
        mailbox_id: mailbox.clone(),
    };
    firm.rights(firm.owner).close_mailbox(close).await.unwrap();
    assert_eq!(firm.may(bob, &mailbox, Action::ReadMail).await, "MAILBOX_RIGHT_MISSING");
}

async fn members_of_others_do_not_belong_to_a_unit_and_nothing_changes(db: Db) {
    let firm = Firm::open(db).await;
    let (_, ada_id) = firm.member(Role::ReadOnly).await;
    let other = firm.office.founded(firm.office.somebody(), "Andere GmbH").await;
    let stranger = firm.office.somebody();
    let stranger =
        firm.office.join(&other.organisation_id, stranger, Role::CaseWorker.into()).await;
    let unit = unit(&firm).await;
    fill(&firm, &unit, &[&ada_id]).await.unwrap();
    let refused = fill(&firm, &unit, &[&stranger]).await.unwrap_err();
    assert_eq!(told(&refused), (Code::NotFound, "MEMBER_UNKNOWN".into()));
    assert_eq!(listed(&firm).await[0].member_ids, [ada_id]);
}
