use std::time::Duration;

use siegel_db::Db;
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::claiming::{DAY, approved, becomes, claimed, cooling, letter, level, proven, state};
use crate::office::{Office, TABLES, reason};
use crate::team::{address, invitation};

on_each_backend! { super::TABLES =>
    a_claim_counts_only_after_letter_and_cooling_period,
    nobody_is_invited_while_a_claim_cools,
    the_code_of_the_letter_ends_the_claim_and_everything_it_granted,
    a_code_counts_once_and_wrong_ones_are_all_answered_alike,
    five_wrong_codes_lock_an_account_name_whether_or_not_it_exists,
    the_second_claim_of_an_entry_waits_and_the_first_sees_it,
    a_certificate_of_the_organisation_proves_its_claim,
    a_certificate_of_another_or_of_nobody_proves_nothing,
    an_organisation_without_managers_is_recovered_by_letter,
    a_recovery_is_answered_alike_whether_or_not_there_is_such_an_organisation,
    a_letter_is_printed_until_it_was_sent_and_never_again,
    nothing_of_a_letter_is_readable_in_the_database,
    what_operators_and_letter_holders_do_with_claims_is_audited,
}

async fn a_claim_counts_only_after_letter_and_cooling_period(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    office.clock.advance(DAY * 30);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Cooling, "no letter was sent");
    letter(&office, &claim).await;
    let second = Duration::from_secs(1);
    office.clock.advance((DAY * 7).saturating_sub(second));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Cooling);
    let before = level(&office, erika, &org).await;
    assert_eq!((before.identification_level, before.authentication_level), (1, 0));
    office.clock.advance(second);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    let after = level(&office, erika, &org).await;
    assert_eq!((after.identification_level, after.authentication_level), (3, 3));
    let name = &after.fields[0];
    assert_eq!((name.source(), name.level, name.editable), (pb::FieldSource::Register, 3, false));
}

