//! Certificates of people as a source: beside each other, and beside a card.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _, Timestamp};
use siegel_proto::account::v1::Attribute;
use siegel_proto::common::v1::AttributeSource;
use siegel_proto::convert;
use siegel_testkit::on_each_backend;

use crate::office::{Office, TABLES};
use crate::sources::{all, one, said, say};

on_each_backend! { super::TABLES =>
    a_certificate_is_a_source,
    a_certificate_that_ends_sooner_takes_nothing_from_one_that_says_the_same,
    a_certificate_with_another_name_replaces_that_of_its_issuer_with_its_own_end,
    a_card_stays_in_effect_beside_a_certificate_that_says_something_else,
}

const DAY: Duration = Duration::from_hours(24);

/// A certificate with this surname, good for some days from now; answers its end.
async fn shows(office: &mut Office, account: AccountId, name: &str, days: u32) -> Timestamp {
    let end = office.clock.now().plus(DAY * days);
    let said = said(AttributeSource::Certificate, "CN=D-Trust", "family_name", name, 3);
    let said = Attribute { valid_until: Some(convert::timestamp(end)), ..said };
    say(office, account, vec![said]).await;
    end
}

async fn a_certificate_is_a_source(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let name = said(AttributeSource::Certificate, "CN=D-Trust", "family_name", "Muster", 3);
    say(&mut office, account, vec![name]).await;
    let name = one(&office, account, "family_name").await.unwrap();
    assert_eq!(
        (name.source(), name.source_detail.as_str()),
        (AttributeSource::Certificate, "CN=D-Trust")
    );
}

async fn a_certificate_that_ends_sooner_takes_nothing_from_one_that_says_the_same(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let first = shows(&mut office, account, "Muster", 20).await;
    shows(&mut office, account, "Muster", 10).await;
    let ends = |name: &Attribute| name.valid_until;
    let name = one(&office, account, "family_name").await.unwrap();
    assert_eq!(ends(&name), Some(convert::timestamp(first)), "the first still says so");
    office.clock.advance(DAY * 15);
    assert!(!one(&office, account, "family_name").await.unwrap().expired);
    let renewed = shows(&mut office, account, "Muster", 30).await;
    let name = one(&office, account, "family_name").await.unwrap();
    assert_eq!(ends(&name), Some(convert::timestamp(renewed)));
    office.clock.advance(DAY * 30);
    assert!(one(&office, account, "family_name").await.unwrap().expired);
}

async fn a_certificate_with_another_name_replaces_that_of_its_issuer_with_its_own_end(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    shows(&mut office, account, "Muster", 20).await;
    let end = shows(&mut office, account, "Gabler", 10).await;
    let name = one(&office, account, "family_name").await.unwrap();
    assert_eq!((name.value.as_str(), name.valid_until), ("Gabler", Some(convert::timestamp(end))));
}

async fn a_card_stays_in_effect_beside_a_certificate_that_says_something_else(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.card(account, &[("family_name", "Gabler")]).await;
    shows(&mut office, account, "Muster", 10).await;
    let names: Vec<_> = all(&office, account).await;
    let names: Vec<_> = names.into_iter().filter(|a| a.name == "family_name").collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let name = &names[0];
    assert_eq!((name.value.as_str(), name.source()), ("Gabler", AttributeSource::Eid));
}
