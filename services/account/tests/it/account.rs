//! What a person does with its own attributes.

use siegel_db::Db;
use siegel_proto::account::v1::{
    Attribute, AttributeName, ListAttributesRequest, SetAttributeRequest,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_person_writes_changes_and_removes_what_it_says_about_itself,
    a_verified_attribute_is_not_editable_and_the_refusal_is_audited,
    the_address_is_not_edited_by_hand,
    values_that_are_no_such_attribute_are_refused_and_not_repeated,
    the_same_request_writes_once_and_answers_the_same,
    the_same_request_id_with_another_value_is_refused,
    one_person_never_sees_the_attributes_of_another,
    earlier_values_stay_as_history,
}

fn set(id: &str, name: &str, value: &str) -> SetAttributeRequest {
    SetAttributeRequest {
        request_id: id.into(),
        name: name.into(),
        value: value.into(),
        not_applicable: false,
    }
}

async fn a_person_writes_changes_and_removes_what_it_says_about_itself(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    let first = person.set_attribute(set("1", "city", "Schwerin")).await.unwrap().into_inner();
    let first = first.attribute.unwrap();
    assert_eq!((first.value.as_str(), first.level), ("Schwerin", 1));
    assert_eq!(first.source(), AttributeSource::SelfDeclared);
    person.set_attribute(set("2", "city", "Wismar")).await.unwrap();
    let listed = person.list_attributes(ListAttributesRequest {}).await.unwrap().into_inner();
    let typed: Vec<_> = listed.attributes.iter().map(Attribute::attribute).collect();
    assert_eq!(typed, [AttributeName::City, AttributeName::Email], "for programs, as a number");
    let shown: Vec<_> = listed.attributes.iter().map(|a| (&a.name[..], &a.value[..])).collect();
    assert_eq!(shown, [("city", "Wismar"), ("email", "erika@example.org")]);
    let gone = person.set_attribute(set("3", "city", "")).await.unwrap().into_inner();
    assert_eq!(gone.attribute, None);
    let listed = person.list_attributes(ListAttributesRequest {}).await.unwrap().into_inner();
    assert_eq!(listed.attributes.len(), 1);
}

async fn a_verified_attribute_is_not_editable_and_the_refusal_is_audited(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.card(account, &[("given_name", "Erika")]).await;
    let mut person = office.person(account);
    for value in ["Eri", ""] {
        let status = person.set_attribute(set("1", "given_name", value)).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(reason(&status).as_deref(), Some("ATTRIBUTE_VERIFIED"));
    }
    let refusal = ("account.attribute.set".to_owned(), "ATTRIBUTE_VERIFIED".to_owned());
    assert!(office.audit().await.contains(&refusal));
    let actor = "SELECT COUNT(*) FROM audit WHERE actor LIKE 'person:aud_%'";
    assert_eq!(office.count(actor).await, 2);
}

async fn the_address_is_not_edited_by_hand(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    let status = person.set_attribute(set("1", "email", "a@example.org")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTRIBUTE_VERIFIED"));
    let status = person.set_attribute(set("2", "document_type", "ID")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ATTRIBUTE_NOT_DECLARABLE"));
}

async fn values_that_are_no_such_attribute_are_refused_and_not_repeated(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    let long = "x".repeat(256);
    let bad =
        [("shoe_size", "39"), ("date_of_birth", "12.8.1964"), ("city", &long), ("city", "a\nb")];
    for (name, value) in bad {
        let status = person.set_attribute(set("1", name, value)).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{name}");
        assert!(!status.message().contains(value));
    }
    let status = person.set_attribute(set("", "city", "Kiel")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "a request id is needed");
}

async fn the_same_request_writes_once_and_answers_the_same(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    let first = person.set_attribute(set("1", "city", "Kiel")).await.unwrap().into_inner();
    person.set_attribute(set("2", "city", "Bonn")).await.unwrap();
    let again = person.set_attribute(set("1", "city", "Kiel")).await.unwrap().into_inner();
    assert_eq!(first, again);
    let listed = person.list_attributes(ListAttributesRequest {}).await.unwrap().into_inner();
    assert!(listed.attributes.iter().any(|a| a.value == "Bonn"), "the repetition wrote nothing");
}

async fn the_same_request_id_with_another_value_is_refused(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    person.set_attribute(set("1", "city", "Kiel")).await.unwrap();
    let status = person.set_attribute(set("1", "city", "Bonn")).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn one_person_never_sees_the_attributes_of_another(db: Db) {
    let mut office = Office::open(db).await;
    let erika = office.account("erika@example.org").await;
    let max = office.account("max@example.org").await;
    office.card(erika, &[("given_name", "Erika")]).await;
    let mut person = office.person(max);
    let listed = person.list_attributes(ListAttributesRequest {}).await.unwrap().into_inner();
    let values: Vec<&str> = listed.attributes.iter().map(|a| &a.value[..]).collect();
    assert_eq!(values, ["max@example.org"]);
}

async fn earlier_values_stay_as_history(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    person.set_attribute(set("1", "city", "Kiel")).await.unwrap();
    person.set_attribute(set("2", "city", "Bonn")).await.unwrap();
    let all = "SELECT COUNT(*) FROM attributes WHERE name = 'city'";
    let current = "SELECT COUNT(*) FROM attributes WHERE name = 'city' \
        AND superseded_at_us IS NULL";
    assert_eq!((office.count(all).await, office.count(current).await), (2, 1));
}
