//! Answers that are asked for again: what ended meanwhile is not in them.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _};
use siegel_proto::account::v1::{
    Attribute, DeleteDocumentRequest, RecordIdentificationRequest, ReleaseAttributesRequest,
    WithdrawConsentRequest,
};
use siegel_proto::convert;
use siegel_testkit::on_each_backend;
use tonic::Status;

use crate::documents::{bytes, grant, redeem, store};
use crate::office::{Office, TABLES, from_card, reason};

on_each_backend! { super::TABLES =>
    an_answer_is_not_repeated_once_its_consent_is_withdrawn,
    an_answer_is_not_repeated_to_whom_a_part_of_it_is_declined_later,
    a_value_that_ran_out_meanwhile_is_not_repeated,
    with_the_last_consent_to_a_client_ends_what_it_may_fetch_of_the_safe,
}

const NAMES: [&str; 2] = ["given_name", "family_name"];

async fn erika(office: &mut Office) -> AccountId {
    let account = office.account("erika@example.org").await;
    office.card(account, &[("given_name", "Erika"), ("family_name", "Gabler")]).await;
    account
}

/// The same request of the same grant, as often as its client likes.
async fn userinfo(office: &mut Office, account: AccountId) -> Result<Vec<String>, Status> {
    let request = ReleaseAttributesRequest {
        request_id: "gnt_1-userinfo".into(),
        account_id: account.to_string(),
        client_id: "portal".into(),
        client_name: "Bürgerportal".into(),
        attributes: NAMES.map(str::to_owned).into(),
        purpose: "Antrag".into(),
        session_level: 3,
    };
    let answer = office.registry.release_attributes(request).await?.into_inner();
    Ok(answer.attributes.into_iter().map(|one| one.name).collect())
}

async fn withdraw(office: &Office, account: AccountId, consent_id: String) {
    let request = WithdrawConsentRequest { request_id: format!("no {consent_id}"), consent_id };
    office.person(account).withdraw_consent(request).await.unwrap();
}

async fn an_answer_is_not_repeated_once_its_consent_is_withdrawn(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let consent = office.consent(account, "portal", &NAMES).await;
    for _ in 0..2 {
        assert_eq!(userinfo(&mut office, account).await.unwrap(), NAMES);
    }
    withdraw(&office, account, consent).await;
    let status = userinfo(&mut office, account).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CONSENT_REQUIRED"));
}

async fn an_answer_is_not_repeated_to_whom_a_part_of_it_is_declined_later(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.consent(account, "portal", &NAMES).await;
    assert_eq!(userinfo(&mut office, account).await.unwrap(), NAMES);
    office.choose(account, "portal", &["given_name"], &["family_name"]).await;
    let status = userinfo(&mut office, account).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("CONSENT_REQUIRED"));
}

async fn a_value_that_ran_out_meanwhile_is_not_repeated(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let end = office.clock.now().plus(Duration::from_hours(1));
    let family = Attribute {
        valid_until: Some(convert::timestamp(end)),
        ..from_card("family_name", "Gabler")
    };
    let request = RecordIdentificationRequest {
        request_id: "card".into(),
        account_id: account.to_string(),
        attributes: vec![from_card("given_name", "Erika"), family],
    };
    office.registry.record_identification(request).await.unwrap();
    office.consent(account, "portal", &NAMES).await;
    assert_eq!(userinfo(&mut office, account).await.unwrap(), NAMES);
    office.clock.advance(Duration::from_hours(1));
    assert_eq!(userinfo(&mut office, account).await.unwrap(), ["given_name"]);
}

async fn with_the_last_consent_to_a_client_ends_what_it_may_fetch_of_the_safe(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let kept = store(&office, account, "1", &bytes(10)).await;
    let first = office.consent(account, "bauamt", &["given_name"]).await;
    let grant = grant(&office, account, &kept.document_id, true).await;
    redeem(&office, "bauamt", "a", &grant.grant_id).await.unwrap();
    let other = office.consent(account, "portal", &NAMES).await;
    withdraw(&office, account, other).await;
    redeem(&office, "bauamt", "b", &grant.grant_id).await.unwrap();
    withdraw(&office, account, first).await;
    for id in ["b", "c"] {
        let status = redeem(&office, "bauamt", id, &grant.grant_id).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("DOCUMENT_GRANT_UNKNOWN"), "not even again");
    }
    let away = DeleteDocumentRequest { request_id: "d".into(), document_id: kept.document_id };
    office.safe(account).delete_document(away).await.unwrap();
}
