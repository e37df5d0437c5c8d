//! Nothing leaves without consent, and what leaves is written down.

use siegel_db::Db;
use siegel_kernel::AccountId;
use siegel_proto::account::v1::{
    Attribute, ListConsentsRequest, ListDisclosuresRequest, PreviewReleaseRequest,
    RecordIdentificationRequest, ReleaseAttributesRequest, WithdrawConsentRequest,
};
use siegel_testkit::on_each_backend;
use tonic::{Code, Status};

use crate::office::{Office, TABLES, from_card, reason};

on_each_backend! { super::TABLES =>
    nothing_is_released_without_a_consent,
    a_release_gives_what_was_asked_and_is_in_the_persons_log,
    a_consent_is_for_its_client_its_attributes_and_its_purpose,
    an_attribute_of_unknown_level_is_not_released,
    the_same_release_twice_is_one_line_in_the_log_and_one_answer,
    a_withdrawn_consent_releases_nothing,
    a_newer_consent_takes_the_older_one_in_and_withdrawing_either_ends_both,
    what_is_declined_later_is_released_no_more,
    a_consent_of_somebody_else_cannot_be_withdrawn,
    the_preview_shows_the_values_and_whether_they_are_covered,
    the_log_is_read_in_pages_newest_first,
    a_stored_answer_does_not_show_the_values,
}

fn ask(id: &str, account: AccountId, client: &str, names: &[&str]) -> ReleaseAttributesRequest {
    ReleaseAttributesRequest {
        request_id: id.into(),
        account_id: account.to_string(),
        client_id: client.into(),
        client_name: "Bürgerportal".into(),
        attributes: names.iter().map(|n| (*n).to_owned()).collect(),
        purpose: "Antrag".into(),
        session_level: 3,
    }
}

async fn erika(office: &mut Office) -> AccountId {
    let account = office.account("erika@example.org").await;
    office.card(account, &[("given_name", "Erika"), ("family_name", "Mustermann")]).await;
    account
}

fn names(attributes: &[Attribute]) -> Vec<&str> {
    attributes.iter().map(|a| a.name.as_str()).collect()
}

fn refused(status: &Status) -> String {
    reason(status).unwrap()
}

