use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::{AccountId, OrganisationId, TrustLevel};
use siegel_testkit::on_each_backend;

use super::house::{Browser, CALLBACK, Card, House, Way, claim};
use crate::domain::acting::{ActingRequest, ActingRules, Hint, Mode, Party};
use crate::domain::interaction::InteractionId;

on_each_backend! { &crate::MIGRATIONS =>
    the_page_names_everybody_and_says_what_the_client_learns,
    what_was_chosen_is_not_asked_again_in_this_session_and_sector,
    a_client_that_learns_more_asks_again,
    whoever_can_act_for_nobody_is_not_asked,
    whoever_can_act_for_nobody_is_told_where_somebody_is_needed,
    where_somebody_is_needed_there_is_no_oneself_to_choose,
    a_hint_is_chosen_beforehand_and_still_asked,
    a_mandate_of_a_higher_level_asks_for_the_card_first,
    consent_comes_after_the_choice_and_no_form_gets_around_it,
    a_guest_is_not_asked_for_whom_and_not_offered_where_somebody_is_needed,
    many_are_shown_fifty_at_a_time_by_number,
    somebody_elses_choice_does_not_carry_over,
}

const ERIKA: &str = "erika@example.org";

fn asking(mode: Mode, hint: Option<Hint>) -> ActingRequest {
    let claims = vec!["register_number".to_owned()];
    let rules = ActingRules { mode, claims, ..ActingRules::default() };
    ActingRequest { rules, hint, ..ActingRequest::default() }
}

async fn asks(house: &House, mode: Mode) -> InteractionId {
    house.asks_with(|request| request.acting = asking(mode, None)).await
}

fn organisation(n: u128) -> OrganisationId {
    OrganisationId::from_uuid(uuid::Uuid::from_u128(n))
}

fn called(house: &House, n: u128) -> String {
    house.state.party_name("musterstadt", Party::Organisation(organisation(n)))
}

async fn account(house: &House, browser: &Browser<'_>) -> AccountId {
    house.session_of(browser).await.unwrap().1
}

/// Erika in her browser, owner of the organisations of these numbers.
async fn owner<'a>(house: &'a House, numbers: &[u128]) -> Browser<'a> {
    let browser = house.has_account(ERIKA).await;
    let account = account(house, &browser).await;
    for n in numbers {
        let way = Way::member(account, organisation(*n), "owner");
        let name = format!("Firma <{n}>");
        house.siblings.parties.has(Way { name, ..way });
    }
    browser
}

fn page_of(id: InteractionId) -> String {
    format!("/login/{id}/act-for")
}

async fn the_page_names_everybody_and_says_what_the_client_learns(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1, 2]).await;
    let id = asks(&house, Mode::Optional).await;
    let first = browser.get(&format!("/login/{id}")).await;
    assert_eq!(first.location, page_of(id));
    let page = browser.get(&first.location).await;
    assert_eq!(page.status, StatusCode::OK);
    for shown in ["Firma &#60;1&#62;", "Firma &#60;2&#62;", "für mich selbst", "Registernummer"] {
        assert!(page.body.contains(shown), "{shown} in {}", page.body);
    }
    assert!(!page.body.contains("org_"), "no id leaves the house: {}", page.body);
    assert!(!page.body.contains("checked"), "nobody is chosen beforehand");
}

async fn what_was_chosen_is_not_asked_again_in_this_session_and_sector(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1]).await;
    let id = asks(&house, Mode::Optional).await;
    browser.get(&page_of(id)).await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&page_of(id)).await;
    let chosen = browser.post(&page_of(id), &[("party", &called(&house, 1))]).await;
    assert_eq!(chosen.location, format!("/login/{id}"), "{}", chosen.body);
    let done = browser.get(&chosen.location).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    let chosen = ("identity.acting.chosen".to_owned(), "done".to_owned());
    assert!(house.audit().await.contains(&chosen));
    let id = asks(&house, Mode::Optional).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
    house.siblings.parties.changes("member:owner", |_| false);
    let id = asks(&house, Mode::Required).await;
    let asked = browser.get(&format!("/login/{id}")).await;
    assert_eq!(asked.location, page_of(id), "a right that ended is not remembered");
}

async fn a_client_that_learns_more_asks_again(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1]).await;
    let of = async |claims: &[&str]| {
        let mut acting = asking(Mode::Optional, None);
        acting.rules.claims = claims.iter().map(|&claim| claim.to_owned()).collect();
        house.asks_with(|request| request.acting = acting).await
    };
    let id = of(&["register_kind"]).await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&page_of(id)).await;
    browser.post(&page_of(id), &[("party", &called(&house, 1))]).await;
    let id = of(&[]).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "less needs no question: {}", done.location);
    let id = of(&["register_kind", "register_number"]).await;
    let asked = browser.get(&format!("/login/{id}")).await;
    assert_eq!(asked.location, page_of(id));
}

async fn whoever_can_act_for_nobody_is_not_asked(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[]).await;
    let id = asks(&house, Mode::Optional).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn whoever_can_act_for_nobody_is_told_where_somebody_is_needed(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[]).await;
    let id = asks(&house, Mode::Required).await;
    let page = browser.get(&format!("/login/{id}")).await;
    let page = browser.get(&page.location).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("für niemanden handeln"), "{}", page.body);
    let posted = browser.post(&page_of(id), &[("party", "self")]).await;
    assert!(!posted.location.starts_with(CALLBACK), "{}", posted.location);
}

