//! Receipts of consents, and what a withdrawal does.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::{
    ConsentPage, ConsentPageLine, GetConsentReceiptRequest, ListPastConsentsRequest,
    RecordConsentRequest, WithdrawConsentRequest,
};
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES};

on_each_backend! { super::TABLES =>
    a_receipt_says_what_the_page_showed_and_what_was_allowed,
    a_receipt_holds_no_values_and_is_sealed,
    a_receipt_of_somebody_else_is_as_one_that_is_not_there,
    a_withdrawal_reaches_identity_with_person_and_client,
    withdrawing_again_after_a_new_consent_reaches_identity_again,
    ended_consents_stay_readable_with_how_they_ended,
}

fn line(name: &str, label: &str, purpose: &str, required: bool) -> ConsentPageLine {
    ConsentPageLine { name: name.into(), label: label.into(), purpose: purpose.into(), required }
}

pub async fn give(office: &mut Office, account: AccountId) -> String {
    let request = RecordConsentRequest {
        request_id: office.fresh(),
        account_id: account.to_string(),
        client_id: "portal".into(),
        client_name: "Bürgerportal".into(),
        attributes: vec!["given_name".into()],
        purpose: "Antrag".into(),
        declined: vec!["telephone".into()],
        page: Some(ConsentPage {
            text_version: "v7".into(),
            locale: "de".into(),
            lines: vec![
                line("given_name", "Vornamen", "Anrede", true),
                line("telephone", "Telefon", "", false),
            ],
        }),
        session_level: 3,
    };
    office.registry.record_consent(request).await.unwrap().into_inner().consent_id
}

async fn erika(office: &mut Office) -> AccountId {
    let account = office.account("erika@example.org").await;
    office.card(account, &[("given_name", "Erika")]).await;
    account
}

async fn a_receipt_says_what_the_page_showed_and_what_was_allowed(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let consent_id = give(&mut office, account).await;
    let request = GetConsentReceiptRequest { consent_id: consent_id.clone() };
    let got = office.privacy(account).get_consent_receipt(request).await.unwrap().into_inner();
    let receipt = got.receipt.unwrap();
    assert_eq!((receipt.text_version.as_str(), receipt.session_level), ("v7", 3));
    let lines: Vec<_> = receipt
        .lines
        .iter()
        .map(|l| (&l.name[..], &l.label[..], &l.purpose[..], l.required, l.allowed, l.level))
        .collect();
    let wanted = [
        ("given_name", "Vornamen", "Anrede", true, true, 4),
        ("telephone", "Telefon", "Antrag", false, false, 0),
    ];
    assert_eq!(lines, wanted);
    let document: serde_json::Value = serde_json::from_slice(&got.document).unwrap();
    assert_eq!(document["format"], "siegel-consent-receipt/1");
    assert_eq!(document["consent_id"], consent_id);
    assert_eq!(document["attributes"][0]["source"], "eid");
    assert_eq!(document["attributes"][1]["allowed"], false);
}

async fn a_receipt_holds_no_values_and_is_sealed(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let consent_id = give(&mut office, account).await;
    let request = GetConsentReceiptRequest { consent_id };
    let got = office.privacy(account).get_consent_receipt(request).await.unwrap().into_inner();
    assert!(!String::from_utf8(got.document).unwrap().contains("Erika"));
    let open = match office.db {
        Db::Sqlite { .. } => {
            "SELECT COUNT(*) FROM consents WHERE CAST(receipt AS TEXT) LIKE '%Vornamen%'"
        }
        Db::Postgres(_) => {
            "SELECT COUNT(*) FROM consents WHERE encode(receipt, 'escape') LIKE '%Vornamen%'"
        }
    };
    assert_eq!(office.count(open).await, 0);
}

async fn a_receipt_of_somebody_else_is_as_one_that_is_not_there(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let max = office.account("max@example.org").await;
    let theirs = give(&mut office, account).await;
    let mut answers = Vec::new();
    for id in [theirs.as_str(), "cns_00000000000000000000000000000000", "x"] {
        let request = GetConsentReceiptRequest { consent_id: id.into() };
        let status = office.privacy(max).get_consent_receipt(request).await.unwrap_err();
        answers.push((status.code(), status.message().to_owned()));
    }
    assert_eq!(answers[0].0, Code::NotFound);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let past = office.privacy(max).list_past_consents(ListPastConsentsRequest::default()).await;
    assert!(past.unwrap().into_inner().consents.is_empty());
}

async fn withdraw(office: &Office, account: AccountId, id: &str) {
    let request = WithdrawConsentRequest { request_id: office.fresh(), consent_id: id.into() };
    office.person(account).withdraw_consent(request).await.unwrap();
}

async fn a_withdrawal_reaches_identity_with_person_and_client(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let id = give(&mut office, account).await;
    withdraw(&office, account, &id).await;
    let told = office.identity.wait_for(1).await;
    let [order] = &told[..] else { unreachable!("one order") };
    assert_eq!(
        (order.account_id.clone(), order.client_id.as_str()),
        (account.to_string(), "portal")
    );
}

async fn withdrawing_again_after_a_new_consent_reaches_identity_again(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let first = give(&mut office, account).await;
    withdraw(&office, account, &first).await;
    office.identity.wait_for(1).await;
    give(&mut office, account).await;
    // From a page that was open all the time.
    withdraw(&office, account, &first).await;
    let told = office.identity.wait_for(2).await;
    assert_ne!(told[0].request_id, told[1].request_id, "not a repetition");
}

async fn ended_consents_stay_readable_with_how_they_ended(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    give(&mut office, account).await;
    let second = give(&mut office, account).await;
    withdraw(&office, account, &second).await;
    let past = office.privacy(account).list_past_consents(ListPastConsentsRequest::default()).await;
    let mut ends: Vec<String> =
        past.unwrap().into_inner().consents.into_iter().map(|c| c.ended_by).collect();
    ends.sort();
    assert_eq!(ends, ["replaced", "withdrawn"]);
    let request = GetConsentReceiptRequest { consent_id: second };
    let got = office.privacy(account).get_consent_receipt(request).await.unwrap().into_inner();
    assert_eq!(got.receipt.unwrap().ended_by, "withdrawn");
}
