//! What a mandate is limited to: one mailbox, one sender, one thread, and the time it counts.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _};
use siegel_proto::convert;
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::{AccessScope, Action, MailboxKind, MandateState};
use siegel_testkit::on_each_backend;

use crate::firm::Firm;
use crate::giving::{HIGH, given, grant, granting, may};
use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_mandate_for_one_mailbox_opens_no_other_mailbox,
    a_mandate_for_one_sender_counts_for_the_letters_of_this_sender_alone,
    a_mandate_for_one_thread_counts_for_no_other_thread,
    a_citizen_gives_a_citizen_the_letters_of_one_sender_and_nothing_else,
    a_limit_that_is_no_id_is_refused,
    a_mandate_counts_from_its_first_day_on_and_not_before,
    a_mandate_past_its_last_day_becomes_expired_and_is_told_once,
}

const HOUR: Duration = Duration::from_hours(1);

fn mailbox(id: &str) -> AccessScope {
    AccessScope { mailbox_id: id.into(), ..Default::default() }
}

fn sender(id: &str) -> AccessScope {
    AccessScope { sender_id: id.into(), ..Default::default() }
}

fn thread(id: &str) -> AccessScope {
    AccessScope { thread: id.into(), ..Default::default() }
}

/// For whom somebody may act, as siblings are told it: ids and kinds of paths.
async fn parties(office: &Office, who: AccountId) -> Vec<(String, Vec<String>)> {
    let request =
        pb::ListAuthorisedPartiesRequest { account_id: who.to_string(), ..Default::default() };
    let listed = office.postbox().list_authorised_parties(request).await.unwrap().into_inner();
    let told = listed.parties.into_iter();
    told.map(|p| (p.organisation_id + &p.principal_account_id, p.kinds)).collect()
}

/// An organisation that gave somebody a mandate with this limit to receive mail.
async fn limited(firm: &Firm, scope: AccessScope) -> AccountId {
    let adviser = firm.office.somebody();
    let request = pb::GrantMandateRequest {
        organisation_id: firm.id(),
        scope: Some(scope),
        ..granting(&firm.office, "limited")
    };
    let mandate = given(&firm.office, firm.owner, request.clone(), adviser).await;
    assert_eq!(mandate.scope, request.scope, "both sides see the limit");
    adviser
}

/// Asks about each: what lies within is allowed by the mandate, what does not is refused.
async fn within(office: &Office, who: AccountId, party: &str, asked: &[(AccessScope, bool)]) {
    for (about, inside) in asked {
        for action in [Action::ReadMail, Action::ReceiveMail] {
            let told = may(office, who, party, action, about.clone()).await;
            if *inside {
                assert!(told.starts_with("mandate:"), "{about:?}: {told}");
            } else {
                assert_eq!(told, "MANDATE_SCOPE", "{about:?}");
            }
        }
    }
    assert_eq!(parties(office, who).await, [(party.to_owned(), vec!["mandate".to_owned()])]);
}

async fn a_mandate_for_one_mailbox_opens_no_other_mailbox(db: Db) {
    let firm = Firm::open(db).await;
    let invoices = firm.create(MailboxKind::Function, "Rechnungen", "").await;
    let building = firm.create(MailboxKind::Function, "Bauakten", "").await;
    let adviser = limited(&firm, mailbox(&invoices)).await;
    let letter = AccessScope { letter_id: "ltr_1".into(), ..mailbox(&invoices) };
    let elsewhere = AccessScope { letter_id: "ltr_1".into(), ..mailbox(&building) };
    let asked = [
        (mailbox(&invoices), true),
        (letter, true),
        (mailbox(&building), false),
        (elsewhere, false),
        (mailbox(""), false),
    ];
    within(&firm.office, adviser, &firm.id(), &asked).await;
    let acts = may(&firm.office, adviser, &firm.id(), Action::Act, mailbox(&invoices)).await;
    assert_eq!(acts, "MANDATE_ACTION");
    let stranger = firm.office.somebody();
    let about = mailbox(&invoices);
    let told = may(&firm.office, stranger, &firm.id(), Action::ReadMail, about).await;
    assert_eq!(told, "NOT_A_MEMBER");
}

async fn a_mandate_for_one_sender_counts_for_the_letters_of_this_sender_alone(db: Db) {
    let firm = Firm::open(db).await;
    let adviser = limited(&firm, sender("bauamt")).await;
    let invoices = firm.create(MailboxKind::Function, "Rechnungen", "").await;
    let letter = |sender_id: &str| AccessScope { letter_id: "ltr_1".into(), ..sender(sender_id) };
    let beside = AccessScope { mailbox_id: invoices.clone(), ..sender("bauamt") };
    let asked = [
        (sender("bauamt"), true),
        (letter("bauamt"), true),
        (beside, true),
        (sender("finanzamt"), false),
        (letter("finanzamt"), false),
        (sender("bauamt-2"), false),
        (sender(""), false),
        (mailbox(&invoices), false),
    ];
    within(&firm.office, adviser, &firm.id(), &asked).await;
}

