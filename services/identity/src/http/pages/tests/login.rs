use std::time::Duration;

use http::StatusCode;
use siegel_kernel::TrustLevel;

use super::house::{CALLBACK, Card, House, PASSWORD};

const ERIKA: &str = "erika@example.org";

#[tokio::test]
async fn the_right_password_leads_to_the_client() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    let page = browser.logs_in(id, "ERIKA@example.org ").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let done = browser.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    let over = browser.get(&page.location).await;
    assert_eq!(over.status, StatusCode::GONE, "a request is answered once");
}

#[tokio::test]
async fn another_browser_cannot_go_on_with_a_log_in() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut own = house.browser();
    own.get(&format!("/login/{id}")).await;
    let mut other = house.browser();
    assert_eq!(other.get(&format!("/login/{id}")).await.status, StatusCode::FORBIDDEN);
    let mut thief = own.clone();
    thief.cookies.remove("siegel_browser");
    let page = thief.tries(id, ERIKA, PASSWORD).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(house.session_of(&thief).await, None);
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.csrf = "forged".into();
    let page = browser.tries(id, ERIKA, PASSWORD).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(house.session_of(&browser).await, None);
}

#[tokio::test]
async fn a_session_cookie_planted_before_the_log_in_is_worth_nothing_after_it() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let planted = siegel_crypto::b64::encode([7; 32]);
    let mut victim = house.browser();
    victim.cookies.insert("siegel_session".into(), planted.clone());
    victim.logs_in(id, ERIKA).await;
    assert_ne!(victim.cookies.get("siegel_session"), Some(&planted));
    let mut attacker = house.browser();
    attacker.cookies.insert("siegel_session".into(), planted);
    assert_eq!(house.session_of(&attacker).await, None);
}

#[tokio::test]
async fn every_log_in_replaces_the_cookie_of_the_session() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let before = browser.clone();
    let old = house.session_of(&before).await.unwrap().0;
    house.clock.advance(Duration::from_secs(1));
    let id = house.asks_with(|r| r.prompt = vec!["login".into()]).await;
    browser.logs_in(id, ERIKA).await;
    assert_eq!(house.session_of(&browser).await.unwrap().0, old, "the same session");
    assert_eq!(house.session_of(&before).await, None, "under another name");
}

#[tokio::test]
async fn nine_wrong_passwords_switch_the_password_off_for_a_quarter_of_an_hour() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    for _ in 0..9 {
        let page = browser.tries(id, ERIKA, "falsch geraten").await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        house.clock.advance(Duration::from_mins(1));
    }
    let blocked = browser.tries(id, "Erika@Example.org", PASSWORD).await;
    assert_eq!(blocked.status, StatusCode::TOO_MANY_REQUESTS, "whatever case is typed");
    assert_eq!(house.session_of(&browser).await, None);
    house.clock.advance(Duration::from_mins(15));
    let page = browser.tries(id, ERIKA, PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_blocked_password_does_not_lock_the_card_out() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::High).await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    browser.identifies(id, "/step-up").await;

    let mut guesser = house.browser();
    let id = house.asks(TrustLevel::Basic).await;
    guesser.get(&format!("/login/{id}")).await;
    for _ in 0..9 {
        guesser.tries(id, ERIKA, "falsch geraten").await;
        house.clock.advance(Duration::from_mins(1));
    }
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    let page = guesser.identifies(id, "").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(house.session_of(&guesser).await.unwrap().2, TrustLevel::High);
}

#[tokio::test]
async fn an_unknown_address_is_blocked_like_a_known_one() {
    let house = House::new().await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    for _ in 0..9 {
        browser.tries(id, "nobody@example.org", "falsch geraten").await;
        house.clock.advance(Duration::from_mins(1));
    }
    let page = browser.tries(id, "nobody@example.org", "falsch geraten").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_sector_the_session_did_not_log_in_to_asks_again() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks_with(|r| r.sector = "finanzamt".into()).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("name=\"password\""), "no single sign-on");
    browser.tries(id, ERIKA, PASSWORD).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn a_forced_log_in_forgets_the_level_that_was_proven_before() {
    let house = House::new().await;
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::High).await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    browser.identifies(id, "/step-up").await;
    assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::High);

    house.clock.advance(Duration::from_secs(10));
    let id = house.asks_with(|r| r.prompt = vec!["login".into()]).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert!(page.body.contains("noch einmal"), "{}", page.body);
    browser.tries(id, ERIKA, PASSWORD).await;
    assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::Basic);
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

#[tokio::test]
async fn cancelling_tells_the_client_and_ends_the_request() {
    let house = House::new().await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    let page = browser.post(&format!("/login/{id}/cancel"), &[]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert!(page.location.contains("error=access_denied"), "{}", page.location);
    assert!(page.location.contains("state=st"), "{}", page.location);
    assert_eq!(browser.get(&format!("/login/{id}")).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn the_clients_language_is_spoken_until_the_person_chooses() {
    let house = House::new().await;
    let id = house.asks_with(|r| r.ui_locales = Some("fr en".into())).await;
    let mut browser = house.browser();
    assert!(browser.get(&format!("/login/{id}")).await.body.contains("<html lang=\"en\""));
    browser.cookies.insert("siegel_lang".into(), "de".into());
    assert!(browser.get(&format!("/login/{id}")).await.body.contains("<html lang=\"de\""));
}

#[tokio::test]
async fn refusals_and_log_ins_are_in_the_audit_trail() {
    let house = House::new().await;
    house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.tries(id, ERIKA, "falsch geraten").await;
    browser.tries(id, ERIKA, PASSWORD).await;
    let trail = house.audit().await;
    let trail: Vec<_> = trail.iter().map(|(k, o)| (k.as_str(), o.as_str())).collect();
    assert_eq!(
        trail,
        [
            ("identity.account.registered", "done"),
            ("identity.session.started", "done"),
            ("identity.login.refused", "WRONG_CREDENTIALS"),
            ("identity.session.started", "done"),
        ]
    );
}
