//! Giving, taking and ending mandates, as the people on both sides do it.

use std::time::Duration;

use siegel_db::Db;
use siegel_grpc::fact;
use siegel_kernel::{AccountId, Clock as _, TrustLevel};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{Action, MandateState};
use siegel_testkit::on_each_backend;
use tonic::Status;

use crate::giving::{HIGH, accept, given, grant, granting, may};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_mandate_counts_from_its_acceptance_until_it_is_revoked,
    a_citizen_gives_a_citizen_one_letter_and_nothing_else,
    reading_only_is_reading_only,
    a_code_is_good_once_and_for_who_it_is_meant,
    a_code_runs_out_after_thirty_days,
    what_was_declined_is_over,
    nobody_grants_more_than_they_may,
    who_grants_needs_the_level_that_is_granted,
    a_mandate_has_an_end_or_a_day_of_review,
    after_its_day_of_review_a_mandate_waits_for_the_review,
    strangers_cannot_tell_a_mandate_from_none,
    the_same_request_grants_once_and_tells_the_code_once,
    both_sides_see_what_was_done_and_nobody_else,
    the_holder_gives_up_and_the_giver_sees_it,
    every_write_leaves_its_audit_line_and_names_nobody,
}

async fn receives(office: &Office, who: AccountId, principal: AccountId) -> String {
    may(office, who, &principal.to_string(), Action::ReceiveMail, pb::AccessScope::default()).await
}

async fn revoke(office: &Office, who: AccountId, id: &str) -> Result<pb::Mandate, Status> {
    let request = pb::RevokeMandateRequest {
        request_id: format!("revoke-{id}-{who}"),
        mandate_id: id.into(),
    };
    let answer = office.mandates(who, HIGH).revoke_mandate(request).await?;
    Ok(answer.into_inner().mandate.unwrap())
}

async fn a_mandate_counts_from_its_acceptance_until_it_is_revoked(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let granted = grant(&office, erika, granting(&office, "1")).await.unwrap();
    assert_eq!(granted.mandate.unwrap().state(), MandateState::Pending);
    assert_eq!(receives(&office, max, erika).await, "NO_MANDATE");
    let taken = accept(&office, max, &granted.code, "").await.unwrap();
    assert_eq!((taken.state(), taken.version), (MandateState::Active, 2));
    let path = format!("mandate:{}.2:mail-receiver", taken.mandate_id);
    assert_eq!(receives(&office, max, erika).await, path);
    assert_eq!(receives(&office, erika, max).await, "NO_MANDATE", "not the other way");
    let ended = revoke(&office, erika, &taken.mandate_id).await.unwrap();
    assert_eq!((ended.state(), ended.end_reason.as_str()), (MandateState::Revoked, "giver"));
    assert_eq!(receives(&office, max, erika).await, "NO_MANDATE");
    let again = revoke(&office, max, &taken.mandate_id).await.unwrap_err();
    assert_eq!(reason(&again).as_deref(), Some("MANDATE_ENDED"));
}

async fn a_citizen_gives_a_citizen_one_letter_and_nothing_else(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let letter = |id: &str| pb::AccessScope { letter_id: id.into(), ..Default::default() };
    let request =
        pb::GrantMandateRequest { scope: Some(letter("ltr_1")), ..granting(&office, "1") };
    given(&office, erika, request, max).await;
    let erika = erika.to_string();
    let ask = |about| may(&office, max, &erika, Action::ReceiveMail, about);
    assert!(ask(letter("ltr_1")).await.starts_with("mandate:"));
    assert_eq!(ask(letter("ltr_2")).await, "MANDATE_SCOPE");
    assert_eq!(ask(pb::AccessScope::default()).await, "MANDATE_SCOPE", "no letter is known yet");
    assert_eq!(may(&office, max, &erika, Action::Act, letter("ltr_1")).await, "MANDATE_ACTION");
}

