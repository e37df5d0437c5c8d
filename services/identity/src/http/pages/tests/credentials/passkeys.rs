use http::StatusCode;
use serde_json::Value;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, CALLBACK, House, Page};
use super::device::Device;
use super::{ERIKA, HOME, at_step_up, level, with_app};
use crate::domain::interaction::InteractionId;

on_each_backend! { &crate::MIGRATIONS =>
    a_passkey_logs_in_without_an_address_at_another_replica,
    a_passkey_raises_a_session_to_low,
    an_answer_from_another_origin_is_refused,
    an_answer_without_user_verification_is_refused,
    a_challenge_is_answered_once,
    the_challenge_of_another_log_in_does_not_count,
    a_cloned_passkey_is_refused,
    a_passkey_belongs_to_one_account,
    the_passkey_of_another_account_raises_nothing,
    a_removed_passkey_logs_nobody_in,
    a_passkey_is_not_added_below_what_the_account_protects,
    the_pages_work_without_the_script_up_to_the_ceremony,
}

const ORIGIN: &str = "http://localhost:8080";

/// What the page gives to the script.
fn options(page: &Page) -> Value {
    let (_, rest) = page.body.split_once("data-options=\"").expect("a page with a ceremony");
    let text = rest.split_once('"').unwrap().0;
    let text = text.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

/// Begins to add a passkey; the options of the ceremony.
pub(super) async fn begin_adding(browser: &mut Browser<'_>) -> Value {
    let page = browser.get("/login/credentials/passkey").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.location);
    let begun = browser.post("/login/credentials/passkey", &[("label", "Telefon")]).await;
    assert_eq!(begun.location, "/login/credentials/passkey/confirm");
    options(&browser.get(&begun.location).await)
}

pub(super) async fn finish_adding(browser: &mut Browser<'_>, answer: &str) -> Page {
    browser.post("/login/credentials/passkey/confirm", &[("credential", answer)]).await
}

/// Adds a passkey on the pages.
async fn with_passkey(browser: &mut Browser<'_>, device: &mut Device) {
    // Behind the password on the list.
    browser.later(1);
    let options = begin_adding(browser).await;
    let answer = device.makes(ORIGIN, &options).await.unwrap();
    let done = finish_adding(browser, &answer).await;
    assert_eq!(done.location, "/login/credentials?done=added", "{}", done.body);
}

/// Begins to use a passkey for a request; the options of the ceremony.
pub(super) async fn begin_using(browser: &mut Browser<'_>, id: InteractionId) -> Value {
    browser.get(&format!("/login/{id}")).await;
    let begun = browser.post(&format!("/login/{id}/passkey/start"), &[]).await;
    assert_eq!(begun.location, format!("/login/{id}/passkey"), "{}", begun.body);
    options(&browser.get(&begun.location).await)
}

pub(super) async fn finish_using(
    browser: &mut Browser<'_>,
    id: InteractionId,
    answer: &str,
) -> Page {
    browser.post(&format!("/login/{id}/passkey"), &[("credential", answer)]).await
}

async fn a_passkey_logs_in_without_an_address_at_another_replica(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::counting();
    with_passkey(&mut browser, &mut device).await;

    let id = house.asks(TrustLevel::Low).await;
    let mut other = house.browser();
    let options = begin_using(&mut other, id).await;
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["rpId"], "localhost");
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    let mut other = other.at(&replica);
    let page = finish_using(&mut other, id, &answer).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let mut other = other.at(&house);
    assert_eq!(level(&house, &other).await, Some(TrustLevel::Low));
    let done = other.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn a_passkey_raises_a_session_to_low(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::default();
    with_passkey(&mut browser, &mut device).await;
    let (mut other, id) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let offer = other.get(&format!("/login/{id}/step-up")).await;
    assert!(offer.body.contains("passkey/start"), "{}", offer.body);
    let begun = other.post(&format!("/login/{id}/passkey/start"), &[]).await;
    let options = options(&other.get(&begun.location).await);
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    let before = house.session_of(&other).await.unwrap().0;
    finish_using(&mut other, id, &answer).await;
    let (session, _, level) = house.session_of(&other).await.unwrap();
    assert_eq!((session, level), (before, TrustLevel::Low), "the same session");
}

async fn an_answer_from_another_origin_is_refused(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::default();
    let options = begin_adding(&mut browser).await;
    let other = device.clone().makes("http://localhost:9999", &options).await.unwrap();
    assert_eq!(finish_adding(&mut browser, &other).await.status.as_u16(), 422);
    with_passkey(&mut browser, &mut device).await;

    let id = house.asks(TrustLevel::Basic).await;
    let mut stranger = house.browser();
    let options = begin_using(&mut stranger, id).await;
    let answer = device.uses("http://localhost:9999", &options, true).await.unwrap();
    let page = finish_using(&mut stranger, id, &answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &stranger).await, None);
    assert!(house.audit().await.iter().any(|(_, why)| why == "PASSKEY_REFUSED"));
}

async fn an_answer_without_user_verification_is_refused(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::default();
    with_passkey(&mut browser, &mut device).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut stranger = house.browser();
    let options = begin_using(&mut stranger, id).await;
    let answer = device.uses(ORIGIN, &options, false).await.unwrap();
    let page = finish_using(&mut stranger, id, &answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &stranger).await, None);
}

