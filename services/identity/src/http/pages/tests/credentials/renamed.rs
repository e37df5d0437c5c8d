//! A card with another family name: after a wedding, or somebody else's.

use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, Card, House};
use super::{ERIKA, at_step_up};
use crate::app::identify;
use crate::domain::cards::Refusal;
use crate::domain::interaction::SessionView;
use crate::ports::eid::Identified;

on_each_backend! { &crate::MIGRATIONS =>
    a_card_with_a_new_name_of_the_same_birth_is_bound_by_a_session_of_its_level,
    a_card_with_a_new_name_needs_more_than_the_password,
    a_card_of_another_birth_is_refused_at_every_level,
}

/// A session that showed a first card, at level high.
async fn with_card(house: &House) -> Browser<'_> {
    house.has_account(ERIKA).await;
    let (mut browser, id) = at_step_up(house, ERIKA, TrustLevel::High).await;
    house.shows_card(Card::of("dkk-1", "Gabler"));
    browser.identifies(id, "/step-up").await;
    for (name, value) in [("given_name", "Erika"), ("date_of_birth", "1964-08-12")] {
        house.siblings.attributes.lock().unwrap().insert(name.into(), value.into());
    }
    browser
}

async fn view(house: &House, browser: &Browser<'_>) -> SessionView {
    let cookie = format!("siegel_session={}", browser.cookies["siegel_session"]);
    let headers = http::HeaderMap::from_iter([(http::header::COOKIE, cookie.parse().unwrap())]);
    crate::app::sessions::any_from_cookie(&house.state, &headers).await.unwrap().unwrap()
}

fn second(given_name: &str) -> Identified {
    let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Identified {
        source: "simulated".into(),
        pseudonym: "dkk-2".into(),
        level: TrustLevel::High,
        attributes: vec![
            attribute("given_name", given_name),
            attribute("family_name", "Mustermann"),
            attribute("date_of_birth", "1964-08-12"),
        ],
        at: siegel_kernel::Timestamp::from_seconds(1),
    }
}

async fn a_card_with_a_new_name_of_the_same_birth_is_bound_by_a_session_of_its_level(db: Db) {
    let house = House::on(db);
    let browser = with_card(&house).await;
    let session = view(&house, &browser).await;
    assert_eq!(session.level, TrustLevel::High);
    let now = house.state.now();
    let bound = identify::bind(&house.state, Some(&session), &second("ERIKA"), now).await.unwrap();
    assert_eq!(bound.unwrap().0, session.account);
}

async fn a_card_with_a_new_name_needs_more_than_the_password(db: Db) {
    let house = House::on(db);
    let browser = with_card(&house).await;
    let session = SessionView { level: TrustLevel::Basic, ..view(&house, &browser).await };
    let now = house.state.now();
    let bound = identify::bind(&house.state, Some(&session), &second("Erika"), now).await.unwrap();
    assert_eq!(bound.unwrap_err(), Refusal::NotProven);
}

async fn a_card_of_another_birth_is_refused_at_every_level(db: Db) {
    let house = House::on(db);
    let browser = with_card(&house).await;
    let session = view(&house, &browser).await;
    let now = house.state.now();
    let bound = identify::bind(&house.state, Some(&session), &second("Eva"), now).await.unwrap();
    assert_eq!(bound.unwrap_err(), Refusal::OfAnotherPerson);
}
