//! What is left of a person whose account was deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{Action, Redelegation};
use siegel_testkit::on_each_backend;

use crate::claiming::{DAY, approved, becomes, claimed, cooling, letter, state};
use crate::giving::{given, grant, granting, may};
use crate::members::program;
use crate::office::{Office, TABLES, reason};
use crate::team::invitation;

on_each_backend! { super::TABLES =>
    names_in_mandates_are_sealed_and_go_with_the_person,
    what_a_deleted_person_passed_on_ends_with_their_own_mandate_and_is_told,
    a_deleted_members_invitations_end_and_their_names_are_destroyed,
    a_program_stays_with_the_organisation_of_a_deleted_member,
    what_a_deleted_person_claimed_goes_to_the_next_in_line,
    an_active_claim_outlives_its_claimant_and_brings_the_organisation_back,
    a_deleted_person_begins_nothing_again,
}

async fn receives(office: &Office, who: AccountId, principal: AccountId) -> String {
    let about = pb::AccessScope::default();
    may(office, who, &principal.to_string(), Action::ReceiveMail, about).await
}

async fn names_in_mandates_are_sealed_and_go_with_the_person(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let mandate = given(&office, erika, granting(&office, "1"), max).await;
    assert_eq!(mandate.from.unwrap().name, "Erika Mustermann");
    assert!(!office.holds("mandates", "names, names_key", "Erika").await);
    office.gone(max).await;
    assert_eq!(office.count("SELECT COUNT(*) FROM mandates WHERE names_key IS NOT NULL").await, 0);
    let by_fact = "SELECT COUNT(*) FROM mandates WHERE state = 6 AND end_reason = 'person_gone'";
    assert_eq!(office.count(by_fact).await, 1);
    assert_eq!(receives(&office, max, erika).await, "NO_MANDATE");
}

async fn what_a_deleted_person_passed_on_ends_with_their_own_mandate_and_is_told(db: Db) {
    let office = Office::open(db).await;
    let (erika, max, anna) = (office.somebody(), office.somebody(), office.somebody());
    let first = pb::GrantMandateRequest {
        redelegation: Redelegation::OneStep.into(),
        ..granting(&office, "1")
    };
    let first = given(&office, erika, first, max).await.mandate_id;
    let passing =
        pb::GrantMandateRequest { parent_mandate_id: first.clone(), ..granting(&office, "2") };
    let passed = given(&office, max, passing, anna).await.mandate_id;
    let own = given(&office, erika, granting(&office, "3"), anna).await.mandate_id;
    let path = receives(&office, anna, erika).await;
    assert!(path.starts_with("mandate:"), "{path}");
    let watch = pb::WatchAccessChangesRequest::default();
    let mut stream = office.changes().watch_access_changes(watch).await.unwrap().into_inner();
    office.gone(max).await;
    let told = async {
        let mut ended = BTreeSet::new();
        while ended.len() < 2 {
            let Some(change) = stream.message().await.unwrap().unwrap().change else { continue };
            if change.kind == "organisation.mandate.ended" {
                ended.insert(change.mandate_id);
            }
        }
        ended
    };
    let told = tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
    assert_eq!(told, BTreeSet::from([first, passed]));
    let events = "SELECT COUNT(*) FROM events WHERE kind = 'organisation.mandate.ended'";
    assert_eq!(office.count(events).await, 2, "once each");
    let by_fact = "SELECT COUNT(*) FROM mandates WHERE state = 6 AND end_reason = 'person_gone'";
    assert_eq!(office.count(by_fact).await, 2);
    let left = receives(&office, anna, erika).await;
    assert_eq!(left, format!("mandate:{own}.2:mail-receiver"), "what Erika gave herself stays");
}

