//! What somebody prepares before a proof, a loss of role or a recovery, to be of use after it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use siegel_db::{Db, on};
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::representation_service_client::RepresentationServiceClient;
use siegel_testkit::on_each_backend;
use tonic::Status;

use crate::claiming::{DAY, approved, becomes, claimed, letter, proven, state};
use crate::claims::recovery;
use crate::members::program;
use crate::office::{Office, TABLES, reason};
use crate::team::{invitation, text};

on_each_backend! { super::TABLES =>
    what_was_prepared_before_the_proof_ends_with_the_code_of_the_letter,
    who_loses_a_role_loses_the_invitations_to_what_they_may_give_no_longer,
    of_two_recoveries_one_makes_an_owner,
    what_is_approved_is_the_entry_that_was_claimed,
    who_is_removed_meanwhile_gives_no_rights_any_more,
    a_proven_organisation_does_not_call_itself_another,
}

/// An id that no other request has.
fn fresh() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("prepared {}", NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn invited(office: &Office, by: AccountId, org: &str, email: &str, role: pb::Role) -> String {
    office.members(by).invite_member(invitation(org, email, role)).await.unwrap();
    office.around.code(email).await
}

async fn accepts(office: &Office, who: AccountId, code: &str) -> Result<(), Status> {
    let request = pb::AcceptInvitationRequest { request_id: fresh(), code: code.into() };
    office.members(who).accept_invitation(request).await.map(drop)
}

async fn what_was_prepared_before_the_proof_ends_with_the_code_of_the_letter(db: Db) {
    let office = Office::open(db).await;
    let (mallory, friend) = (office.somebody(), office.somebody());
    let org = office.registered(mallory, "Muster GmbH", "1234").await;
    office.around.confirmed(friend, "eve@example.org");
    let invitation = invited(&office, mallory, &org, "eve@example.org", pb::Role::Owner).await;
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let jwk = serde_json::to_string(key.public_jwk()).unwrap();
    office.members(mallory).register_system_user(program(&org, "early", jwk)).await.unwrap();

    let claim = claimed(&office, mallory, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    let (name, code) = letter(&office, &claim).await;
    let status = accepts(&office, friend, &invitation).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_COOLING"), "nobody joins meanwhile");
    office.clock.advance(DAY * 7);
    becomes(&office, mallory, &claim, pb::ClaimState::Active).await;
    accepts(&office, friend, &invitation).await.unwrap();

    let revoke = pb::RevokeClaimRequest { account_name: name, code };
    office.letter_holder().revoke_claim(revoke).await.unwrap();
    for member in [mallory, friend] {
        let request = pb::GetRecordRequest { organisation_id: org.clone() };
        let status = office.record(member).get_record(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    }
    let programs = "SELECT COUNT(*) FROM system_users WHERE revoked_at_us IS NULL";
    assert_eq!(office.count(programs).await, 0);
}

async fn who_loses_a_role_loses_the_invitations_to_what_they_may_give_no_longer(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve, max) = (office.somebody(), office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let bob = office.joined(erika, &org, pb::Role::Owner).await;
    office.around.confirmed(eve, "eve@example.org");
    office.around.confirmed(max, "max@example.org");
    let owner = invited(&office, bob, &org, "eve@example.org", pb::Role::Owner).await;
    let clerk = invited(&office, bob, &org, "max@example.org", pb::Role::CaseWorker).await;
    let becomes = async |role: pb::Role| {
        let request = pb::ChangeRoleRequest {
            request_id: fresh(),
            organisation_id: org.clone(),
            membership_id: office.membership(bob, &org).await.membership_id,
            role: role.into(),
        };
        office.members(erika).change_role(request).await.unwrap();
    };
    becomes(pb::Role::Administrator).await;
    let status = accepts(&office, eve, &owner).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
    accepts(&office, max, &clerk).await.unwrap();

    let late = invited(&office, bob, &org, "late@example.org", pb::Role::ReadOnly).await;
    becomes(pb::Role::CaseWorker).await;
    office.around.confirmed(eve, "late@example.org");
    let status = accepts(&office, eve, &late).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
}

async fn of_two_recoveries_one_makes_an_owner(db: Db) {
    let office = Office::open(db).await;
    let (erika, first, second) = (office.somebody(), office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    proven(&office, erika, &org).await;
    office.run("UPDATE memberships SET ended_at_us = 1".into()).await;
    let mut asked = Vec::new();
    for who in [first, second] {
        let request = office.claims(who).request_recovery(recovery("1", "1234")).await.unwrap();
        let id = request.into_inner().claim_id;
        approved(&office, &id).await.unwrap();
        letter(&office, &id).await;
        asked.push(id);
        office.clock.advance(DAY);
    }
    office.clock.advance(DAY * 6);
    becomes(&office, first, &asked[0], pb::ClaimState::Active).await;
    becomes(&office, second, &asked[1], pb::ClaimState::Withdrawn).await;
    assert_eq!(office.membership(first, &org).await.role(), pb::Role::Owner);
    let request = pb::GetRecordRequest { organisation_id: org.clone() };
    let status = office.record(second).get_record(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    assert_eq!(state(&office, first, &asked[0]).await, pb::ClaimState::Active);
}

async fn what_is_approved_is_the_entry_that_was_claimed(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    let request = pb::SetFieldRequest {
        request_id: fresh(),
        organisation_id: org.clone(),
        name: pb::FieldName::Register.into(),
        value: Some(another_entry()),
    };
    office.record(erika).set_field(request).await.unwrap();
    approved(&office, &claim).await.unwrap();
    letter(&office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    let request = pb::GetRecordRequest { organisation_id: org };
    let fields = office.record(erika).get_record(request).await.unwrap().into_inner().fields;
    let held = fields.iter().find(|field| field.name() == pb::FieldName::Register).unwrap();
    assert_eq!(held.source(), pb::FieldSource::Register);
    let Some(pb::field_value::Value::Register(entry)) = held.value.clone().unwrap().value else {
        unreachable!("a register entry")
    };
    assert_eq!(entry.number, "1234", "not what was declared since");
}

/// A removal and a change wait for each other, whichever database it is: the removal is first.
async fn who_is_removed_meanwhile_gives_no_rights_any_more(db: Db) {
    // What a removal does: it holds the organisation, and ends the membership.
    const HOLD: &str = "UPDATE organisations SET name = name WHERE id = $1";
    const END: &str = "UPDATE memberships SET ended_at_us = 1 WHERE account_id = $1";
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let mallory = office.joined(erika, &org, pb::Role::Administrator).await;
    let mut tx = office.db.begin().await.unwrap();
    let id: OrganisationId = org.parse().unwrap();
    on!(&mut tx, c => sqlx::query(HOLD).bind(id).execute(c).await.unwrap().rows_affected());
    on!(&mut tx, c => sqlx::query(END).bind(mallory).execute(c).await.unwrap().rows_affected());
    let mut rights = office.rights(mallory, TrustLevel::Substantial);
    let request = pb::CreateMailboxRequest {
        request_id: fresh(),
        organisation_id: org,
        kind: pb::MailboxKind::Function.into(),
        name: "Poststelle".into(),
        ..Default::default()
    };
    let asked = tokio::spawn(async move { rights.create_mailbox(request).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!asked.is_finished(), "it waits for the removal");
    tx.commit().await.unwrap();
    let status = asked.await.unwrap().unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
}

/// That of somebody else.
fn another_entry() -> pb::FieldValue {
    let entry = pb::RegisterEntry {
        kind: "HRB".into(),
        court: "Amtsgericht Schwerin".into(),
        number: "4711".into(),
        place: String::new(),
    };
    pb::FieldValue { value: Some(pb::field_value::Value::Register(entry)) }
}

async fn described(office: &Office, org: &str) -> Vec<String> {
    let request = pb::DescribePartyRequest { organisation_id: org.into() };
    let told =
        RepresentationServiceClient::new(office.sibling("identity")).describe_party(request).await;
    let told = told.unwrap().into_inner();
    told.attributes.into_iter().map(|one| one.name).collect()
}

async fn a_proven_organisation_does_not_call_itself_another(db: Db) {
    let office = Office::open(db).await;
    let mallory = office.somebody();
    let org = office.registered(mallory, "Muster GmbH", "1234").await;
    let entry = ["register_kind", "register_court", "register_number"];
    let said: Vec<_> = ["legal_form"].iter().chain(&entry).map(|s| (*s).to_owned()).collect();
    assert_eq!(described(&office, &org).await, said, "told as what was said, at the least level");
    let claim = claimed(&office, mallory, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    letter(&office, &claim).await;
    let form = pb::CodedText { code: "310".into(), text: "Aktiengesellschaft".into() };
    let legal_form = pb::FieldValue { value: Some(pb::field_value::Value::Coded(form)) };
    let tries = [
        (pb::FieldName::Name, text("Fremde AG")),
        (pb::FieldName::LegalForm, legal_form),
        (pb::FieldName::Register, another_entry()),
    ];
    for cooled in [false, true] {
        if cooled {
            office.clock.advance(DAY * 7);
            becomes(&office, mallory, &claim, pb::ClaimState::Active).await;
        }
        for (name, value) in &tries {
            let request = pb::SetFieldRequest {
                request_id: fresh(),
                organisation_id: org.clone(),
                name: (*name).into(),
                value: Some(value.clone()),
            };
            let status = office.record(mallory).set_field(request).await.unwrap_err();
            assert_eq!(reason(&status).as_deref(), Some("FIELD_VERIFIED"), "{name:?}");
        }
    }
    let request = pb::GetRecordRequest { organisation_id: org.clone() };
    let fields = office.record(mallory).get_record(request).await.unwrap().into_inner().fields;
    assert!(fields.iter().all(|field| !field.editable), "nor is anybody offered to: {fields:?}");
    assert_eq!(described(&office, &org).await, entry, "what was only said is not told beside it");
}
