//! Where values come from, until when they hold, and what does not apply.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _};
use siegel_proto::account::v1::{
    Attribute, ListAttributesRequest, RecordIdentificationRequest, ReleaseAttributesRequest,
    SetAttributeRequest,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, reason};

on_each_backend! { super::TABLES =>
    a_value_names_its_source_and_which_one_of_its_kind,
    what_two_providers_say_stands_side_by_side,
    a_value_past_its_end_is_shown_as_expired_and_not_released,
    what_does_not_apply_is_released_as_such_and_never_as_empty_text,
    only_what_may_not_apply_can_be_said_not_to,
    street_and_house_number_of_a_provider_make_the_line_and_a_line_makes_nothing,
}

pub async fn say(office: &mut Office, account: AccountId, attributes: Vec<Attribute>) {
    let request = RecordIdentificationRequest {
        request_id: office.fresh(),
        account_id: account.to_string(),
        attributes,
    };
    office.registry.record_identification(request).await.unwrap();
}

pub fn said(source: AttributeSource, by: &str, name: &str, value: &str, level: i32) -> Attribute {
    Attribute {
        name: name.into(),
        value: value.into(),
        source: source.into(),
        source_detail: by.into(),
        level,
        ..Attribute::default()
    }
}

pub async fn all(office: &Office, account: AccountId) -> Vec<Attribute> {
    let listed = office.person(account).list_attributes(ListAttributesRequest {}).await.unwrap();
    listed.into_inner().attributes
}

pub async fn one(office: &Office, account: AccountId, name: &str) -> Option<Attribute> {
    all(office, account).await.into_iter().find(|a| a.name == name)
}

async fn released(office: &mut Office, account: AccountId, names: &[&str]) -> Vec<Attribute> {
    office.consent(account, "portal", names).await;
    let request = ReleaseAttributesRequest {
        request_id: office.fresh(),
        account_id: account.to_string(),
        client_id: "portal".into(),
        client_name: "Bürgerportal".into(),
        attributes: names.iter().map(|n| (*n).to_owned()).collect(),
        purpose: "Antrag".into(),
        session_level: 3,
    };
    office.registry.release_attributes(request).await.unwrap().into_inner().attributes
}

async fn a_value_names_its_source_and_which_one_of_its_kind(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let city = said(AttributeSource::Upstream, "landeskonto", "city", "Köln", 3);
    say(&mut office, account, vec![city]).await;
    let city = one(&office, account, "city").await.unwrap();
    assert_eq!(
        (city.source(), city.source_detail.as_str()),
        (AttributeSource::Upstream, "landeskonto")
    );
    assert!(city.verified_at.is_some());
    let city = released(&mut office, account, &["city"]).await.remove(0);
    assert_eq!(city.source_detail, "landeskonto");
}

async fn what_two_providers_say_stands_side_by_side(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let sparkasse = said(AttributeSource::Upstream, "sparkasse", "city", "Bonn", 2);
    let land = said(AttributeSource::Upstream, "landeskonto", "city", "Köln", 3);
    say(&mut office, account, vec![land]).await;
    say(&mut office, account, vec![sparkasse]).await;
    assert_eq!(one(&office, account, "city").await.unwrap().value, "Köln", "the surer one counts");
    let current = "SELECT COUNT(*) FROM attributes WHERE name = 'city' \
        AND superseded_at_us IS NULL";
    assert_eq!(office.count(current).await, 2);
    let moved = said(AttributeSource::Upstream, "landeskonto", "city", "Kiel", 3);
    say(&mut office, account, vec![moved]).await;
    assert_eq!(one(&office, account, "city").await.unwrap().value, "Kiel");
    assert_eq!(office.count(current).await, 2, "each provider replaces its own");
}

async fn a_value_past_its_end_is_shown_as_expired_and_not_released(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let end = office.clock.now().plus(Duration::from_hours(1));
    let city = Attribute {
        valid_until: Some(convert::timestamp(end)),
        ..said(AttributeSource::Operator, "", "city", "Köln", 3)
    };
    say(&mut office, account, vec![city]).await;
    assert!(!one(&office, account, "city").await.unwrap().expired);
    assert_eq!(released(&mut office, account, &["city"]).await.len(), 1);
    office.clock.advance(Duration::from_hours(1));
    let shown = one(&office, account, "city").await.unwrap();
    assert_eq!((shown.value.as_str(), shown.expired), ("Köln", true));
    assert!(released(&mut office, account, &["city"]).await.is_empty());
    let own = SetAttributeRequest {
        request_id: office.fresh(),
        name: "city".into(),
        value: "Kiel".into(),
        not_applicable: false,
    };
    office.person(account).set_attribute(own).await.unwrap();
    assert_eq!(one(&office, account, "city").await.unwrap().value, "Kiel", "it binds no more");
}

async fn what_does_not_apply_is_released_as_such_and_never_as_empty_text(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let none = SetAttributeRequest {
        request_id: "none".into(),
        name: "birth_name".into(),
        value: String::new(),
        not_applicable: true,
    };
    for _ in 0..2 {
        let answer = office.person(account).set_attribute(none.clone()).await.unwrap().into_inner();
        assert!(answer.attribute.unwrap().not_applicable);
    }
    let released = released(&mut office, account, &["birth_name", "title"]).await;
    let [only] = &released[..] else { unreachable!("no title, and no empty one") };
    assert_eq!((only.name.as_str(), only.not_applicable, only.level), ("birth_name", true, 1));
}

async fn only_what_may_not_apply_can_be_said_not_to(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    for (name, value) in [("date_of_birth", ""), ("family_name", ""), ("birth_name", "Gabler")] {
        let request = SetAttributeRequest {
            request_id: office.fresh(),
            name: name.into(),
            value: value.into(),
            not_applicable: true,
        };
        let status = office.person(account).set_attribute(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"), "{name}");
    }
    let proven = Attribute {
        not_applicable: true,
        ..said(AttributeSource::Operator, "", "date_of_birth", "", 3)
    };
    let request = RecordIdentificationRequest {
        request_id: "1".into(),
        account_id: account.to_string(),
        attributes: vec![proven],
    };
    let status = office.registry.record_identification(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn street_and_house_number_of_a_provider_make_the_line_and_a_line_makes_nothing(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let by = |name: &str, value: &str| said(AttributeSource::Upstream, "land", name, value, 3);
    say(&mut office, account, vec![by("street", "Heidestraße"), by("house_number", "17 a")]).await;
    let line = released(&mut office, account, &["street_and_building"]).await.remove(0);
    assert_eq!((line.value.as_str(), line.source_detail.as_str()), ("Heidestraße 17 a", "land"));
    let other = office.account("max@example.org").await;
    office.card(other, &[("street_and_building", "Straße des 17. Juni 135")]).await;
    let names = ["street", "house_number", "street_and_building"];
    let released = released(&mut office, other, &names).await;
    let names: Vec<&str> = released.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["street_and_building"], "nobody guesses a house number");
}
