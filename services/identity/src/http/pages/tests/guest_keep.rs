use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_testkit::on_each_backend;

use super::guest::{
    ERIKA, NAME, assert_nothing_stays, at_consent, card, done, guests_held, userinfo, with_offices,
};
use super::house::{Browser, House, Page};
use crate::app::sweep;

on_each_backend! { &crate::MIGRATIONS =>
    a_guest_becomes_an_account_before_the_log_out,
    a_guest_becomes_an_account_at_the_client,
    a_card_with_an_account_is_not_kept_for_another,
    a_card_that_waits_for_an_account_is_forgotten_with_its_request,
    a_kept_card_opens_in_the_browser_of_its_guest_only,
    a_kept_card_goes_to_no_account_there_was_before,
    a_guest_who_left_the_browser_is_kept_by_nobody,
}

/// The kinds of credentials of the account in this browser, from its own page.
async fn credentials(house: &House, browser: &Browser<'_>) -> Vec<String> {
    let account = house.session_of(browser).await.unwrap().1;
    let held = crate::app::self_care::credentials(&house.state, account).await.unwrap();
    let mut kinds: Vec<_> = held.iter().map(|c| c.kind.as_str().to_owned()).collect();
    kinds.sort_unstable();
    kinds
}

/// Registers on the pages of a request, and goes to where they lead then.
async fn registers(house: &House, browser: &mut Browser<'_>, path: &str) -> Page {
    let id = path.strip_prefix("/login/").unwrap().parse().unwrap();
    browser.registers(id, ERIKA).await;
    house.delivers().await;
    browser.get(path).await
}

async fn a_guest_becomes_an_account_before_the_log_out(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let answer = done(&house, &mut browser).await;
    browser.get("/logout").await;
    let kept = browser.post("/login/keep", &[]).await;
    let path = kept.location.strip_suffix("/register").expect("to the registration").to_owned();
    assert_eq!(userinfo(&mut browser, &answer).await.0, StatusCode::UNAUTHORIZED, "it has ended");
    let back = registers(&house, &mut browser, &path).await;
    assert_eq!(back.location, "/login/credentials", "{}", back.body);
    assert_eq!(credentials(&house, &browser).await, ["eid", "password"]);
    let (_, account, level) = house.session_of(&browser).await.unwrap();
    assert_eq!(level, TrustLevel::Basic, "the card was shown for something else");
    let recorded = house.siblings.recorded.lock().unwrap().clone();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].account_id, account.to_string());
    assert!(recorded[0].attributes.iter().any(|a| a.value == NAME && a.level == 4));
    assert_eq!(guests_held(&house).await, 0);

    let id = house.asks(TrustLevel::High).await;
    let mut elsewhere = house.browser();
    elsewhere.get(&format!("/login/{id}")).await;
    house.shows_card(card());
    elsewhere.identifies(id, "").await;
    assert_eq!(house.session_of(&elsewhere).await.unwrap().1, account, "the card logs in");
}

async fn a_guest_becomes_an_account_at_the_client(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    let kept = browser.post(&format!("{path}/keep"), &[]).await;
    assert_eq!(kept.location, format!("{path}/register"));
    let next = registers(&house, &mut browser, &path).await;
    assert_eq!(next.location, format!("{path}/consent"), "{}", next.body);
    browser.get(&next.location).await;
    assert_eq!(credentials(&house, &browser).await, ["eid", "password"]);
    let done = browser.post(&next.location, &[("action", "allow")]).await;
    let code = done.location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    assert!(!code.is_empty());
    assert_eq!(guests_held(&house).await, 0);
}

async fn a_card_with_an_account_is_not_kept_for_another(db: Db) {
    let house = with_offices(db).await;
    let mut owner = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::High).await;
    owner.get(&format!("/login/{id}")).await;
    owner.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(card());
    owner.identifies(id, "/step-up").await;

    let mut browser = house.browser();
    done(&house, &mut browser).await;
    browser.get("/logout").await;
    let page = browser.post("/login/keep", &[]).await;
    assert!(page.body.contains("gehört schon zu einem Konto"), "{}", page.body);
    assert_eq!(guests_held(&house).await, 0, "nothing waits");
    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    let page = browser.post(&format!("{path}/keep"), &[]).await;
    assert!(page.body.contains("gehört schon zu einem Konto"), "{}", page.body);
    let login = browser.get(&path).await;
    assert!(login.body.contains("id=\"username\""), "it leads to the log-in: {}", login.body);
}

async fn a_card_that_waits_for_an_account_is_forgotten_with_its_request(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    browser.post(&format!("{path}/keep"), &[]).await;
    assert_eq!(guests_held(&house).await, 1);
    browser.get(&path).await;
    browser.post(&format!("{path}/cancel"), &[]).await;
    assert_eq!(guests_held(&house).await, 0, "by cancelling");

    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    browser.post(&format!("{path}/keep"), &[]).await;
    browser.later(31 * 60);
    sweep::once(&house.state, house.state.now()).await.unwrap();
    assert_eq!(guests_held(&house).await, 0, "by time");
    assert_nothing_stays(&house, "after either").await;
}

async fn a_kept_card_opens_in_the_browser_of_its_guest_only(db: Db) {
    let house = with_offices(db).await;
    let mut guest = house.browser();
    done(&house, &mut guest).await;
    guest.get("/logout").await;
    guest.cookies.retain(|name, _| !name.contains("browser"));
    let kept = guest.post("/login/keep", &[]).await;
    let path = kept.location.strip_suffix("/register").expect("to the registration").to_owned();
    let mut other = house.has_account("max@example.org").await;
    for page in [path.clone(), format!("{path}/register")] {
        assert_eq!(other.get(&page).await.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert_eq!(credentials(&house, &other).await, ["password"]);
    let register = guest.get(&kept.location).await;
    assert!(register.body.contains(NAME), "it says whose card it is: {}", register.body);
}

async fn a_kept_card_goes_to_no_account_there_was_before(db: Db) {
    let house = with_offices(db).await;
    house.has_account("max@example.org").await;
    let mut browser = house.browser();
    let path = at_consent(&house, &mut browser).await;
    browser.post(&format!("{path}/keep"), &[]).await;
    let id = path.strip_prefix("/login/").unwrap().parse().unwrap();
    browser.logs_in(id, "max@example.org").await;
    browser.get(&path).await;
    assert_eq!(credentials(&house, &browser).await, ["password"]);
    assert_eq!(guests_held(&house).await, 0, "and waits for nobody else");
}

async fn a_guest_who_left_the_browser_is_kept_by_nobody(db: Db) {
    let house = with_offices(db).await;
    let mut browser = house.browser();
    done(&house, &mut browser).await;
    browser.later(6 * 60);
    browser.get("/logout").await;
    let kept = browser.post("/login/keep", &[]).await;
    let page = browser.get(&format!("{}/register", kept.location)).await;
    assert!(!page.body.contains(NAME), "{}", page.body);
}
