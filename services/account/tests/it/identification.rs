use siegel_db::Db;
use siegel_proto::account::v1::{
    Attribute, GetAccountRequest, ListAttributesRequest, RecordIdentificationRequest,
    SetAttributeRequest,
};
use siegel_proto::common::v1::AttributeSource;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES, from_card, reason};

on_each_backend! { super::TABLES =>
    a_card_raises_the_level_and_names_the_person,
    the_card_wins_over_what_was_typed_in,
    a_card_that_says_more_adds_to_what_the_last_one_said,
    a_lower_identification_does_not_lower_the_proven_level,
    an_identification_that_identifies_nothing_is_refused_whole,
    another_provider_cannot_change_the_address,
    a_newly_confirmed_address_replaces_the_old_one_and_reaches_notification,
}

async fn values(office: &Office, account: siegel_kernel::AccountId) -> Vec<(String, String, i32)> {
    let listed = office.person(account).list_attributes(ListAttributesRequest {}).await.unwrap();
    let attributes = listed.into_inner().attributes;
    attributes.into_iter().map(|a| (a.name, a.value, a.level)).collect()
}

fn owned(name: &str, value: &str, level: i32) -> (String, String, i32) {
    (name.into(), value.into(), level)
}

async fn a_card_raises_the_level_and_names_the_person(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.card(account, &[("given_name", "Erika"), ("family_name", "Mustermann")]).await;
    let found = office.person(account).get_account(GetAccountRequest {}).await.unwrap();
    let found = found.into_inner();
    assert_eq!((found.proven_level, found.display_name.as_str()), (4, "Erika Mustermann"));
}

async fn the_card_wins_over_what_was_typed_in(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut person = office.person(account);
    let typed = SetAttributeRequest {
        request_id: "1".into(),
        name: "given_name".into(),
        value: "Eri".into(),
        not_applicable: false,
    };
    person.set_attribute(typed).await.unwrap();
    office.card(account, &[("given_name", "Erika")]).await;
    assert!(values(&office, account).await.contains(&owned("given_name", "Erika", 4)));
}

async fn a_card_that_says_more_adds_to_what_the_last_one_said(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.card(account, &[("family_name", "Gabler"), ("city", "Köln")]).await;
    office.card(account, &[("family_name", "Gabler"), ("title", "Dr.")]).await;
    let now = values(&office, account).await;
    assert!(now.contains(&owned("title", "Dr.", 4)));
    assert!(now.contains(&owned("city", "Köln", 4)), "what was not read again still stands");
}

async fn a_lower_identification_does_not_lower_the_proven_level(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.card(account, &[("given_name", "Erika")]).await;
    let upstream = Attribute {
        name: "telephone".into(),
        value: "+49 385 5450".into(),
        source: AttributeSource::Upstream.into(),
        level: 2,
        ..Attribute::default()
    };
    let request = RecordIdentificationRequest {
        request_id: "low".into(),
        account_id: account.to_string(),
        attributes: vec![upstream],
    };
    office.registry.record_identification(request).await.unwrap();
    let found = office.person(account).get_account(GetAccountRequest {}).await.unwrap();
    assert_eq!(found.into_inner().proven_level, 4);
}

async fn an_identification_that_identifies_nothing_is_refused_whole(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let declared = Attribute {
        source: AttributeSource::SelfDeclared.into(),
        ..from_card("given_name", "Eri")
    };
    let bad = [declared, from_card("shoe_size", "39"), from_card("country", "Deutschland")];
    for second in bad {
        let request = RecordIdentificationRequest {
            request_id: "1".into(),
            account_id: account.to_string(),
            attributes: vec![from_card("city", "Köln"), second],
        };
        let status = office.registry.record_identification(request).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(values(&office, account).await.len(), 1, "nothing was stored");
}

async fn another_provider_cannot_change_the_address(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let request = RecordIdentificationRequest {
        request_id: "1".into(),
        account_id: account.to_string(),
        attributes: vec![from_card("email", "other@example.org")],
    };
    let status = office.registry.record_identification(request).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
}

async fn a_newly_confirmed_address_replaces_the_old_one_and_reaches_notification(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.contacts.wait_for(1).await;
    let confirmed = Attribute {
        source: AttributeSource::Confirmed.into(),
        level: 1,
        ..from_card("email", "neu@example.org")
    };
    let request = RecordIdentificationRequest {
        request_id: "1".into(),
        account_id: account.to_string(),
        attributes: vec![confirmed],
    };
    office.registry.record_identification(request).await.unwrap();
    assert_eq!(values(&office, account).await, [owned("email", "neu@example.org", 1)]);
    let told = office.contacts.wait_for(2).await;
    let addresses: Vec<&str> = told.iter().map(|c| &c.email[..]).collect();
    assert_eq!(addresses, ["erika@example.org", "neu@example.org"]);
    assert_ne!(told.first().unwrap().request_id, told.last().unwrap().request_id);
}
