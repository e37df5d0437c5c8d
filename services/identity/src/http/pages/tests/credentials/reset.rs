use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, House, Page};
use super::{ERIKA, at_step_up, level, with_app};
use crate::domain::interaction::InteractionId;

on_each_backend! { &crate::MIGRATIONS =>
    a_mailed_code_sets_another_password_and_ends_every_session,
    a_reset_ends_at_level_basic_and_leaves_other_credentials,
    an_unknown_address_sees_the_same_pages_and_costs_the_same_hashes,
    a_code_has_five_tries_and_is_bound_to_its_log_in,
    a_password_that_is_the_address_is_not_taken,
    an_address_gets_few_mails,
    a_log_in_costs_one_hash_whoever_asks,
}

const NEW: &str = "acht graue Esel tanzen";

/// Orders the code for an address, in a browser of its own.
async fn orders<'a>(house: &'a House, email: &str) -> (Browser<'a>, InteractionId, Page) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/reset")).await;
    let page = browser.post(&format!("/login/{id}/reset"), &[("email", email)]).await;
    house.delivers().await;
    (browser, id, page)
}

async fn sets(browser: &mut Browser<'_>, id: InteractionId, code: &str, password: &str) -> Page {
    browser.get(&format!("/login/{id}/new-password")).await;
    let fields = [("code", code), ("password", password)];
    browser.post(&format!("/login/{id}/new-password"), &fields).await
}

fn code(house: &House) -> String {
    house.mails_to(ERIKA).last().unwrap().code.clone()
}

async fn a_mailed_code_sets_another_password_and_ends_every_session(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let (mut browser, id, page) = orders(&house, ERIKA).await;
    assert_eq!(page.location, format!("/login/{id}/new-password"));
    let done = sets(&mut browser, id, &code(&house), NEW).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    assert_eq!(level(&house, &browser).await, Some(TrustLevel::Basic));
    assert_eq!(level(&house, &owner).await, None, "somebody else may have been in");
    let id = house.asks(TrustLevel::Basic).await;
    let mut next = house.browser();
    assert_eq!(next.logs_in(id, ERIKA).await.status.as_u16(), 422, "the old one is gone");
    assert_eq!(next.tries(id, ERIKA, NEW).await.status.as_u16(), 303);
    let kinds = house.audit().await;
    assert!(kinds.contains(&("identity.password.reset".into(), "done".into())));
}

async fn a_reset_ends_at_level_basic_and_leaves_other_credentials(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let app = with_app(&house, &mut owner).await;
    let (mut strong, id) = at_step_up(&house, ERIKA, TrustLevel::Low).await;
    strong.get(&format!("/login/{id}/totp")).await;
    let one_time = app.code(house.state.now());
    strong.post(&format!("/login/{id}/totp"), &[("code", &one_time)]).await;
    assert_eq!(level(&house, &strong).await, Some(TrustLevel::Low));
    // Even in the browser whose session was worth more.
    let id = house.asks(TrustLevel::High).await;
    strong.get(&format!("/login/{id}")).await;
    strong.get(&format!("/login/{id}/reset")).await;
    strong.post(&format!("/login/{id}/reset"), &[("email", ERIKA)]).await;
    house.delivers().await;
    let done = sets(&mut strong, id, &code(&house), NEW).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(level(&house, &strong).await, Some(TrustLevel::Basic));
    let next = strong.get(&done.location).await;
    assert_eq!(next.location, format!("/login/{id}/step-up"), "more has to be proven again");
    assert_eq!(super::listed(&mut strong).await.len(), 2, "password and app");
}

async fn an_unknown_address_sees_the_same_pages_and_costs_the_same_hashes(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let mut seen = Vec::new();
    for email in [ERIKA, "nobody@example.org"] {
        let before = house.state.people.passwords.hashed();
        let (mut browser, id, page) = orders(&house, email).await;
        let form = browser.get(&format!("/login/{id}/new-password")).await;
        let wrong = sets(&mut browser, id, "000000", NEW).await;
        let hashes = house.state.people.passwords.hashed() - before;
        let plain = |p: &Page| p.plain().replace(&id.to_string(), "");
        let location = page.location.replace(&id.to_string(), "");
        seen.push((page.status, location, plain(&form), plain(&wrong), wrong.status, hashes));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].5, 1);
    assert!(house.mails_to("nobody@example.org").is_empty(), "nobody is mailed");
}

async fn a_code_has_five_tries_and_is_bound_to_its_log_in(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let (mut own, mine, _) = orders(&house, ERIKA).await;
    let right = code(&house);
    let (mut other, theirs, _) = orders(&house, "other@example.org").await;
    let page = sets(&mut other, theirs, &right, NEW).await;
    assert_eq!(page.status.as_u16(), 422, "of another log-in");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(sets(&mut own, mine, wrong, NEW).await.status.as_u16(), 422);
    }
    assert_eq!(sets(&mut own, mine, &right, NEW).await.status, StatusCode::GONE);
    assert_eq!(level(&house, &own).await, None);
}

async fn a_password_that_is_the_address_is_not_taken(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let (mut browser, id, _) = orders(&house, ERIKA).await;
    let right = code(&house);
    assert_eq!(sets(&mut browser, id, &right, ERIKA).await.status.as_u16(), 422);
    assert_eq!(sets(&mut browser, id, &right, "passwort123").await.status.as_u16(), 422);
    assert_eq!(sets(&mut browser, id, &right, NEW).await.status.as_u16(), 303, "no try was lost");
}

async fn an_address_gets_few_mails(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    for _ in 0..4 {
        assert_eq!(orders(&house, ERIKA).await.2.status, StatusCode::SEE_OTHER);
    }
    let (_, _, page) = orders(&house, ERIKA).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "with the registration's: five");
}

async fn a_log_in_costs_one_hash_whoever_asks(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    for email in [ERIKA, "nobody@example.org"] {
        let id = house.asks(TrustLevel::Basic).await;
        let mut browser = house.browser();
        browser.get(&format!("/login/{id}")).await;
        let before = house.state.people.passwords.hashed();
        browser.tries(id, email, "falsch geraten").await;
        assert_eq!(house.state.people.passwords.hashed() - before, 1, "{email}");
    }
}
