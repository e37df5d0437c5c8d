use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::eid::v1::Outcome;
use siegel_testkit::on_each_backend;

use super::house::{Browser, CALLBACK, Card, House, PASSWORD, Page};
use crate::domain::interaction::InteractionId;

on_each_backend! { &crate::MIGRATIONS =>
    the_card_raises_the_session_to_high_and_the_account_learns_what_it_proved,
    nothing_is_raised_while_the_account_service_is_down,
    a_bound_card_logs_in_without_a_password,
    an_unbound_card_logs_nobody_in,
    a_card_of_another_account_is_refused_without_a_word_about_it,
    a_further_card_must_be_of_the_same_person,
    of_two_peoples_cards_at_once_one_is_bound,
    an_identification_of_another_request_is_refused,
    an_identification_counts_once,
    a_cancelled_or_failed_identification_raises_nothing,
    a_preferred_level_can_be_skipped,
    a_required_level_cannot_be_skipped,
}

const ERIKA: &str = "erika@example.org";

/// A request for `high` by a person with an account, at the step-up page.
async fn at_step_up<'a>(house: &'a House, email: &str) -> (InteractionId, Browser<'a>) {
    let mut browser = house.has_account(email).await;
    let id = house.asks(TrustLevel::High).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/step-up"));
    let page = browser.get(&page.location).await;
    assert!(page.body.contains("Online-Ausweis"), "{}", page.body);
    (id, browser)
}

async fn raised<'a>(house: &'a House, email: &str, card: Card) -> (Page, Browser<'a>) {
    let (id, mut browser) = at_step_up(house, email).await;
    house.shows_card(card);
    let page = browser.identifies(id, "/step-up").await;
    (page, browser)
}

async fn the_card_raises_the_session_to_high_and_the_account_learns_what_it_proved(db: Db) {
    let house = House::on(db);
    let (id, mut browser) = at_step_up(&house, ERIKA).await;
    let before = browser.clone();
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    let page = browser.identifies(id, "/step-up").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    let (_, account, level) = house.session_of(&browser).await.unwrap();
    assert_eq!(level, TrustLevel::High);
    assert_eq!(house.session_of(&before).await, None, "the cookie is new");
    let recorded = house.siblings.recorded.lock().unwrap().clone();
    assert_eq!(recorded[0].account_id, account.to_string());
    assert!(recorded[0].attributes.iter().any(|a| a.value == "Mustermann" && a.level == 4));
    let title = recorded[0].attributes.iter().find(|a| a.name == "title").unwrap();
    assert_eq!((title.value.as_str(), title.level), ("", 4), "what it has not is said as well");
    let done = browser.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn nothing_is_raised_while_the_account_service_is_down(db: Db) {
    let house = House::on(db);
    let (id, mut browser) = at_step_up(&house, ERIKA).await;
    *house.siblings.account_is_down.lock().unwrap() = true;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    let page = browser.identifies(id, "/step-up").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::Basic);
}

async fn a_bound_card_logs_in_without_a_password(db: Db) {
    let house = House::on(db);
    let (_, first) = raised(&house, ERIKA, Card::of("dkk-1", "Mustermann")).await;
    let id = house.asks(TrustLevel::High).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    browser.identifies(id, "").await;
    let (one, two) = (house.session_of(&first).await, house.session_of(&browser).await);
    assert_eq!(one.unwrap().1, two.unwrap().1, "the same account");
    assert_eq!(two.unwrap().2, TrustLevel::High);
}

async fn an_unbound_card_logs_nobody_in(db: Db) {
    let house = House::on(db);
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    house.shows_card(Card::of("dkk-9", "Mustermann"));
    let page = browser.identifies(id, "").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert_eq!(house.session_of(&browser).await, None);
    assert!(house.siblings.recorded.lock().unwrap().is_empty(), "and nothing is kept");
}

async fn a_card_of_another_account_is_refused_without_a_word_about_it(db: Db) {
    let house = House::on(db);
    raised(&house, ERIKA, Card::of("dkk-1", "Mustermann")).await;
    let (page, browser) = raised(&house, "max@example.org", Card::of("dkk-1", "Mustermann")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("mit einem anderen Konto verbunden"));
    assert!(!page.body.contains("Mustermann") && !page.body.contains("erika"));
    assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::Basic);
    assert_eq!(house.siblings.recorded.lock().unwrap().len(), 1);
}