async fn a_challenge_is_answered_once(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::default();
    with_passkey(&mut browser, &mut device).await;
    let id = house.asks(TrustLevel::High).await;
    let mut own = house.browser();
    let options = begin_using(&mut own, id).await;
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    let mut other = own.at(&replica);
    let (a, b) =
        tokio::join!(finish_using(&mut own, id, &answer), finish_using(&mut other, id, &answer));
    let mut statuses = [a.status, b.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::GONE]);
}

async fn the_challenge_of_another_log_in_does_not_count(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::default();
    with_passkey(&mut browser, &mut device).await;
    let (one, two) = (house.asks(TrustLevel::Basic).await, house.asks(TrustLevel::Basic).await);
    let mut victim = house.browser();
    let theirs = begin_using(&mut victim, one).await;
    let answer = device.uses(ORIGIN, &theirs, true).await.unwrap();
    let mut thief = house.browser();
    begin_using(&mut thief, two).await;
    let page = finish_using(&mut thief, two, &answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &thief).await, None);
}

async fn a_cloned_passkey_is_refused(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::counting();
    with_passkey(&mut browser, &mut device).await;
    let mut clone = device.clone();
    let log_in = async |device: &mut Device| {
        let id = house.asks(TrustLevel::Basic).await;
        let mut browser = house.browser();
        let options = begin_using(&mut browser, id).await;
        let answer = device.uses(ORIGIN, &options, true).await.unwrap();
        finish_using(&mut browser, id, &answer).await.status
    };
    assert_eq!(log_in(&mut device).await, StatusCode::SEE_OTHER);
    assert_eq!(log_in(&mut device).await, StatusCode::SEE_OTHER);
    assert_eq!(log_in(&mut clone).await, StatusCode::FORBIDDEN);
    assert!(house.audit().await.iter().any(|(_, why)| why == "PASSKEY_CLONED"));
    assert_eq!(log_in(&mut device).await, StatusCode::SEE_OTHER, "its owner goes on");
}

async fn a_passkey_belongs_to_one_account(db: Db) {
    let house = House::on(db);
    let mut erika = house.has_account(ERIKA).await;
    let options = begin_adding(&mut erika).await;
    let mut device = Device::default();
    let answer = device.makes(ORIGIN, &options).await.unwrap();
    finish_adding(&mut erika, &answer).await;
    let mut max = house.has_account("max@example.org").await;
    begin_adding(&mut max).await;
    let page = finish_adding(&mut max, &answer).await;
    assert_eq!(page.status.as_u16(), 422, "the answer to another challenge");
    let id = house.asks(TrustLevel::Low).await;
    let options = begin_using(&mut erika, id).await;
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    finish_using(&mut erika, id, &answer).await;
    let again = begin_adding(&mut erika).await;
    let known = again["excludeCredentials"].as_array().unwrap();
    assert_eq!(known.len(), 1, "the device is told what it has");
}

async fn the_passkey_of_another_account_raises_nothing(db: Db) {
    let house = House::on(db);
    let mut erika = house.has_account(ERIKA).await;
    let mut max = house.has_account("max@example.org").await;
    let (mut hers, mut his) = (Device::default(), Device::default());
    with_passkey(&mut erika, &mut hers).await;
    with_passkey(&mut max, &mut his).await;
    let (mut browser, id) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    let begun = browser.post(&format!("/login/{id}/passkey/start"), &[]).await;
    let options = options(&browser.get(&begun.location).await);
    let answer = his.uses(ORIGIN, &options, true).await.unwrap();
    let page = finish_using(&mut browser, id, &answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Basic));
}

async fn a_removed_passkey_logs_nobody_in(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let mut device = Device::default();
    with_passkey(&mut browser, &mut device).await;
    let id = house.asks(TrustLevel::Low).await;
    let options = begin_using(&mut browser, id).await;
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    finish_using(&mut browser, id, &answer).await;
    let passkey = super::listed(&mut browser).await.pop().unwrap();
    let removed = browser.post(&format!("{HOME}/{passkey}/remove"), &[]).await;
    assert_eq!(removed.location, "/login/credentials?done=removed", "{}", removed.body);

    let id = house.asks(TrustLevel::Basic).await;
    let mut stranger = house.browser();
    let options = begin_using(&mut stranger, id).await;
    let answer = device.uses(ORIGIN, &options, true).await.unwrap();
    let page = finish_using(&mut stranger, id, &answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

async fn a_passkey_is_not_added_below_what_the_account_protects(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let mut begun_before = house.browser();
    let id = house.asks(TrustLevel::Basic).await;
    begun_before.logs_in(id, ERIKA).await;
    let options = begin_adding(&mut begun_before).await;
    with_app(&house, &mut owner).await;
    let page = begun_before.get("/login/credentials/passkey").await;
    assert!(page.location.starts_with("/login/int_"), "to a step-up: {}", page.location);
    // Neither may an enrolment be finished that was begun before the account was worth more.
    let answer = Device::default().makes(ORIGIN, &options).await.unwrap();
    let page = finish_adding(&mut begun_before, &answer).await;
    assert!(page.location.starts_with("/login/int_"), "{}", page.location);
    assert_eq!(super::listed(&mut owner).await.len(), 2, "password and app");
}

async fn the_pages_work_without_the_script_up_to_the_ceremony(db: Db) {
    let house = House::on(db);
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("<div data-passkey-only hidden>"), "shown by the script only");
    assert!(page.body.contains("<script src=\"/login/passkey.js\" defer></script>"));
    let script = browser.get("/login/passkey.js").await;
    assert_eq!(script.headers.get("content-type").unwrap(), "text/javascript; charset=utf-8");
    let policy = page.headers.get("content-security-policy").unwrap().to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
}