async fn nobody_is_invited_while_a_claim_cools(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    let wanted = || invitation(&org, "max@example.org", pb::Role::CaseWorker);
    let status = office.members(erika).invite_member(wanted()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_COOLING"));
    assert!(level(&office, erika, &org).await.cooling);
    letter(&office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    office.members(erika).invite_member(wanted()).await.unwrap();
}

async fn the_code_of_the_letter_ends_the_claim_and_everything_it_granted(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    let (name, code) = letter(&office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    let max = office.joined(erika, &org, pb::Role::Administrator).await;
    let friend = office.joined(max, &org, pb::Role::CaseWorker).await;
    let key = siegel_crypto::SigningKey::generate().unwrap();
    let program = pb::RegisterSystemUserRequest {
        request_id: "program".into(),
        organisation_id: org.clone(),
        name: "Poststelle".into(),
        role: pb::Role::MailReceiver.into(),
        jwk: serde_json::to_string(key.public_jwk()).unwrap(),
    };
    office.members(max).register_system_user(program).await.unwrap();
    let revoke = pb::RevokeClaimRequest { account_name: name.to_lowercase(), code };
    office.letter_holder().revoke_claim(revoke).await.unwrap();
    for member in [erika, max, friend] {
        let request = pb::GetRecordRequest { organisation_id: org.clone() };
        let status = office.record(member).get_record(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"));
    }
    assert_eq!(
        office.count("SELECT COUNT(*) FROM system_users WHERE revoked_at_us IS NULL").await,
        0
    );
    assert_eq!(
        office.count("SELECT COUNT(*) FROM organisations WHERE identification_level > 1").await,
        0
    );
    let verified =
        "SELECT COUNT(*) FROM record_fields WHERE superseded_at_us IS NULL AND source <> 1";
    assert_eq!(office.count(verified).await, 0);
    let ended = "SELECT COUNT(*) FROM events WHERE kind = 'organisation.member.ended'";
    assert_eq!(office.count(ended).await, 3);
}

async fn a_code_counts_once_and_wrong_ones_are_all_answered_alike(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    let (name, code) = letter(&office, &claim).await;
    let ask = async |account_name: &str, code: &str| {
        let (account_name, code) = (account_name.to_owned(), code.to_owned());
        office.letter_holder().revoke_claim(pb::RevokeClaimRequest { account_name, code }).await
    };
    let wrong_code = ask(&name, &"A".repeat(16)).await.unwrap_err();
    let no_code = ask(&name, "").await.unwrap_err();
    let wrong_name = ask("AAAA-AAAA-AA", &code).await.unwrap_err();
    let no_name = ask("?", &code).await.unwrap_err();
    ask(&name, &code).await.unwrap();
    let used = ask(&name, &code).await.unwrap_err();
    let told = |s: &tonic::Status| (s.code(), s.message().to_owned(), s.details().to_vec());
    assert_eq!(reason(&used).as_deref(), Some("CODE_UNKNOWN"));
    for other in [wrong_code, no_code, wrong_name, no_name] {
        assert_eq!(told(&other), told(&used));
    }
    assert_eq!(state(&office, erika, &claim).await, pb::ClaimState::Revoked);
}

async fn five_wrong_codes_lock_an_account_name_whether_or_not_it_exists(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    let (name, code) = letter(&office, &claim).await;
    let ask = async |account_name: &str, code: String| {
        let account_name = account_name.to_owned();
        office.letter_holder().revoke_claim(pb::RevokeClaimRequest { account_name, code }).await
    };
    for tried in [name.as_str(), "BBBB-BBBB-BB"] {
        for _ in 0..5 {
            let status = ask(tried, "A".repeat(16)).await.unwrap_err();
            assert_eq!(status.code(), Code::NotFound, "{tried}");
        }
        let status = ask(tried, code.clone()).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("TOO_MANY_ATTEMPTS"), "{tried}");
    }
    office.clock.advance(Duration::from_hours(1));
    ask(&name, code).await.unwrap();
}

async fn the_second_claim_of_an_entry_waits_and_the_first_sees_it(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let copy = office.registered(eve, "Muster GmbH", "1234").await;
    let first = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await;
    let second = claimed(&office, eve, &copy, pb::ClaimMethod::Operator).await;
    assert_eq!((first.state(), second.state()), (pb::ClaimState::Asked, pb::ClaimState::Waiting));
    let status = approved(&office, &second.claim_id).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_STATE"));
    let all = office.claims(erika).list_own_claims(pb::ListOwnClaimsRequest {}).await.unwrap();
    assert_eq!(all.into_inner().claims[0].rivals, 1);
    let withdraw = pb::WithdrawClaimRequest { request_id: "w".into(), claim_id: first.claim_id };
    office.claims(erika).withdraw_claim(withdraw).await.unwrap();
    assert_eq!(state(&office, eve, &second.claim_id).await, pb::ClaimState::Asked);
}

fn proof(
    claim: &pb::Claim,
    id: &str,
    der: &[u8],
    statement: String,
) -> pb::ProveByCertificateRequest {
    pb::ProveByCertificateRequest {
        request_id: id.into(),
        claim_id: claim.claim_id.clone(),
        certificates: vec![der.to_vec()],
        statement,
    }
}

async fn a_certificate_of_the_organisation_proves_its_claim(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Certificate).await;
    let shown = office.around.authority.certifies("Muster GmbH", "NTRDE-HRB 1234");
    let said = shown.statement(&claim.claim_id, &claim.challenge);
    let proven =
        office.claims(erika).prove_by_certificate(proof(&claim, "1", &shown.der, said)).await;
    let proven = proven.unwrap().into_inner().claim.unwrap();
    assert_eq!((proven.state(), proven.challenge.as_str()), (pb::ClaimState::Cooling, ""));
    let print = |address| pb::PrintClaimLetterRequest {
        request_id: "print".into(),
        claim_id: claim.claim_id.clone(),
        locale: "en".into(),
        address,
    };
    let status = office.admin().print_claim_letter(print(None)).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ADDRESS_MISSING"), "the certificate names none");
    office.admin().print_claim_letter(print(Some(address()))).await.unwrap();
    letter(&office, &claim.claim_id).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim.claim_id, pb::ClaimState::Active).await;
    let record = level(&office, erika, &org).await;
    let source = |name: pb::FieldName| {
        record.fields.iter().find(|f| f.name() == name).map(pb::RecordField::source)
    };
    assert_eq!(source(pb::FieldName::Register), Some(pb::FieldSource::Certificate));
    assert_eq!(source(pb::FieldName::Address), Some(pb::FieldSource::Register));
}

async fn a_certificate_of_another_or_of_nobody_proves_nothing(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Certificate).await;
    let (id, challenge) = (&claim.claim_id, &claim.challenge);
    let authority = &office.around.authority;
    let good = authority.certifies("Muster GmbH", "NTRDE-HRB 1234");
    let other = authority.certifies("Andere GmbH", "NTRDE-HRB 1234");
    let number = authority.certifies("Muster GmbH", "NTRDE-HRB 9999");
    let foreign = crate::certificates::Authority::new().certifies("Muster GmbH", "NTRDE-HRB 1234");
    let cases = [
        (&other, other.statement(id, challenge), "CERTIFICATE_OF_ANOTHER"),
        (&number, number.statement(id, challenge), "CERTIFICATE_OF_ANOTHER"),
        (&foreign, foreign.statement(id, challenge), "CERTIFICATE_UNTRUSTED"),
        (&good, other.statement(id, challenge), "CERTIFICATE_UNTRUSTED"),
        (&good, good.statement(id, "another"), "CERTIFICATE_UNTRUSTED"),
        (&good, good.statement("clm_1", challenge), "CERTIFICATE_UNTRUSTED"),
        (&good, good.statement_for("https://evil.example", id, challenge), "CERTIFICATE_UNTRUSTED"),
        (&good, good.bent(id, challenge), "CERTIFICATE_UNTRUSTED"),
        (&good, "nothing".into(), "CERTIFICATE_UNTRUSTED"),
    ];
    for (n, (shown, statement, why)) in cases.into_iter().enumerate() {
        let request = proof(&claim, &format!("{n}"), &shown.der, statement);
        let status = office.claims(erika).prove_by_certificate(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some(why), "case {n}");
    }
    assert_eq!(state(&office, erika, id).await, pb::ClaimState::Asked);
}