async fn reading_only_is_reading_only(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let request = pb::GrantMandateRequest {
        package: "full".into(),
        read_only: true,
        ..granting(&office, "1")
    };
    given(&office, erika, request, max).await;
    assert_eq!(receives(&office, max, erika).await, "MANDATE_ACTION");
    let about = pb::AccessScope::default();
    let read = may(&office, max, &erika.to_string(), Action::ReadMail, about).await;
    assert!(read.starts_with("mandate:"), "{read}");
}

async fn a_code_is_good_once_and_for_who_it_is_meant(db: Db) {
    let office = Office::open(db).await;
    let (erika, max, firm_owner) = (office.somebody(), office.somebody(), office.somebody());
    let firm = office.founded(firm_owner, "Kanzlei").await.organisation_id;
    let refused = |status: Status| reason(&status).unwrap();
    let granted = grant(&office, erika, granting(&office, "1")).await.unwrap();
    let unknown = "MANDATE_CODE_UNKNOWN";
    let code = granted.code;
    assert_eq!(refused(accept(&office, erika, &code, "").await.unwrap_err()), unknown, "one's own");
    let as_firm = accept(&office, firm_owner, &code, &firm).await.unwrap_err();
    assert_eq!(refused(as_firm), unknown, "it is for a person");
    let as_stranger = accept(&office, max, &code, &firm).await.unwrap_err();
    assert_eq!(refused(as_stranger), unknown, "somebody else's organisation");
    let typed = code.to_lowercase().replace('-', " ");
    accept(&office, max, &typed, "").await.unwrap();
    let second = accept(&office, office.somebody(), &code, "").await.unwrap_err();
    assert_eq!(refused(second), unknown, "used");
    let nonsense = accept(&office, max, "no code", "").await.unwrap_err();
    assert_eq!(refused(nonsense), unknown);
}

async fn a_code_runs_out_after_thirty_days(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let end = office.clock.now().plus(Duration::from_hours(24 * 365));
    let request = pb::GrantMandateRequest {
        valid_until: Some(convert::timestamp(end)),
        ..granting(&office, "1")
    };
    let granted = grant(&office, erika, request).await.unwrap();
    office.clock.advance(Duration::from_hours(24 * 30));
    let late = accept(&office, max, &granted.code, "").await.unwrap_err();
    assert_eq!(reason(&late).as_deref(), Some("MANDATE_CODE_UNKNOWN"));
}

async fn what_was_declined_is_over(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let granted = grant(&office, erika, granting(&office, "1")).await.unwrap();
    let request = pb::RejectMandateRequest {
        request_id: "no".into(),
        code: granted.code.clone(),
        ..Default::default()
    };
    office.mandates(max, HIGH).reject_mandate(request).await.unwrap();
    assert!(accept(&office, max, &granted.code, "").await.is_err());
    let id = granted.mandate.unwrap().mandate_id;
    let request = pb::GetMandateRequest { mandate_id: id };
    let seen = office.mandates(erika, HIGH).get_mandate(request).await.unwrap().into_inner();
    assert_eq!(seen.mandate.unwrap().state(), MandateState::Rejected);
    assert!(!seen.may_revoke);
}

async fn nobody_grants_more_than_they_may(db: Db) {
    let office = Office::open(db).await;
    let (owner, administrator, worker) = (office.somebody(), office.somebody(), office.somebody());
    let firm = office.founded(owner, "Muster GmbH").await.organisation_id;
    office.join(&firm, administrator, 2).await;
    office.join(&firm, worker, 3).await;
    let request = |id: &str| pb::GrantMandateRequest {
        organisation_id: firm.clone(),
        ..granting(&office, id)
    };
    let refused = |status: Status| reason(&status).unwrap();
    let tried = grant(&office, administrator, request("1")).await.unwrap_err();
    assert_eq!(refused(tried), "ROLE_TOO_LOW", "an administrator does not receive");
    let tried = grant(&office, worker, request("2")).await.unwrap_err();
    assert_eq!(refused(tried), "ROLE_TOO_LOW", "a case worker does not speak for it");
    let tried = grant(&office, office.somebody(), request("3")).await.unwrap_err();
    assert_eq!(refused(tried), "ORGANISATION_UNKNOWN");
    let reading = pb::GrantMandateRequest { read_only: true, ..request("4") };
    grant(&office, administrator, reading).await.unwrap();
    grant(&office, owner, request("5")).await.unwrap();
    let members =
        pb::GrantMandateRequest { package: "member-manager".into(), ..granting(&office, "6") };
    let tried = grant(&office, owner, members).await.unwrap_err();
    assert_eq!(refused(tried), "INVALID_FIELD", "a person has no members");
}

