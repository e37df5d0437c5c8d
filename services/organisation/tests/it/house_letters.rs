//! The letter of a claim goes into the organisation's postbox too.

use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::organisation::v1 as pb;
use siegel_testkit::on_each_backend;

use crate::claiming::{DAY, approved, becomes, claimed, letter};
use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    the_letter_is_in_the_postbox_once_it_was_sent_and_not_before,
    a_letter_waits_sealed_while_the_postbox_is_away_and_goes_once,
    a_claim_that_ended_meanwhile_is_told_to_nobody,
    the_letter_of_a_recovery_goes_to_the_organisation_that_is_there,
}

async fn proven(office: &Office) -> (AccountId, String, String) {
    let erika = office.somebody();
    let org = office.registered(erika, "Muster GmbH", "1234").await;
    let claim = claimed(office, erika, &org, pb::ClaimMethod::Operator).await.claim_id;
    approved(office, &claim).await.unwrap();
    (erika, org, claim)
}

/// In groups of four, as a letter prints it.
fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

async fn waiting(office: &Office) -> i64 {
    office.count("SELECT COUNT(*) FROM outbox WHERE kind = 'claim_letter'").await
}

async fn nothing_waits(office: &Office) {
    for _ in 0..200 {
        if waiting(office).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job is never over");
}

/// Time goes on until it is: an attempt that was under way while the clock moved waits from there.
async fn nothing_waits_in_the_end(office: &Office) {
    for round in 0..200 {
        if waiting(office).await == 0 {
            return;
        }
        if round % 10 == 0 {
            office.clock.advance(Duration::from_mins(20));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job is never over");
}

async fn the_letter_is_in_the_postbox_once_it_was_sent_and_not_before(db: Db) {
    let office = Office::open(db).await;
    let (_, org, claim) = proven(&office).await;
    assert_eq!(waiting(&office).await, 0, "nobody sent it yet");
    let (account_name, code) = letter(&office, &claim).await;
    let all = office.around.letters(&claim).await;
    let [told] = &all[..] else { panic!("one letter: {}", all.len()) };
    assert_eq!((told.request_id.as_str(), told.organisation_id.as_str()), (&*claim, &*org));
    assert_eq!(told.sender, "Servicekonto");
    assert_eq!(told.subject, "Ihr Organisationskonto wurde in Anspruch genommen");
    let languages: Vec<_> = told.bodies.iter().map(|body| body.language.as_str()).collect();
    assert_eq!(languages, ["de", "en"]);
    for body in &told.bodies {
        for said in [grouped(&code), account_name.clone(), "Erika Mustermann".into()] {
            assert!(body.plain_text.contains(&said), "{said} is missing: {}", body.plain_text);
        }
    }
    let [pdf] = &told.attachments[..] else { panic!("one page") };
    assert!(pdf.content.starts_with(b"%PDF"));
    nothing_waits(&office).await;
}

async fn a_letter_waits_sealed_while_the_postbox_is_away_and_goes_once(db: Db) {
    let office = Office::open(db).await;
    let (_, _, claim) = proven(&office).await;
    office.around.postbox_away.store(true, Ordering::SeqCst);
    let (_, code) = letter(&office, &claim).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(waiting(&office).await, 1);
    for needle in [code.as_str(), "Mustermann"] {
        assert!(!office.holds("outbox", "payload, NULL", needle).await, "{needle} is readable");
    }
    office.around.postbox_away.store(false, Ordering::SeqCst);
    nothing_waits_in_the_end(&office).await;
    assert_eq!(office.around.letters(&claim).await.len(), 1);
}

async fn a_claim_that_ended_meanwhile_is_told_to_nobody(db: Db) {
    let office = Office::open(db).await;
    let (_, _, claim) = proven(&office).await;
    office.around.postbox_away.store(true, Ordering::SeqCst);
    let (account_name, code) = letter(&office, &claim).await;
    let revoke = pb::RevokeClaimRequest { account_name, code };
    office.letter_holder().revoke_claim(revoke).await.unwrap();
    nothing_waits_in_the_end(&office).await;
    assert!(office.around.none_of(&claim), "the letter of a claim that is over");
}

async fn the_letter_of_a_recovery_goes_to_the_organisation_that_is_there(db: Db) {
    let office = Office::open(db).await;
    let (erika, org, claim) = proven(&office).await;
    letter(&office, &claim).await;
    office.clock.advance(DAY * 7);
    becomes(&office, erika, &claim, pb::ClaimState::Active).await;
    // Only what follows a deleted account ends the last owner's membership.
    office.run("UPDATE memberships SET ended_at_us = 1".into()).await;
    let max = office.somebody();
    let request = pb::RequestRecoveryRequest {
        request_id: "recover".into(),
        register: Some(pb::RegisterEntry {
            kind: "HRB".into(),
            court: "Schwerin".into(),
            number: "1234".into(),
            place: String::new(),
        }),
        claimant_name: "Max Mustermann".into(),
    };
    let recovery = office.claims(max).request_recovery(request).await.unwrap();
    let recovery = recovery.into_inner().claim_id;
    approved(&office, &recovery).await.unwrap();
    letter(&office, &recovery).await;
    let all = office.around.letters(&recovery).await;
    let told = all.iter().find(|letter| letter.request_id == recovery).unwrap();
    assert_eq!(told.organisation_id, org);
    assert!(told.bodies[0].plain_text.contains("die Verwaltung des Organisationskontos"));
}
