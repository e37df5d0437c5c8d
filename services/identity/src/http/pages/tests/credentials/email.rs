use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::notification::v1::CodePurpose;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, House, Page};
use super::{ERIKA, with_app};
use crate::store::accounts;

on_each_backend! { &crate::MIGRATIONS =>
    both_mailboxes_confirm_a_new_address_and_the_account_learns_it,
    an_address_that_was_given_up_is_remembered_until_somebody_takes_it,
    one_code_alone_changes_nothing,
    an_address_of_another_account_cannot_be_taken,
    the_address_is_protected_like_the_second_factor,
    an_account_without_an_address_confirms_its_first_by_one_code,
}

const NEW: &str = "erika.neu@example.org";
const PAGE: &str = "/login/credentials/email";

async fn orders(house: &House, browser: &mut Browser<'_>, email: &str) -> Page {
    browser.get(PAGE).await;
    let page = browser.post(PAGE, &[("email", email)]).await;
    house.delivers().await;
    page
}

async fn confirms(browser: &mut Browser<'_>, new: &str, old: &str) -> Page {
    browser.get(&format!("{PAGE}/confirm")).await;
    let fields = [("new_code", new), ("old_code", old)];
    browser.post(&format!("{PAGE}/confirm"), &fields).await
}

fn code(house: &House, email: &str) -> String {
    house.mails_to(email).last().unwrap().code.clone()
}

async fn both_mailboxes_confirm_a_new_address_and_the_account_learns_it(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let page = orders(&house, &mut owner, NEW).await;
    assert_eq!(page.location, format!("{PAGE}/confirm"), "{}", page.body);
    let old = house.mails_to(ERIKA).pop().unwrap();
    assert_eq!(old.purpose(), CodePurpose::EmailChangeOld);
    assert_eq!(house.mails_to(NEW).pop().unwrap().purpose(), CodePurpose::EmailChangeNew);
    let done = confirms(&mut owner, &code(&house, NEW), &old.code).await;
    assert_eq!(done.location, "/login/credentials?done=email", "{}", done.body);
    house.delivers().await;
    let told = house.siblings.emails.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].email, NEW);
    let id = house.asks(TrustLevel::Basic).await;
    let mut next = house.browser();
    assert_eq!(next.logs_in(id, ERIKA).await.status.as_u16(), 422, "the old one is free");
    assert_eq!(next.logs_in(id, NEW).await.status.as_u16(), 303);
}

async fn an_address_that_was_given_up_is_remembered_until_somebody_takes_it(db: Db) {
    const SQL: &str = "SELECT COUNT(*) FROM freed_addresses";
    let house = House::on(db);
    let given_up = async || -> i64 {
        let mut tx = house.state.outside.db.read().await.unwrap();
        siegel_db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await.unwrap())
    };
    let mut owner = house.has_account(ERIKA).await;
    orders(&house, &mut owner, NEW).await;
    assert_eq!(given_up().await, 0);
    confirms(&mut owner, &code(&house, NEW), &code(&house, ERIKA)).await;
    assert_eq!(given_up().await, 1);
    house.has_account(ERIKA).await;
    assert_eq!(given_up().await, 0);
}

async fn one_code_alone_changes_nothing(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    orders(&house, &mut owner, NEW).await;
    let (new, old) = (code(&house, NEW), code(&house, ERIKA));
    for (a, b) in [(new.as_str(), ""), ("", old.as_str()), (&old, &new), (&new, &new)] {
        let page = confirms(&mut owner, a, b).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    confirms(&mut owner, "", "").await;
    let spent = confirms(&mut owner, &new, &old).await;
    assert_eq!(spent.status, StatusCode::GONE, "five tries");
    assert!(house.siblings.emails.lock().unwrap().is_empty());
}

async fn an_address_of_another_account_cannot_be_taken(db: Db) {
    let house = House::on(db);
    house.has_account(NEW).await;
    let mut owner = house.has_account(ERIKA).await;
    let page = orders(&house, &mut owner, NEW).await;
    assert_eq!(page.location, format!("{PAGE}/confirm"), "it looks the same");
    let told = house.mails_to(NEW).pop().unwrap();
    assert_eq!((told.purpose(), told.code.as_str()), (CodePurpose::AlreadyRegistered, ""));
    let old = code(&house, ERIKA);
    assert_eq!(confirms(&mut owner, "000000", &old).await.status.as_u16(), 422);
}

async fn the_address_is_protected_like_the_second_factor(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    orders(&house, &mut owner, NEW).await;
    let (new, old) = (code(&house, NEW), code(&house, ERIKA));
    with_app(&house, &mut owner).await;
    let page = owner.get(PAGE).await;
    assert!(page.location.starts_with("/login/int_"), "{}", page.location);
    owner.get("/login/credentials").await;
    let fields = [("new_code", new.as_str()), ("old_code", old.as_str())];
    let page = owner.post(&format!("{PAGE}/confirm"), &fields).await;
    assert!(page.location.starts_with("/login/int_"), "{}", page.location);
    assert!(house.siblings.emails.lock().unwrap().is_empty());
}

/// As an account that came from another provider.
async fn loses_its_address(house: &House, browser: &Browser<'_>) {
    let (_, account, _) = house.session_of(browser).await.unwrap();
    let none = house.state.people.keys.no_address_hash(account);
    let mut tx = house.state.outside.db.begin().await.unwrap();
    assert!(accounts::change_address(&mut tx, account, &none, b"").await.unwrap());
    tx.commit().await.unwrap();
}

async fn an_account_without_an_address_confirms_its_first_by_one_code(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    loses_its_address(&house, &owner).await;
    let other = house.asks_with(|r| r.sector = "finanzamt".into()).await;
    let page = owner.get(&format!("/login/{other}")).await;
    assert!(!page.body.contains("Sie sind angemeldet als"), "{}", page.body);
    let mailed = house.siblings.mails.lock().unwrap().len();
    let page = orders(&house, &mut owner, NEW).await;
    assert_eq!(page.location, format!("{PAGE}/confirm"), "{}", page.body);
    assert_eq!(house.siblings.mails.lock().unwrap().len(), mailed + 1, "to the new one alone");
    let form = owner.get(&format!("{PAGE}/confirm")).await;
    assert!(form.body.contains("name=\"new_code\"") && !form.body.contains("name=\"old_code\""));
    let wrong = confirms(&mut owner, "", "").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = confirms(&mut owner, &code(&house, NEW), "").await;
    assert_eq!(done.location, "/login/credentials?done=email", "{}", done.body);
    house.delivers().await;
    assert_eq!(house.siblings.emails.lock().unwrap()[0].email, NEW);
}