async fn who_grants_needs_the_level_that_is_granted(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let high = pb::GrantMandateRequest { level: 4, ..granting(&office, "1") };
    let mut low = office.mandates(erika, TrustLevel::Substantial);
    let status = low.grant_mandate(high.clone()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    assert_eq!(fact(&status, "needed").as_deref(), Some("high"));
    let granted = grant(&office, erika, high).await.unwrap();
    let request = pb::AcceptMandateRequest {
        request_id: "1".into(),
        code: granted.code.clone(),
        ..Default::default()
    };
    let mut max_low = office.mandates(max, TrustLevel::Substantial);
    let status = max_low.accept_mandate(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("TRUST_TOO_LOW"));
    accept(&office, max, &granted.code, "").await.unwrap();
    assert_eq!(receives(&office, max, erika).await, "TRUST_TOO_LOW", "asked with level 3");
}

async fn a_mandate_has_an_end_or_a_day_of_review(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let endless = pb::GrantMandateRequest { valid_until: None, ..granting(&office, "1") };
    let status = grant(&office, erika, endless.clone()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    let day = office.clock.now().plus(Duration::from_hours(24));
    let reviewed = pb::GrantMandateRequest { review_at: Some(convert::timestamp(day)), ..endless };
    grant(&office, erika, reviewed).await.unwrap();
}

async fn after_its_day_of_review_a_mandate_waits_for_the_review(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let day = Duration::from_hours(24);
    let request = pb::GrantMandateRequest {
        valid_until: None,
        review_at: Some(convert::timestamp(office.clock.now().plus(day))),
        ..granting(&office, "1")
    };
    let mandate = given(&office, erika, request, max).await;
    office.clock.advance(day);
    assert_eq!(receives(&office, max, erika).await, "MANDATE_NOT_VALID");
    let review = |who: AccountId, id: &str| {
        let request = pb::ReviewMandateRequest {
            request_id: id.into(),
            mandate_id: mandate.mandate_id.clone(),
            valid_until: None,
            review_at: Some(convert::timestamp(office.clock.now().plus(day))),
        };
        let mut client = office.mandates(who, HIGH);
        async move { client.review_mandate(request).await }
    };
    let by_holder = review(max, "1").await.unwrap_err();
    assert_eq!(reason(&by_holder).as_deref(), Some("MANDATE_UNKNOWN"));
    review(erika, "2").await.unwrap();
    let path = format!("mandate:{}.3:mail-receiver", mandate.mandate_id);
    assert_eq!(receives(&office, max, erika).await, path);
}

async fn strangers_cannot_tell_a_mandate_from_none(db: Db) {
    let office = Office::open(db).await;
    let (erika, max, stranger) = (office.somebody(), office.somebody(), office.somebody());
    let mandate = given(&office, erika, granting(&office, "1"), max).await;
    let none = format!("mnd_{:032x}", 7);
    for id in [mandate.mandate_id.clone(), none, "nonsense".into()] {
        let mut client = office.mandates(stranger, HIGH);
        let get = client.get_mandate(pb::GetMandateRequest { mandate_id: id.clone() }).await;
        let uses = pb::ListUsesRequest { mandate_id: id.clone(), ..Default::default() };
        let uses = client.list_uses(uses).await;
        let end = revoke(&office, stranger, &id).await;
        let review = pb::ReviewMandateRequest {
            request_id: format!("r-{id}"),
            mandate_id: id.clone(),
            ..Default::default()
        };
        let review = client.review_mandate(review).await;
        let passed = pb::GrantMandateRequest { parent_mandate_id: id, ..granting(&office, "p") };
        let passed = grant(&office, stranger, passed).await;
        let statuses = [
            get.map(drop).unwrap_err(),
            uses.map(drop).unwrap_err(),
            end.map(drop).unwrap_err(),
            review.map(drop).unwrap_err(),
            passed.map(drop).unwrap_err(),
        ];
        for status in statuses {
            assert_eq!(reason(&status).as_deref(), Some("MANDATE_UNKNOWN"));
            assert_eq!(status.message(), "there is no such mandate");
        }
    }
    assert!(receives(&office, max, erika).await.starts_with("mandate:"), "nothing happened to it");
}

async fn the_same_request_grants_once_and_tells_the_code_once(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let request = granting(&office, "1");
    let first = grant(&office, erika, request.clone()).await.unwrap();
    let again = grant(&office, erika, request.clone()).await.unwrap();
    assert_eq!(first.mandate, again.mandate);
    assert_eq!((first.code.len(), again.code.as_str()), (24, ""));
    let other = pb::GrantMandateRequest { package: "full".into(), ..request };
    let status = grant(&office, erika, other).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
    assert_eq!(office.count("SELECT COUNT(*) FROM mandates").await, 1);
}

async fn both_sides_see_what_was_done_and_nobody_else(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let mandate = given(&office, erika, granting(&office, "1"), max).await;
    let letter = pb::AccessScope { letter_id: "ltr_1".into(), ..Default::default() };
    let question = |record| pb::AccessQuestion {
        account_id: max.to_string(),
        principal_account_id: erika.to_string(),
        action: Action::ReceiveMail.into(),
        session_level: 3,
        about: Some(letter.clone()),
        record,
        ..Default::default()
    };
    let questions = vec![question(false), question(true)];
    office.postbox().check_access(pb::CheckAccessRequest { questions }).await.unwrap();
    for side in [erika, max] {
        let request =
            pb::ListUsesRequest { mandate_id: mandate.mandate_id.clone(), ..Default::default() };
        let uses = office.mandates(side, HIGH).list_uses(request).await.unwrap().into_inner().uses;
        let [one] = &uses[..] else { panic!("{} uses", uses.len()) };
        assert_eq!((one.action(), one.about.as_ref()), (Action::ReceiveMail, Some(&letter)));
        assert!(one.actor.starts_with("aud_") && one.path.starts_with("mandate:"));
    }
}

async fn the_holder_gives_up_and_the_giver_sees_it(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let mandate = given(&office, erika, granting(&office, "1"), max).await;
    revoke(&office, max, &mandate.mandate_id).await.unwrap();
    let request =
        pb::ListMandatesRequest { side: pb::MandateSide::Given.into(), ..Default::default() };
    let given = office.mandates(erika, HIGH).list_mandates(request).await.unwrap().into_inner();
    let [one] = &given.mandates[..] else { panic!("{}", given.mandates.len()) };
    assert_eq!((one.state(), one.end_reason.as_str()), (MandateState::Revoked, "holder"));
    assert_eq!(one.to.as_ref().unwrap().name, "Frau Beispiel");
}

async fn every_write_leaves_its_audit_line_and_names_nobody(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let mandate = given(&office, erika, granting(&office, "1"), max).await;
    revoke(&office, erika, &mandate.mandate_id).await.unwrap();
    let _ = accept(&office, max, "0123-4567-89AB-CDEF-GHJK", "").await;
    for (kind, outcome) in [
        ("granted", "done"),
        ("accepted", "done"),
        ("revoked", "done"),
        ("accepted", "MANDATE_CODE_UNKNOWN"),
    ] {
        let mut tx = office.db.read().await.unwrap();
        let kinds = siegel_db::audit::kinds(&mut tx).await.unwrap();
        drop(tx);
        assert!(kinds.contains(&format!("organisation.mandate.{kind}")), "{kind} {outcome}");
    }
    let refused = "SELECT COUNT(*) FROM audit WHERE outcome = 'MANDATE_CODE_UNKNOWN'";
    assert_eq!(office.count(refused).await, 1);
    let named = "SELECT COUNT(*) FROM audit WHERE detail LIKE '%acc_%' OR subject LIKE 'acc%' \
        OR detail LIKE '%Beispiel%'";
    assert_eq!(office.count(named).await, 0);
}
