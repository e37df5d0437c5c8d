//! What ends mandates by itself: members who leave, organisations that are dissolved, claims that
//! were wrong.

use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::representation_service_client::RepresentationServiceClient;
use siegel_proto::organisation::v1::{Action, HolderKind, Redelegation};
use siegel_testkit::on_each_backend;

use crate::claiming::{DAY, becomes, cooling};
use crate::facts::recorded;
use crate::giving::{HIGH, accept, given, grant, granting, may};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    what_was_passed_on_to_a_member_ends_when_they_leave_or_are_removed,
    a_dissolved_organisation_decides_nothing_and_its_mandates_end_with_it,
    the_code_of_the_letter_ends_the_mandates_that_the_claimants_people_gave,
    while_a_claim_cools_nobody_gives_mandates_in_its_name_and_nobody_manages_members,
}

async fn asked(office: &Office, who: AccountId, party: &str, action: Action) -> String {
    may(office, who, party, action, pb::AccessScope::default()).await
}

async fn ended(office: &Office, who: AccountId, mandate: &pb::Mandate) -> String {
    let request = pb::GetMandateRequest { mandate_id: mandate.mandate_id.clone() };
    let seen = office.mandates(who, HIGH).get_mandate(request).await.unwrap().into_inner();
    seen.mandate.unwrap().end_reason
}

async fn what_was_passed_on_to_a_member_ends_when_they_leave_or_are_removed(db: Db) {
    let office = Office::open(db).await;
    let (erika, owner) = (office.somebody(), office.somebody());
    let firm = office.registered(owner, "Steuerkanzlei", "1234").await;
    let request = pb::GrantMandateRequest {
        to_kind: HolderKind::Organisation.into(),
        redelegation: Redelegation::Members.into(),
        ..granting(&office, "advice")
    };
    let granted = grant(&office, erika, request).await.unwrap();
    let advice = accept(&office, owner, &granted.code, &firm).await.unwrap();
    for leaves in [true, false] {
        let employee = office.joined(owner, &firm, pb::Role::CaseWorker).await;
        let passing = pb::GrantMandateRequest {
            organisation_id: firm.clone(),
            parent_mandate_id: advice.mandate_id.clone(),
            to_kind: HolderKind::Member.into(),
            ..granting(&office, &format!("pass {leaves}"))
        };
        let passed = given(&office, owner, passing, employee).await;
        let erika = erika.to_string();
        let receives = || asked(&office, employee, &erika, Action::ReceiveMail);
        assert_ne!(receives().await, "NO_MANDATE");
        let request_id = format!("{leaves}");
        let organisation_id = firm.clone();
        if leaves {
            let leave = pb::LeaveOrganisationRequest { request_id, organisation_id };
            office.members(employee).leave_organisation(leave).await.unwrap();
        } else {
            let membership_id = office.membership(employee, &firm).await.membership_id;
            let remove = pb::RemoveMemberRequest { request_id, organisation_id, membership_id };
            office.members(owner).remove_member(remove).await.unwrap();
        }
        assert_eq!(receives().await, "NO_MANDATE");
        assert_eq!(ended(&office, owner, &passed).await, "member_left");
    }
    assert_eq!(ended(&office, owner, &advice).await, "", "what the firm holds stays");
}

async fn parties(office: &Office, who: AccountId) -> usize {
    let request =
        pb::ListAuthorisedPartiesRequest { account_id: who.to_string(), ..Default::default() };
    office.postbox().list_authorised_parties(request).await.unwrap().into_inner().parties.len()
}

