use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_SECURITY_POLICY, REFRESH};
use siegel_kernel::TrustLevel;

use super::house::{Browser, CALLBACK, House, PASSWORD};
use crate::domain::interaction::InteractionId;

/// Asks for an account; the page that follows.
async fn applies<'a>(house: &'a House, email: &str) -> (InteractionId, Browser<'a>) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/register")).await;
    let fields = [("email", email), ("password", PASSWORD)];
    browser.post(&format!("/login/{id}/register"), &fields).await;
    house.delivers().await;
    (id, browser)
}

#[tokio::test]
async fn a_person_registers_confirms_the_address_and_arrives_at_the_client() {
    let house = House::new().await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let first = browser.get(&format!("/login/{id}")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.body.contains("Bürgerportal &#60;Test&#62;"), "the client is named, escaped");

    let confirmed = browser.registers(id, "Erika@Example.org").await;
    assert_eq!(confirmed.status, StatusCode::SEE_OTHER);
    assert_eq!(confirmed.location, format!("/login/{id}"));

    let waiting = browser.get(&confirmed.location).await;
    assert_eq!(waiting.headers.get(REFRESH).unwrap(), "2", "goes on by itself, without script");
    house.delivers().await;
    let opened = house.siblings.opened.lock().unwrap().clone();
    assert_eq!(opened[0].email, "Erika@example.org");

    let done = browser.get(&confirmed.location).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(done.location.starts_with(&format!("{CALLBACK}?code=")), "{}", done.location);
    let (_, account, level) = house.session_of(&browser).await.unwrap();
    assert_eq!((account.to_string(), level), (opened[0].account_id.clone(), TrustLevel::Basic));
}

#[tokio::test]
async fn known_and_unknown_addresses_get_the_same_pages() {
    let house = House::new().await;
    house.has_account("erika@example.org").await;
    let mut seen = Vec::new();
    for email in ["erika@example.org", "nobody@example.org"] {
        let id = house.asks(TrustLevel::Basic).await;
        let mut browser = house.browser();
        browser.get(&format!("/login/{id}")).await;
        let wrong = browser.tries(id, email, "falsches Passwort").await;
        browser.get(&format!("/login/{id}/register")).await;
        let fields = [("email", email), ("password", PASSWORD)];
        let sent = browser.post(&format!("/login/{id}/register"), &fields).await;
        let code_page = browser.get(&sent.location).await;
        let wrong_code = browser.post(&sent.location, &[("code", "000000")]).await;
        let same = |text: &str| text.replace(email, "E").replace(&id.to_string(), "ID");
        let pages = [&wrong, &sent, &code_page, &wrong_code];
        seen.push(pages.map(|p| (p.status, same(&p.location), same(&p.plain()))));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn an_address_with_an_account_gets_a_mail_without_a_code() {
    let house = House::new().await;
    house.has_account("erika@example.org").await;
    applies(&house, "ERIKA@example.org").await;
    let mail = house.last_mail();
    assert_eq!(mail.code, "");
    assert_eq!(mail.purpose(), siegel_proto::notification::v1::CodePurpose::AlreadyRegistered);
}

#[tokio::test]
async fn five_wrong_codes_spend_the_right_one() {
    let house = House::new().await;
    let (id, mut browser) = applies(&house, "erika@example.org").await;
    let code = house.last_mail().code;
    let wrong = if code == "123456" { "654321" } else { "123456" };
    let path = format!("/login/{id}/confirm");
    browser.get(&path).await;
    for _ in 0..5 {
        let page = browser.post(&path, &[("code", wrong)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let page = browser.post(&path, &[("code", &code)]).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert_eq!(house.session_of(&browser).await, None);
}

#[tokio::test]
async fn a_code_is_good_for_ten_minutes() {
    let house = House::new().await;
    let (id, mut browser) = applies(&house, "erika@example.org").await;
    let code = house.last_mail().code;
    let path = format!("/login/{id}/confirm");
    browser.get(&path).await;
    house.clock.advance(Duration::from_mins(10));
    assert_eq!(browser.post(&path, &[("code", &code)]).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_code_is_good_only_for_the_request_it_was_mailed_for() {
    let house = House::new().await;
    let (_, _) = applies(&house, "erika@example.org").await;
    let code = house.last_mail().code;
    let (id, mut other) = applies(&house, "max@example.org").await;
    let path = format!("/login/{id}/confirm");
    other.get(&path).await;
    let page = other.post(&path, &[("code", &code)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_address_gets_five_mails_an_hour_whoever_asks() {
    let house = House::new().await;
    for _ in 0..5 {
        applies(&house, "erika@example.org").await;
    }
    applies(&house, "Erika@example.org").await;
    assert_eq!(house.siblings.mails.lock().unwrap().len(), 5);
    house.clock.advance(Duration::from_hours(1));
    applies(&house, "erika@example.org").await;
    assert_eq!(house.siblings.mails.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn two_people_who_race_for_an_address_get_one_account() {
    let house = House::new().await;
    let (first, mut one) = applies(&house, "erika@example.org").await;
    let code_one = house.last_mail().code;
    let (second, mut two) = applies(&house, "erika@example.org").await;
    let code_two = house.last_mail().code;
    one.get(&format!("/login/{first}/confirm")).await;
    two.get(&format!("/login/{second}/confirm")).await;
    let page = one.post(&format!("/login/{first}/confirm"), &[("code", &code_one)]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let page = two.post(&format!("/login/{second}/confirm"), &[("code", &code_two)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.session_of(&two).await, None);
}

#[tokio::test]
async fn a_weak_password_is_refused_before_any_mail() {
    let house = House::new().await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/register")).await;
    let path = format!("/login/{id}/register");
    let fields = [("email", "erika@example.org"), ("password", "passwort123")];
    let page = browser.post(&path, &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    house.delivers().await;
    assert!(house.siblings.mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_new_account_is_tried_again_until_the_account_service_has_it() {
    let house = House::new().await;
    *house.siblings.account_is_down.lock().unwrap() = true;
    let mut browser = house.has_account("erika@example.org").await;
    let id = house.asks(TrustLevel::Basic).await;
    let waiting = browser.get(&format!("/login/{id}")).await;
    assert!(waiting.headers.contains_key(REFRESH), "{}", waiting.body);
    *house.siblings.account_is_down.lock().unwrap() = false;
    house.clock.advance(Duration::from_mins(11));
    house.delivers().await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn forms_may_lead_to_the_client_and_nowhere_else() {
    let house = House::new().await;
    let id = house.asks(TrustLevel::Basic).await;
    let page = house.browser().get(&format!("/login/{id}")).await;
    let policy = page.headers.get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
    assert!(policy.contains("form-action 'self' https://portal.example;"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
