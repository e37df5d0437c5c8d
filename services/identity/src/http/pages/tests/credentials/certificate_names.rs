//! What a certificate says of its holder: the account service hears it, and nobody guesses.

use rcgen::{CertificateParams, DnType, DnValue, KeyPair};
use siegel_db::Db;
use siegel_grpc::ClientCertificate;
use siegel_proto::account::v1::{Attribute, RecordIdentificationRequest};
use siegel_proto::common::v1::{AttributeSource, TrustLevel};
use siegel_testkit::on_each_backend;

use super::super::house::House;
use super::super::remains::{everything, stands};
use super::ERIKA;
use super::certificate::{certificate, with_certificate};

on_each_backend! { &crate::MIGRATIONS =>
    what_a_certificate_says_of_its_holder_is_the_accounts_until_it_runs_out,
    a_common_name_says_nothing_of_anybody,
    a_certificate_of_another_account_says_nothing_of_this_one,
    without_the_account_service_no_certificate_is_added,
}

/// A person's certificate until the end of 2031.
fn of_erika() -> ClientCertificate {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.not_after = rcgen::date_time_ymd(2031, 12, 31);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Erika M.");
    for (oid, value) in [([2, 5, 4, 42], "Erika"), ([2, 5, 4, 4], "Unverwechselbar")] {
        let kind = DnType::CustomDnType(oid.to_vec());
        params.distinguished_name.push(kind, DnValue::Utf8String(value.to_owned()));
    }
    let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    ClientCertificate::new(made.der(), true)
}

fn recorded(house: &House) -> Vec<RecordIdentificationRequest> {
    house.siblings.recorded.lock().unwrap().clone()
}

async fn what_a_certificate_says_of_its_holder_is_the_accounts_until_it_runs_out(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let done = with_certificate(&mut owner, &of_erika()).await;
    assert_eq!(done.location, "/login/credentials?done=added", "{}", done.body);
    let told = recorded(&house);
    let [told] = told.as_slice() else { panic!("{told:?}") };
    let pair = |a: &Attribute| (a.name.clone(), a.value.clone());
    let pairs: Vec<_> = told.attributes.iter().map(pair).collect();
    let expected = [("given_name", "Erika"), ("family_name", "Unverwechselbar")];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for one in &told.attributes {
        assert_eq!(one.source(), AttributeSource::Certificate);
        assert_eq!(one.level(), TrustLevel::Substantial);
        assert!(one.source_detail.contains("Erika M."), "it signed itself: {one:?}");
        let until = siegel_kernel::Timestamp::parse_rfc3339("2031-12-31T00:00:00Z").unwrap();
        assert_eq!(one.valid_until, Some(siegel_proto::convert::timestamp(until)));
    }
    assert!(!stands(&everything(&house).await, "Unverwechselbar"), "it is kept elsewhere");
}

async fn a_common_name_says_nothing_of_anybody(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let done = with_certificate(&mut owner, &certificate("Erika Mustermann", true)).await;
    assert_eq!(done.location, "/login/credentials?done=added", "{}", done.body);
    assert_eq!(recorded(&house), []);
}

async fn a_certificate_of_another_account_says_nothing_of_this_one(db: Db) {
    let house = House::on(db).with_listener();
    let shown = of_erika();
    with_certificate(&mut house.has_account(ERIKA).await, &shown).await;
    let page = with_certificate(&mut house.has_account("max@example.org").await, &shown).await;
    assert_eq!(page.status, http::StatusCode::CONFLICT, "{}", page.location);
    assert_eq!(recorded(&house).len(), 1, "its owner's");
}

async fn without_the_account_service_no_certificate_is_added(db: Db) {
    let house = House::on(db).with_listener();
    let mut owner = house.has_account(ERIKA).await;
    let shown = of_erika();
    *house.siblings.account_is_down.lock().unwrap() = true;
    let page = with_certificate(&mut owner, &shown).await;
    assert_eq!(page.status, http::StatusCode::SERVICE_UNAVAILABLE, "{}", page.location);
    *house.siblings.account_is_down.lock().unwrap() = false;
    let done = with_certificate(&mut owner, &shown).await;
    assert_eq!(done.location, "/login/credentials?done=added", "it was not taken before");
    assert_eq!(recorded(&house).len(), 1);
}