async fn where_somebody_is_needed_there_is_no_oneself_to_choose(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1]).await;
    let id = asks(&house, Mode::Required).await;
    browser.get(&format!("/login/{id}")).await;
    let page = browser.get(&page_of(id)).await;
    assert!(!page.body.contains("value=\"self\""), "{}", page.body);
    for bent in ["self", "", "x", &called(&house, 2)] {
        let page = browser.post(&page_of(id), &[("party", bent)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{bent}");
    }
}

async fn a_hint_is_chosen_beforehand_and_still_asked(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1, 2]).await;
    let hint = Hint::Known(called(&house, 2));
    let id = house.asks_with(|r| r.acting = asking(Mode::Optional, Some(hint))).await;
    let first = browser.get(&format!("/login/{id}")).await;
    assert_eq!(first.location, page_of(id));
    let page = browser.get(&first.location).await;
    let checked = page.body.split("<input").find(|input| input.contains("checked")).unwrap();
    assert!(checked.contains(&called(&house, 2)), "{checked}");
}

async fn a_mandate_of_a_higher_level_asks_for_the_card_first(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1]).await;
    house.siblings.parties.changes("member:owner", |way| {
        way.needed = TrustLevel::High;
        true
    });
    house.shows_card(Card::of("erika", "Mustermann"));
    let id = asks(&house, Mode::Optional).await;
    browser.get(&format!("/login/{id}")).await;
    let page = browser.get(&page_of(id)).await;
    assert!(page.body.contains("Vertrauensniveau hoch"), "{}", page.body);
    let chosen = browser.post(&page_of(id), &[("party", &called(&house, 1))]).await;
    let raise = browser.get(&chosen.location).await;
    assert_eq!(raise.location, format!("/login/{id}/step-up"));
    browser.get(&raise.location).await;
    browser.identifies(id, "/step-up").await;
    let back = browser.get(&format!("/login/{id}")).await;
    assert_eq!(back.location, page_of(id), "the choice is still the person's");
    browser.get(&back.location).await;
    browser.post(&page_of(id), &[("party", &called(&house, 1))]).await;
    let done = browser.get(&format!("/login/{id}")).await;
    assert!(done.location.starts_with(CALLBACK), "{}", done.location);
}

async fn consent_comes_after_the_choice_and_no_form_gets_around_it(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1]).await;
    let id = house
        .asks_with(|request| {
            request.acting = asking(Mode::Optional, None);
            request.claims = vec![claim("family_name", true)];
        })
        .await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&page_of(id)).await;
    let around = browser.post(&format!("/login/{id}/consent"), &[("action", "allow")]).await;
    assert!(!around.location.starts_with(CALLBACK), "{}", around.location);
    browser.get(&page_of(id)).await;
    browser.post(&page_of(id), &[("party", "self")]).await;
    let next = browser.get(&format!("/login/{id}")).await;
    assert_eq!(next.location, format!("/login/{id}/consent"));
}

async fn a_guest_is_not_asked_for_whom_and_not_offered_where_somebody_is_needed(db: Db) {
    let house = House::on(db);
    house.shows_card(Card::of("somebody", "Gast"));
    let id = house
        .asks_with(|request| {
            request.acting = asking(Mode::Optional, None);
            request.guests = true;
            request.claims = vec![claim("family_name", true)];
        })
        .await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    let sent = browser.post(&format!("/login/{id}"), &[("method", "guest")]).await;
    let eid = sent.location.rsplit('/').next().unwrap().to_owned();
    browser.get(&format!("/login/{id}/guest?eid_session={eid}")).await;
    let next = browser.get(&format!("/login/{id}")).await;
    assert_eq!(next.location, format!("/login/{id}/consent"), "{}", next.body);
}

async fn many_are_shown_fifty_at_a_time_by_number(db: Db) {
    let house = House::on(db);
    let numbers: Vec<u128> = (1..=120).collect();
    let mut browser = owner(&house, &numbers).await;
    let id = asks(&house, Mode::Required).await;
    browser.get(&format!("/login/{id}")).await;
    let first = browser.get(&page_of(id)).await;
    assert_eq!(first.body.matches("type=\"radio\"").count(), 50);
    assert!(first.body.contains("act-for?page=2"));
    let last = browser.get(&format!("{}?page=3", page_of(id))).await;
    assert_eq!(last.body.matches("type=\"radio\"").count(), 20);
    assert!(!last.body.contains("act-for?page="));
    let chosen = browser.post(&page_of(id), &[("party", &called(&house, 120))]).await;
    assert_eq!(chosen.location, format!("/login/{id}"));
}

async fn somebody_elses_choice_does_not_carry_over(db: Db) {
    let house = House::on(db);
    let mut browser = owner(&house, &[1]).await;
    let id = house
        .asks_with(|request| {
            request.acting = asking(Mode::Optional, None);
            request.claims = vec![claim("family_name", true)];
        })
        .await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&page_of(id)).await;
    browser.post(&page_of(id), &[("party", &called(&house, 1))]).await;
    house.has_account("max@example.org").await;
    browser.cookies.remove("siegel_session");
    browser.logs_in(id, "max@example.org").await;
    let max = account(&house, &browser).await;
    let mut tx = house.state.outside.db.read().await.unwrap();
    let found = crate::store::interactions::find(&mut tx, id, house.state.now()).await.unwrap();
    let request = found.unwrap().request;
    assert!(request.acting.choice.is_some() && request.acts_for(max).is_none());
}

#[test]
fn every_claim_of_an_organisation_has_a_text() {
    let known = siegel_web::testing::keys(super::DE);
    for name in crate::domain::acting::LEGAL_PERSON_CLAIMS {
        let key = crate::http::pages::act_for::claim_key(name);
        assert!(known.contains(&key), "{key}");
    }
}
