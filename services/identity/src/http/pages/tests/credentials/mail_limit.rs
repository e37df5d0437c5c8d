use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_testkit::on_each_backend;

use super::super::house::{House, PASSWORD, Page};
use super::ERIKA;

on_each_backend! { &crate::MIGRATIONS =>
    one_network_orders_thirty_mails_an_hour_whoever_they_are_for,
    the_limit_says_nothing_of_accounts,
    registrations_count_as_well,
    who_cannot_be_told_apart_is_not_limited_by_network,
    the_trail_keeps_twenty_refusals_a_minute_of_one_network_and_counts_the_rest,
}

/// Orders a code for an address from a place.
async fn orders(house: &House, from: Option<&str>, email: &str, page: &str) -> Page {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.address = from.map(|from| from.parse().unwrap());
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/{page}")).await;
    let fields = [("email", email), ("password", PASSWORD)];
    let mut answer = browser.post(&format!("/login/{id}/{page}"), &fields).await;
    answer.body = answer.plain().replace(&id.to_string(), "").replace(email, "");
    answer
}

/// Uses up what one network may order.
async fn used_up(house: &House) {
    for n in 0..30 {
        let from = format!("203.0.113.{n}");
        let page = orders(house, Some(&from), &format!("p{n}@example.org"), "reset").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{n}: {}", page.body);
    }
}

async fn one_network_orders_thirty_mails_an_hour_whoever_they_are_for(db: Db) {
    let house = House::on(db);
    used_up(&house).await;
    for page in ["reset", "release"] {
        let refused = orders(&house, Some("203.0.113.77"), "next@example.org", page).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{page}");
        assert_eq!(refused.headers["retry-after"], "3600");
    }
    let other = orders(&house, Some("198.51.100.1"), "next@example.org", "reset").await;
    assert_eq!(other.status, StatusCode::SEE_OTHER, "another network");
    house.clock.advance(crate::domain::throttle::MAIL_WINDOW);
    let later = orders(&house, Some("203.0.113.77"), "next@example.org", "reset").await;
    assert_eq!(later.status, StatusCode::SEE_OTHER, "an hour later");
    let trail = house.audit().await;
    assert!(trail.contains(&("identity.mail.refused".into(), "access_denied".into())));
}

async fn the_limit_says_nothing_of_accounts(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    used_up(&house).await;
    let known = orders(&house, Some("203.0.113.1"), ERIKA, "reset").await;
    let unknown = orders(&house, Some("203.0.113.1"), "nobody@example.org", "reset").await;
    assert_eq!(known.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
}

async fn registrations_count_as_well(db: Db) {
    let house = House::on(db);
    used_up(&house).await;
    let refused = orders(&house, Some("203.0.113.1"), "new@example.org", "register").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let other = orders(&house, Some("2001:db8::1"), "new@example.org", "register").await;
    assert_eq!(other.status, StatusCode::SEE_OTHER, "{}", other.body);
}

async fn who_cannot_be_told_apart_is_not_limited_by_network(db: Db) {
    let house = House::on(db);
    for n in 0..31 {
        let page = orders(&house, None, &format!("p{n}@example.org"), "reset").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{n}");
    }
}

async fn the_trail_keeps_twenty_refusals_a_minute_of_one_network_and_counts_the_rest(db: Db) {
    let house = House::on(db);
    let guess = async |from: &str, email: &str| {
        let id = house.asks(TrustLevel::Basic).await;
        let mut browser = house.browser();
        browser.address = Some(from.parse().unwrap());
        browser.get(&format!("/login/{id}")).await;
        browser.tries(id, email, "falsch geraten").await
    };
    for n in 0..25 {
        guess("203.0.113.1", &format!("p{n}@example.org")).await;
    }
    let wrong = ("identity.login.refused".to_owned(), "WRONG_CREDENTIALS".to_owned());
    let lines = async || house.audit().await.into_iter().filter(|line| *line == wrong).count();
    assert_eq!(lines().await, 20);
    guess("198.51.100.1", "p1@example.org").await;
    assert_eq!(lines().await, 21, "another network has its own count");
    house.clock.advance(std::time::Duration::from_mins(1));
    crate::app::refusal::settle(&house.state).await;
    assert_eq!(lines().await, 22, "one line for the five that were counted");
}

#[tokio::test]
async fn a_network_is_kept_as_a_hash_that_changes_with_the_day() {
    let house = House::new().await;
    let keys = &house.state.people.keys;
    let (network, now) = ([4, 203, 0, 113], house.clock.now());
    let next = now.plus(std::time::Duration::from_hours(24));
    assert_eq!(keys.network_hash(&network, now), keys.network_hash(&network, now));
    assert_ne!(keys.network_hash(&network, now), keys.network_hash(&network, next));
    assert_ne!(keys.network_hash(&network, now), keys.network_hash(&[4, 203, 0, 114], now));
}