async fn a_further_card_must_be_of_the_same_person(db: Db) {
    let house = House::on(db);
    let (_, mut browser) = raised(&house, ERIKA, Card::of("dkk-1", "Mustermann")).await;
    house.clock.advance(std::time::Duration::from_mins(31));
    for (card, expected) in [
        (Card::of("dkk-2", "Musterfrau"), StatusCode::FORBIDDEN),
        (Card::of("dkk-3", "MUSTERMANN"), StatusCode::SEE_OTHER),
    ] {
        let id = house.asks(TrustLevel::High).await;
        let page = browser.get(&format!("/login/{id}")).await;
        browser.get(&page.location).await;
        house.shows_card(card);
        let page = browser.identifies(id, "/step-up").await;
        assert_eq!(page.status, expected, "{}", page.body);
    }
    assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::High);
}

async fn of_two_peoples_cards_at_once_one_is_bound(db: Db) {
    let house = House::on(db);
    let (first, mut one) = at_step_up(&house, ERIKA).await;
    let second = house.asks(TrustLevel::High).await;
    let mut two = house.browser();
    two.get(&format!("/login/{second}")).await;
    two.post(&format!("/login/{second}"), &[("email", ERIKA), ("password", PASSWORD)]).await;
    let cards = [Card::of("dkk-1", "Mustermann"), Card::of("dkk-2", "Musterfrau")];
    house.siblings.cards.lock().unwrap().extend(cards);
    let (one, two) =
        tokio::join!(one.identifies(first, "/step-up"), two.identifies(second, "/step-up"));
    let mut statuses = [one.status, two.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::FORBIDDEN]);
    assert_eq!(house.siblings.recorded.lock().unwrap().len(), 1, "the account knows one of them");
}

async fn an_identification_of_another_request_is_refused(db: Db) {
    let house = House::on(db);
    let (id, mut browser) = at_step_up(&house, ERIKA).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    browser.post(&format!("/login/{id}/step-up"), &[("method", "eid")]).await;
    let page = browser.get(&format!("/login/{id}/eid?eid_session=eid_77")).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::Basic);
    let mut other = browser.clone();
    other.cookies.remove("siegel_browser");
    let page = other.get(&format!("/login/{id}/eid?eid_session=eid_0")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "nor in another browser");
}

async fn an_identification_counts_once(db: Db) {
    let house = House::on(db);
    let (id, mut browser) = at_step_up(&house, ERIKA).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    browser.identifies(id, "/step-up").await;
    let again = browser.get(&format!("/login/{id}/eid?eid_session=eid_0")).await;
    assert_eq!(again.status, StatusCode::GONE);
}

async fn a_cancelled_or_failed_identification_raises_nothing(db: Db) {
    let house = House::on(db);
    for (outcome, n) in [(Outcome::Cancelled, 0), (Outcome::Failed, 1)] {
        let email = format!("erika{n}@example.org");
        let card = Card { outcome, ..Card::of("dkk-1", "Mustermann") };
        let (page, browser) = raised(&house, &email, card).await;
        assert!(page.body.contains("Es wurden keine Daten übernommen"), "{}", page.body);
        assert_eq!(house.session_of(&browser).await.unwrap().2, TrustLevel::Basic);
    }
}

async fn a_preferred_level_can_be_skipped(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let id = house.asks_with(|r| r.aim = TrustLevel::High).await;
    let page = browser.get(&format!("/login/{id}")).await;
    assert_eq!(page.location, format!("/login/{id}/step-up"));
    browser.get(&page.location).await;
    let page = browser.post(&page.location, &[("method", "skip")]).await;
    let done = browser.get(&page.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn a_required_level_cannot_be_skipped(db: Db) {
    let house = House::on(db);
    let (id, mut browser) = at_step_up(&house, ERIKA).await;
    let page = browser.post(&format!("/login/{id}/step-up"), &[("method", "skip")]).await;
    let next = browser.get(&page.location).await;
    assert!(next.location.starts_with(&format!("/login/{id}/step-up")), "{}", next.location);
    let page = browser.get(&format!("/login/{id}/consent")).await;
    assert!(page.location.starts_with(&format!("/login/{id}")), "nor by the next page");
}
