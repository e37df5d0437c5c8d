//! Two accounts of one person become one: proof of both, what is shown, what hinders it.

use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::account::v1::CompareAccountsResponse;
use siegel_proto::organisation::v1::CountTiesResponse;
use siegel_proto::postbox::v1::CountOpenMattersResponse;
use siegel_testkit::on_each_backend;

use super::house::{Browser, Card, House, Page};
use crate::app::deletion::progress;
use crate::store::merges;

on_each_backend! { &crate::MIGRATIONS =>
    who_proves_both_sees_what_moves_and_has_one_account_afterwards,
    either_account_is_proven_at_its_best_credential,
    the_same_account_again_is_no_second_proof,
    letters_and_ties_hinder_it_and_say_what_to_do,
    the_code_is_worth_nothing_in_another_browser_after_ten_minutes_or_twice,
    a_code_that_is_bound_to_two_accounts_takes_no_third_one,
    what_the_account_service_refuses_leaves_both_accounts,
    services_go_on_knowing_the_person_each_by_its_own_subject,
}

const STAYS: &str = "erika@example.org";
const ENDS: &str = "erika@arbeit.example";
const PAGE: &str = "/login/credentials/merge";
const OTHER: &str = "/login/credentials/merge/other";

async fn house(db: Db) -> House {
    let house = House::on(db);
    *house.siblings.open.lock().unwrap() = Some(CountOpenMattersResponse::default());
    for email in [STAYS, ENDS] {
        house.has_account(email).await;
    }
    house
}

/// A browser whose person is logged in at identity's own pages.
async fn in_account<'a>(house: &'a House, email: &str) -> (Browser<'a>, AccountId) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.logs_in(id, email).await;
    let account = house.session_of(&browser).await.unwrap().1;
    (browser, account)
}

/// Begins in the account of the browser.
async fn begins(browser: &mut Browser<'_>) {
    browser.get(PAGE).await;
    let begun = browser.post(PAGE, &[]).await;
    assert_eq!(begun.location, OTHER, "{}", begun.body);
}

/// Logs in where `path` sends a stranger; the page it wanted.
async fn goes_on(browser: &mut Browser<'_>, path: &str, email: &str) -> Page {
    let to = browser.get(path).await.location;
    let id = to.strip_prefix("/login/").unwrap_or_else(|| panic!("not asked to log in: {to}"));
    browser.logs_in(id.parse().unwrap(), email).await;
    browser.get(path).await
}

async fn both(house: &House) -> (Browser<'_>, AccountId, AccountId) {
    let (mut browser, stays) = in_account(house, STAYS).await;
    begins(&mut browser).await;
    assert!(house.session_of(&browser).await.is_none(), "logged out in between");
    let page = goes_on(&mut browser, OTHER, ENDS).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let ends = house.session_of(&browser).await.unwrap().1;
    (browser, stays, ends)
}

async fn confirms(browser: &mut Browser<'_>) -> Page {
    browser.post(OTHER, &[("understood", "on")]).await
}

async fn is_ending(house: &House, account: AccountId) -> bool {
    progress(&house.state, account).await.unwrap().is_some()
}

async fn who_proves_both_sees_what_moves_and_has_one_account_afterwards(db: Db) {
    let house = house(db).await;
    *house.siblings.comparison.lock().unwrap() = CompareAccountsResponse {
        comes: vec!["title".into()],
        differs: vec!["city".into()],
        documents: 2,
        consents: 1,
        hindrances: Vec::new(),
    };
    let (mut browser, stays, ends) = both(&house).await;
    let page = browser.get(OTHER).await;
    for said in ["Doktorgrad", "Ort", "2 Dokumente ziehen um", "Eine Einwilligung endet"] {
        assert!(page.body.contains(said), "{said} is missing in {}", page.body);
    }
    let again = browser.post(OTHER, &[]).await;
    assert!(again.body.contains("Bestätigen Sie"), "{}", again.body);
    assert_eq!(confirms(&mut browser).await.location, "/login/merged");
    house.delivers().await;
    let moved = house.siblings.merged.lock().unwrap().clone();
    assert_eq!(moved.len(), 1);
    let told = (moved[0].into_account_id.clone(), moved[0].from_account_id.clone());
    assert_eq!(told, (stays.to_string(), ends.to_string()));
    assert!(is_ending(&house, ends).await && !is_ending(&house, stays).await);
    assert!(house.session_of(&browser).await.is_none(), "the session went with its account");
    in_account(&house, STAYS).await;
    let notices = house.siblings.notices.lock().unwrap().clone();
    let merged = notices
        .iter()
        .filter(|n| n.template() == siegel_proto::notification::v1::Template::AccountsMerged);
    assert_eq!(merged.count(), 2, "either address is told");
    let kinds: Vec<String> = house.audit().await.into_iter().map(|(kind, _)| kind).collect();
    for kind in ["identity.merge.begun", "identity.merge.confirmed", "identity.deletion.begun"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind}");
    }
}

/// Shows a card to an account that has only a password.
async fn shows_card(house: &House, browser: &mut Browser<'_>) {
    house.shows_card(Card::of("erika", "Mustermann"));
    let id = house.asks(TrustLevel::High).await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/step-up")).await;
    browser.identifies(id, "/step-up").await;
    assert_eq!(house.session_of(browser).await.unwrap().2, TrustLevel::High);
}