async fn nothing_is_released_without_a_consent(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let request = ask("1", account, "portal", &["given_name"]);
    let status = office.registry.release_attributes(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(refused(&status), "CONSENT_REQUIRED");
    assert_eq!(office.count("SELECT COUNT(*) FROM disclosures").await, 0);
    let refusal = ("account.attributes.released".to_owned(), "CONSENT_REQUIRED".to_owned());
    assert!(office.audit().await.contains(&refusal));
    office.consent(account, "portal", &["given_name"]).await;
    let request = ask("1", account, "portal", &["given_name"]);
    assert!(office.registry.release_attributes(request).await.is_ok(), "a refusal uses up no id");
}

async fn a_release_gives_what_was_asked_and_is_in_the_persons_log(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.consent(account, "portal", &["given_name", "family_name", "date_of_birth"]).await;
    let request = ask("1", account, "portal", &["given_name", "date_of_birth"]);
    let released = office.registry.release_attributes(request).await.unwrap().into_inner();
    let [given] = &released.attributes[..] else { unreachable!("one is there") };
    assert_eq!(
        (given.name.as_str(), given.value.as_str(), given.level),
        ("given_name", "Erika", 4)
    );
    let mut person = office.person(account);
    let log = person.list_disclosures(ListDisclosuresRequest::default()).await.unwrap();
    let [line] = &log.into_inner().disclosures[..] else { unreachable!("one line") };
    assert_eq!(line.attributes, ["given_name"], "what was received, not what was asked");
    assert_eq!((line.client_id.as_str(), line.client_name.as_str()), ("portal", "Bürgerportal"));
    assert_eq!((line.purpose.as_str(), line.level), ("Antrag", 3));
}

async fn a_consent_is_for_its_client_its_attributes_and_its_purpose(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.consent(account, "portal", &["given_name"]).await;
    let other_client = ask("1", account, "other", &["given_name"]);
    let more = ask("2", account, "portal", &["given_name", "family_name"]);
    let mut other_purpose = ask("3", account, "portal", &["given_name"]);
    other_purpose.purpose = "Werbung".into();
    for request in [other_client, more, other_purpose] {
        let status = office.registry.release_attributes(request).await.unwrap_err();
        assert_eq!(refused(&status), "CONSENT_REQUIRED");
    }
}

async fn an_attribute_of_unknown_level_is_not_released(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let unknown = Attribute { level: 0, ..from_card("city", "Köln") };
    let request = RecordIdentificationRequest {
        request_id: "card".into(),
        account_id: account.to_string(),
        attributes: vec![unknown],
    };
    office.registry.record_identification(request).await.unwrap();
    office.consent(account, "portal", &["city", "given_name"]).await;
    let request = ask("1", account, "portal", &["city", "given_name"]);
    let released = office.registry.release_attributes(request).await.unwrap().into_inner();
    assert_eq!(names(&released.attributes), ["given_name"]);
}

async fn the_same_release_twice_is_one_line_in_the_log_and_one_answer(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.consent(account, "portal", &["given_name"]).await;
    let request = ask("1", account, "portal", &["given_name"]);
    let first = office.registry.release_attributes(request.clone()).await.unwrap().into_inner();
    office.card(account, &[("given_name", "Erika Maria")]).await;
    let again = office.registry.release_attributes(request).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(office.count("SELECT COUNT(*) FROM disclosures").await, 1);
}

async fn a_withdrawn_consent_releases_nothing(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let consent_id = office.consent(account, "portal", &["given_name"]).await;
    let mut person = office.person(account);
    let withdraw = WithdrawConsentRequest { request_id: "1".into(), consent_id };
    person.withdraw_consent(withdraw.clone()).await.unwrap();
    person.withdraw_consent(withdraw).await.unwrap();
    let left = person.list_consents(ListConsentsRequest {}).await.unwrap().into_inner();
    assert!(left.consents.is_empty());
    let request = ask("1", account, "portal", &["given_name"]);
    let status = office.registry.release_attributes(request).await.unwrap_err();
    assert_eq!(refused(&status), "CONSENT_REQUIRED");
}

async fn a_newer_consent_takes_the_older_one_in_and_withdrawing_either_ends_both(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let older = office.consent(account, "portal", &["given_name"]).await;
    office.consent(account, "portal", &["family_name"]).await;
    let mut person = office.person(account);
    let standing = person.list_consents(ListConsentsRequest {}).await.unwrap().into_inner();
    let [one] = &standing.consents[..] else { unreachable!("one consent per purpose") };
    assert_eq!(one.attributes, ["family_name", "given_name"]);
    let withdraw = WithdrawConsentRequest { request_id: "1".into(), consent_id: older };
    person.withdraw_consent(withdraw).await.unwrap();
    let left = person.list_consents(ListConsentsRequest {}).await.unwrap().into_inner();
    assert!(left.consents.is_empty(), "the page may have been an old one");
}

async fn what_is_declined_later_is_released_no_more(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.consent(account, "portal", &["given_name", "family_name"]).await;
    office.choose(account, "portal", &["given_name"], &["family_name"]).await;
    let both = ask("1", account, "portal", &["given_name", "family_name"]);
    let status = office.registry.release_attributes(both).await.unwrap_err();
    assert_eq!(refused(&status), "CONSENT_REQUIRED");
    let allowed = ask("2", account, "portal", &["given_name"]);
    assert!(office.registry.release_attributes(allowed).await.is_ok());
    assert_eq!(office.choose(account, "portal", &[], &["given_name"]).await, "");
    let mut person = office.person(account);
    let left = person.list_consents(ListConsentsRequest {}).await.unwrap().into_inner();
    assert!(left.consents.is_empty(), "nothing is left to withdraw");
}

async fn a_consent_of_somebody_else_cannot_be_withdrawn(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let consent_id = office.consent(account, "portal", &["given_name"]).await;
    let max = office.account("max@example.org").await;
    for consent_id in [consent_id, "nonsense".to_owned()] {
        let withdraw = WithdrawConsentRequest { request_id: "1".into(), consent_id };
        let status = office.person(max).withdraw_consent(withdraw).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(refused(&status), "CONSENT_UNKNOWN");
    }
    let mut person = office.person(account);
    let standing = person.list_consents(ListConsentsRequest {}).await.unwrap().into_inner();
    assert_eq!(standing.consents.len(), 1);
}

async fn the_preview_shows_the_values_and_whether_they_are_covered(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    let preview = |purpose: &str| PreviewReleaseRequest {
        account_id: account.to_string(),
        client_id: "portal".into(),
        attributes: vec!["given_name".into(), "city".into()],
        purpose: purpose.into(),
    };
    let before = office.registry.preview_release(preview("Antrag")).await.unwrap().into_inner();
    assert_eq!((names(&before.attributes), before.consented), (vec!["given_name"], false));
    office.consent(account, "portal", &["given_name", "city"]).await;
    for (purpose, covered) in [("Antrag", true), ("", true), ("Werbung", false)] {
        let after = office.registry.preview_release(preview(purpose)).await.unwrap().into_inner();
        assert_eq!(after.consented, covered, "purpose {purpose:?}");
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM disclosures").await, 0, "nothing was released");
}

async fn the_log_is_read_in_pages_newest_first(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    for n in 1..=5 {
        let client = format!("client-{n}");
        office.consent(account, &client, &["given_name"]).await;
        let request = ask(&format!("r-{n}"), account, &client, &["given_name"]);
        office.registry.release_attributes(request).await.unwrap();
    }
    let mut person = office.person(account);
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    for pages in 1.. {
        let request = ListDisclosuresRequest { page_size: 2, page_token };
        let page = person.list_disclosures(request).await.unwrap().into_inner();
        seen.extend(page.disclosures.into_iter().map(|d| d.client_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            assert_eq!(pages, 3);
            break;
        }
    }
    assert_eq!(seen, ["client-5", "client-4", "client-3", "client-2", "client-1"]);
    let bad = ListDisclosuresRequest { page_size: 0, page_token: "nonsense".into() };
    assert_eq!(refused(&person.list_disclosures(bad).await.unwrap_err()), "INVALID_FIELD");
}

async fn a_stored_answer_does_not_show_the_values(db: Db) {
    let mut office = Office::open(db).await;
    let account = erika(&mut office).await;
    office.consent(account, "portal", &["given_name"]).await;
    let request = ask("1", account, "portal", &["given_name"]);
    office.registry.release_attributes(request).await.unwrap();
    let shown = match office.db {
        Db::Sqlite { .. } => {
            "SELECT COUNT(*) FROM requests WHERE CAST(response AS TEXT) LIKE '%Erika%'"
        }
        Db::Postgres(_) => {
            "SELECT COUNT(*) FROM requests WHERE encode(response, 'escape') LIKE '%Erika%'"
        }
    };
    assert_eq!(office.count(shown).await, 0);
}