pub fn recovery(id: &str, number: &str) -> pb::RequestRecoveryRequest {
    pb::RequestRecoveryRequest {
        request_id: id.into(),
        register: Some(pb::RegisterEntry {
            kind: "HRB".into(),
            court: "Amtsgericht Schwerin".into(),
            number: number.into(),
            place: String::new(),
        }),
        claimant_name: "Max Mustermann".into(),
    }
}

async fn an_organisation_without_managers_is_recovered_by_letter(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    proven(&office, erika, &org).await;
    let asked = office.claims(max).request_recovery(recovery("1", "1234")).await.unwrap();
    let asked = asked.into_inner().claim_id;
    let status = approved(&office, &asked).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_STATE"), "it has an owner");
    // The owner is gone: only what follows a deleted account ends the last owner's membership.
    office.run("UPDATE memberships SET ended_at_us = 1".into()).await;
    approved(&office, &asked).await.unwrap();
    letter(&office, &asked).await;
    let request = pb::GetRecordRequest { organisation_id: org.clone() };
    let status = office.record(max).get_record(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ORGANISATION_UNKNOWN"), "nothing before the end");
    office.clock.advance(DAY * 7);
    becomes(&office, max, &asked, pb::ClaimState::Active).await;
    let own = office.membership(max, &org).await;
    assert_eq!((own.role(), own.name.as_str()), (pb::Role::Owner, "Max Mustermann"));
}

async fn a_recovery_is_answered_alike_whether_or_not_there_is_such_an_organisation(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    proven(&office, erika, &org).await;
    office.claims(eve).request_recovery(recovery("1", "1234")).await.unwrap();
    office.claims(eve).request_recovery(recovery("2", "4321")).await.unwrap();
    let all = office.claims(eve).list_own_claims(pb::ListOwnClaimsRequest {}).await.unwrap();
    let all = all.into_inner().claims;
    let plain = |claim: &pb::Claim| pb::Claim {
        claim_id: String::new(),
        challenge: String::new(),
        claimed_at: None,
        ..claim.clone()
    };
    assert_eq!(plain(&all[0]), plain(&all[1]));
}

async fn a_letter_is_printed_until_it_was_sent_and_never_again(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    let print = |id: &str| pb::PrintClaimLetterRequest {
        request_id: id.into(),
        claim_id: claim.clone(),
        locale: "de".into(),
        address: None,
    };
    let status = office.admin().print_claim_letter(print("0")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_STATE"), "nothing is proven");
    approved(&office, &claim).await.unwrap();
    let first = office.admin().print_claim_letter(print("1")).await.unwrap().into_inner().pdf;
    let second = office.admin().print_claim_letter(print("2")).await.unwrap().into_inner().pdf;
    assert_eq!(first, second, "the same letter");
    letter(&office, &claim).await;
    let status = office.admin().print_claim_letter(print("3")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CLAIM_STATE"));
    let prints = "SELECT COUNT(*) FROM audit WHERE kind = 'organisation.claim.letter_printed' \
        AND outcome = 'done'";
    assert_eq!(office.count(prints).await, 3);
}

async fn nothing_of_a_letter_is_readable_in_the_database(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(&office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(&office, &claim).await.unwrap();
    let code = office.code_of(&claim).await;
    for needle in [code.as_str(), "Mustermann"] {
        assert!(!office.holds("claims", "letter_sealed, code_mac", needle).await, "{needle}");
        assert!(!office.holds("claims", "claimant_sealed, NULL", needle).await, "{needle}");
        assert!(!office.holds("requests", "digest, response", needle).await, "{needle}");
    }
    letter(&office, &claim).await;
    let left = "SELECT COUNT(*) FROM claims WHERE letter_sealed IS NOT NULL";
    assert_eq!(office.count(left).await, 0, "the code is forgotten with the sending");
}

async fn what_operators_and_letter_holders_do_with_claims_is_audited(db: Db) {
    let office = Office::open(db).await;
    let (erika, eve) = (office.somebody(), office.somebody());
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let other = office.registered(eve, "Andere GmbH", "5678").await;
    let (_, account_name, code) = cooling(&office, erika, &org).await;
    let revoke = pb::RevokeClaimRequest { account_name, code };
    office.letter_holder().revoke_claim(revoke).await.unwrap();
    let wrong = claimed(&office, eve, &other, pb::ClaimMethod::Operator).await.claim_id;
    let reject = pb::RejectClaimRequest { request_id: "reject".into(), claim_id: wrong.clone() };
    office.admin().reject_claim(reject).await.unwrap();
    assert_eq!(state(&office, eve, &wrong).await, pb::ClaimState::Rejected);
    let kinds = office.kinds().await;
    for kind in ["approved", "letter_printed", "letter_sent", "revoked", "rejected"] {
        assert!(kinds.contains(&format!("organisation.claim.{kind}")), "{kind} left no trace");
    }
}