async fn a_mandate_for_one_thread_counts_for_no_other_thread(db: Db) {
    let firm = Firm::open(db).await;
    let limit = AccessScope { sender_id: "bauamt".into(), ..thread("thr_1") };
    let adviser = limited(&firm, limit.clone()).await;
    let asked = [
        (limit.clone(), true),
        (AccessScope { letter_id: "ltr_1".into(), ..limit.clone() }, true),
        (AccessScope { thread: "thr_2".into(), ..limit.clone() }, false),
        (AccessScope { thread: String::new(), ..limit.clone() }, false),
        (AccessScope { sender_id: "finanzamt".into(), ..limit }, false),
        (thread("thr_1"), false),
    ];
    within(&firm.office, adviser, &firm.id(), &asked).await;
}

async fn a_citizen_gives_a_citizen_the_letters_of_one_sender_and_nothing_else(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let request =
        pb::GrantMandateRequest { scope: Some(sender("bauamt")), ..granting(&office, "1") };
    given(&office, erika, request, max).await;
    let party = erika.to_string();
    let asked = [
        (sender("bauamt"), true),
        (AccessScope { thread: "thr_1".into(), ..sender("bauamt") }, true),
        (sender("finanzamt"), false),
        (AccessScope::default(), false),
    ];
    within(&office, max, &party, &asked).await;
    let acts = may(&office, max, &party, Action::Act, sender("bauamt")).await;
    assert_eq!(acts, "MANDATE_ACTION");
    let back = may(&office, erika, &max.to_string(), Action::ReadMail, sender("bauamt")).await;
    assert_eq!(back, "NO_MANDATE", "not the other way");
    assert!(parties(&office, erika).await.is_empty());
}

async fn a_limit_that_is_no_id_is_refused(db: Db) {
    let office = Office::open(db).await;
    let erika = office.somebody();
    for bad in ["b".repeat(129), "bau amt".into(), "bauämter".into()] {
        let scope = Some(sender(&bad));
        let request = pb::GrantMandateRequest { scope, ..granting(&office, &bad[..3]) };
        let status = grant(&office, erika, request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{bad}");
    }
}

async fn a_mandate_counts_from_its_first_day_on_and_not_before(db: Db) {
    let office = Office::open(db).await;
    let (erika, max) = (office.somebody(), office.somebody());
    let begins = office.clock.now().plus(HOUR);
    let request = pb::GrantMandateRequest {
        valid_from: Some(convert::timestamp(begins)),
        ..granting(&office, "1")
    };
    let mandate = given(&office, erika, request, max).await;
    assert_eq!(mandate.state(), MandateState::Active, "accepted is accepted");
    let party = erika.to_string();
    let receives = || may(&office, max, &party, Action::ReceiveMail, AccessScope::default());
    assert_eq!(receives().await, "MANDATE_NOT_VALID");
    assert!(parties(&office, max).await.is_empty());
    office.clock.advance(HOUR.saturating_sub(Duration::from_micros(1)));
    assert_eq!(receives().await, "MANDATE_NOT_VALID", "a moment before");
    office.clock.advance(Duration::from_micros(1));
    assert!(receives().await.starts_with("mandate:"));
    assert_eq!(parties(&office, max).await, [(party.clone(), vec!["mandate".to_owned()])]);
}

async fn state(office: &Office, who: AccountId, id: &str) -> MandateState {
    let request = pb::GetMandateRequest { mandate_id: id.into() };
    let seen = office.mandates(who, HIGH).get_mandate(request).await.unwrap().into_inner();
    seen.mandate.unwrap().state()
}

/// Services look when they start and then every half minute: two more start together here.
async fn a_mandate_past_its_last_day_becomes_expired_and_is_told_once(db: Db) {
    let office = Office::open(db).await;
    let (erika, max, anna) = (office.somebody(), office.somebody(), office.somebody());
    let over = given(&office, erika, granting(&office, "1"), max).await;
    let longer = office.clock.now().plus(HOUR * 48);
    let longer = pb::GrantMandateRequest {
        valid_until: Some(convert::timestamp(longer)),
        ..granting(&office, "2")
    };
    let lasts = given(&office, erika, longer, anna).await;
    office.clock.advance(HOUR * 24);
    let receives = |who| {
        let (office, erika) = (&office, erika.to_string());
        async move { may(office, who, &erika, Action::ReceiveMail, AccessScope::default()).await }
    };
    assert!(!receives(max).await.starts_with("mandate:"), "no decision waits for the sweeper");
    let _two = tokio::join!(office.replica(), office.replica());
    let told = "SELECT COUNT(*) FROM events WHERE kind = 'organisation.mandate.expired'";
    for _ in 0..200 {
        if state(&office, erika, &over.mandate_id).await == MandateState::Expired {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(state(&office, erika, &over.mandate_id).await, MandateState::Expired);
    assert_eq!(state(&office, erika, &lasts.mandate_id).await, MandateState::Active);
    assert_eq!(receives(max).await, "NO_MANDATE");
    assert!(receives(anna).await.starts_with("mandate:"));
    assert_eq!(office.count(told).await, 1);
    let about = format!("\"mandate_id\":\"{}\"", over.mandate_id);
    assert!(office.holds("events", "payload, NULL", &about).await);
}