async fn a_dissolved_organisation_decides_nothing_and_its_mandates_end_with_it(db: Db) {
    let office = Office::open(db).await;
    let (owner, director) = (office.somebody(), office.somebody());
    let (erika, max) = (office.somebody(), office.somebody());
    let firm = office.founded(owner, "Muster GmbH").await.organisation_id;
    let member = office.join(&firm, director, 5).await;
    recorded(&office, &firm, &member, false).await;
    let gives = pb::GrantMandateRequest { organisation_id: firm.clone(), ..granting(&office, "1") };
    given(&office, owner, gives, max).await;
    let holds = pb::GrantMandateRequest {
        to_kind: HolderKind::Organisation.into(),
        to_organisation_id: firm.clone(),
        ..granting(&office, "2")
    };
    let granted = grant(&office, erika, holds).await.unwrap();
    let held = accept(&office, owner, &granted.code, &firm).await.unwrap();
    let over = pb::DissolveOrganisationRequest {
        request_id: "over".into(),
        organisation_id: firm.clone(),
    };
    office.record(owner).dissolve_organisation(over).await.unwrap();
    for who in [owner, director, max] {
        for action in [Action::ReadMail, Action::ReceiveMail, Action::Act, Action::ManageMembers] {
            assert_eq!(asked(&office, who, &firm, action).await, "NOT_A_MEMBER");
        }
        let erika = erika.to_string();
        assert_eq!(asked(&office, who, &erika, Action::ReceiveMail).await, "NO_MANDATE");
        assert_eq!(parties(&office, who).await, 0);
        let mut person = office.person(who, TrustLevel::High);
        let listed = person.list_organisations(pb::ListOrganisationsRequest {}).await.unwrap();
        assert!(listed.into_inner().organisations.is_empty());
        let get = pb::GetOrganisationRequest { organisation_id: firm.clone() };
        let status = person.get_organisation(get).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    }
    let mut identity = RepresentationServiceClient::new(office.sibling("identity"));
    let described = pb::DescribePartyRequest { organisation_id: firm };
    let status = identity.describe_party(described).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    assert_eq!(ended(&office, erika, &held).await, "organisation_dissolved");
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'organisation.mandate.ended'";
    assert_eq!(office.count(told).await, 2);
}

async fn the_code_of_the_letter_ends_the_mandates_that_the_claimants_people_gave(db: Db) {
    let office = Office::open(db).await;
    let (erika, max, other) = (office.somebody(), office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let in_its_name = |id: &str| pb::GrantMandateRequest {
        organisation_id: org.clone(),
        ..granting(&office, id)
    };
    let before = given(&office, erika, in_its_name("before"), max).await;
    let (claim, name, code) = cooling(&office, erika, &org).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    let friend = office.joined(erika, &org, pb::Role::Owner).await;
    given(&office, friend, in_its_name("friend"), other).await;
    let private = given(&office, erika, granting(&office, "private"), other).await;
    assert_ne!(asked(&office, other, &org, Action::ReceiveMail).await, "NOT_A_MEMBER");
    let revoke = pb::RevokeClaimRequest { account_name: name, code };
    office.letter_holder().revoke_claim(revoke).await.unwrap();
    for who in [max, other] {
        assert_eq!(asked(&office, who, &org, Action::ReceiveMail).await, "NOT_A_MEMBER");
    }
    assert_eq!(ended(&office, max, &before).await, "claim_revoked");
    assert_eq!(ended(&office, erika, &private).await, "", "what she gave for herself stays");
}

async fn while_a_claim_cools_nobody_gives_mandates_in_its_name_and_nobody_manages_members(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let manages = || asked(&office, erika, &org, Action::ManageMembers);
    let gives = |id: &str| {
        let request =
            pb::GrantMandateRequest { organisation_id: org.clone(), ..granting(&office, id) };
        grant(&office, erika, request)
    };
    assert_eq!(manages().await, "member:owner");
    let (claim, ..) = cooling(&office, erika, &org).await;
    assert_eq!(manages().await, "CLAIM_COOLING");
    assert_eq!(asked(&office, erika, &org, Action::ReceiveMail).await, "member:owner");
    assert_eq!(asked(&office, max, &org, Action::ManageMembers).await, "NOT_A_MEMBER");
    let status = gives("early").await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_COOLING"));
    grant(&office, erika, granting(&office, "private")).await.unwrap();
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    assert_eq!(manages().await, "member:owner");
    gives("late").await.unwrap();
}