async fn a_deleted_members_invitations_end_and_their_names_are_destroyed(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let max = office.joined(erika, &org, pb::Role::Administrator).await;
    office.around.confirmed(eve, "eve@example.org");
    let wanted = invitation(&org, "eve@example.org", pb::Role::CaseWorker);
    office.members(max).invite_member(wanted).await.unwrap();
    let code = office.around.code("eve@example.org").await;
    office.gone(max).await;
    let accept = pb::AcceptInvitationRequest { request_id: "1".into(), code };
    let status = office.members(eve).accept_invitation(accept).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVITATION_UNKNOWN"));
    for names in [
        "SELECT COUNT(*) FROM memberships WHERE name_sealed IS NOT NULL",
        "SELECT COUNT(*) FROM invitations WHERE person_sealed IS NOT NULL",
    ] {
        assert_eq!(office.count(names).await, 0, "{names}");
    }
    let list = pb::ListMembersRequest { organisation_id: org };
    let left = office.members(erika).list_members(list).await.unwrap().into_inner().members;
    assert_eq!(left.len(), 1);
    assert!(!office.holds("events", "payload, NULL", &max.to_string()).await);
}

async fn a_program_stays_with_the_organisation_of_a_deleted_member(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let max = office.joined(erika, &org, pb::Role::Administrator).await;
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let jwk = serde_json::to_string(key.public_jwk()).unwrap();
    office.members(max).register_system_user(program(&org, "1", jwk)).await.unwrap();
    office.gone(max).await;
    let counts = "SELECT COUNT(*) FROM system_users WHERE revoked_at_us IS NULL";
    assert_eq!(office.count(counts).await, 1);
}

async fn what_a_deleted_person_claimed_goes_to_the_next_in_line(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let copy = office.registered(max, "Muster GmbH", "1234").await;
    cooling(&office, erika, &org).await;
    let waiting = claimed(&office, max, &copy, pb::ClaimMethod::Operator).await.claim_id;
    assert_eq!(state(&office, max, &waiting).await, pb::ClaimState::Waiting);
    office.gone(erika).await;
    assert_eq!(state(&office, max, &waiting).await, pb::ClaimState::Asked);
    let ended = "SELECT COUNT(*) FROM claims WHERE state = 6 AND claimant_sealed IS NULL \
        AND code_mac IS NULL AND letter_sealed IS NULL";
    assert_eq!(office.count(ended).await, 1);
}

async fn an_active_claim_outlives_its_claimant_and_brings_the_organisation_back(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let (claim, ..) = cooling(&office, erika, &org).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    office.gone(erika).await;
    assert_eq!(
        office.count("SELECT COUNT(*) FROM claims WHERE claimant_sealed IS NOT NULL").await,
        0
    );
    let recovery = pb::RequestRecoveryRequest {
        request_id: "1".into(),
        register: Some(pb::RegisterEntry {
            kind: "HRB".into(),
            court: "Amtsgericht Schwerin".into(),
            number: "1234".into(),
            place: String::new(),
        }),
        claimant_name: "Max Mustermann".into(),
    };
    let asked = office.claims(max).request_recovery(recovery).await.unwrap().into_inner();
    approved(&office, &asked.claim_id).await.unwrap();
    letter(&office, &asked.claim_id).await;
    office.clock.advance(DAY * 7);
    becomes(&office, max, &asked.claim_id, pb::ClaimState::Active).await;
    assert_eq!(office.membership(max, &org).await.role(), pb::Role::Owner);
}

async fn a_deleted_person_begins_nothing_again(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    office.around.confirmed(max, "max@example.org");
    let wanted = invitation(&org, "max@example.org", pb::Role::Owner);
    office.members(erika).invite_member(wanted).await.unwrap();
    let code = office.around.code("max@example.org").await;
    office.gone(max).await;
    let accept = pb::AcceptInvitationRequest { request_id: "1".into(), code };
    let refused = [
        office.members(max).accept_invitation(accept).await.map(drop),
        grant(&office, max, granting(&office, "1")).await.map(drop),
    ];
    for status in refused {
        assert_eq!(reason(&status.unwrap_err()).as_deref(), Some("ACCOUNT_UNKNOWN"));
    }
}