async fn either_account_is_proven_at_its_best_credential(db: Db) {
    let house = house(db).await;
    let (mut owner, _) = in_account(&house, STAYS).await;
    shows_card(&house, &mut owner).await;
    let (mut thief, stays) = in_account(&house, STAYS).await;
    thief.get(PAGE).await;
    let to = thief.post(PAGE, &[]).await.location;
    assert!(to.starts_with("/login/int_"), "the password alone begins nothing: {to}");

    let (mut other, _) = in_account(&house, ENDS).await;
    begins(&mut other).await;
    let to = goes_on(&mut other, OTHER, STAYS).await.location;
    assert!(to.starts_with("/login/int_"), "nor does it end an account: {to}");
    let forced = confirms(&mut other).await.location;
    assert!(forced.starts_with("/login/int_"), "{forced}");
    assert!(!is_ending(&house, stays).await);
    let refused = ("identity.credential.refused".to_owned(), "TRUST_TOO_LOW".to_owned());
    assert!(house.audit().await.contains(&refused));
}

async fn the_same_account_again_is_no_second_proof(db: Db) {
    let house = house(db).await;
    let (mut browser, stays) = in_account(&house, STAYS).await;
    begins(&mut browser).await;
    let page = goes_on(&mut browser, OTHER, STAYS).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("dasselbe Konto"), "{}", page.body);
    browser.get("/login/credentials").await;
    assert_eq!(confirms(&mut browser).await.status, StatusCode::CONFLICT);
    assert!(!is_ending(&house, stays).await);
}

async fn letters_and_ties_hinder_it_and_say_what_to_do(db: Db) {
    let house = house(db).await;
    let (mut browser, _, ends) = both(&house).await;
    let letters = CountOpenMattersResponse { letters: 1, ..CountOpenMattersResponse::default() };
    *house.siblings.open.lock().unwrap() = Some(letters);
    *house.siblings.ties.lock().unwrap() =
        CountTiesResponse { mandates: 1, ..CountTiesResponse::default() };
    let page = browser.get(OTHER).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    for said in ["Im Postfach dieses Kontos liegen Nachrichten", "Vollmachten"] {
        assert!(page.body.contains(said), "{said} is missing in {}", page.body);
    }
    browser.get("/login/credentials").await;
    let forced = confirms(&mut browser).await;
    assert_eq!(forced.status, StatusCode::CONFLICT, "a letter that came meanwhile counts");
    house.delivers().await;
    assert!(house.siblings.merged.lock().unwrap().is_empty());
    assert!(!is_ending(&house, ends).await);
    let kinds: Vec<String> = house.audit().await.into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.iter().any(|kind| kind == "identity.merge.refused"));
}

async fn the_code_is_worth_nothing_in_another_browser_after_ten_minutes_or_twice(db: Db) {
    let house = house(db).await;
    let (browser, _, ends) = both(&house).await;
    let (mut elsewhere, _) = in_account(&house, ENDS).await;
    assert_eq!(elsewhere.get(OTHER).await.status, StatusCode::GONE, "another browser");

    let mut late = browser.clone();
    late.later(10 * 60);
    late.get("/login/credentials").await;
    assert_eq!(confirms(&mut late).await.status, StatusCode::GONE, "over time");
    assert!(!is_ending(&house, ends).await);

    let (mut browser, _, ends) = both(&house).await;
    let kept = browser.cookies.clone();
    assert_eq!(confirms(&mut browser).await.location, "/login/merged");
    browser.cookies = kept;
    assert_eq!(confirms(&mut browser).await.status, StatusCode::GONE, "twice");
    house.delivers().await;
    assert_eq!(house.siblings.merged.lock().unwrap().len(), 1);
    assert!(is_ending(&house, ends).await);
}

async fn a_code_that_is_bound_to_two_accounts_takes_no_third_one(db: Db) {
    let house = house(db).await;
    let third = house.has_account("max@example.org").await;
    let third = house.session_of(&third).await.unwrap().1;
    let (mut browser, ..) = both(&house).await;
    browser.cookies.remove("siegel_session");
    let page = goes_on(&mut browser, OTHER, "max@example.org").await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(!is_ending(&house, third).await);
}

async fn what_the_account_service_refuses_leaves_both_accounts(db: Db) {
    let house = house(db).await;
    let (mut browser, _, ends) = both(&house).await;
    *house.siblings.merge_refused.lock().unwrap() = true;
    confirms(&mut browser).await;
    house.delivers().await;
    assert!(!is_ending(&house, ends).await);
    assert!(house.session_of(&browser).await.is_some());
    *house.siblings.merge_refused.lock().unwrap() = false;
    let (mut browser, _, ends) = both(&house).await;
    confirms(&mut browser).await;
    house.delivers().await;
    assert!(is_ending(&house, ends).await, "and it can be tried again");
}

async fn services_go_on_knowing_the_person_each_by_its_own_subject(db: Db) {
    let house = house(db).await;
    let (mut browser, stays, ends) = both(&house).await;
    confirms(&mut browser).await;
    house.delivers().await;
    let mut tx = house.state.outside.db.read().await.unwrap();
    let known = merges::subjects(&mut tx, stays, "musterstadt").await.unwrap();
    assert_eq!(known, [house.state.subject("musterstadt", ends)]);
    let elsewhere = merges::subjects(&mut tx, stays, "beispielau").await.unwrap();
    assert!(elsewhere.is_empty(), "who did not know the account learns nothing: {elsewhere:?}");
}
