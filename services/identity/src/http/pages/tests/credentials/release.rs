use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::notification::v1::CodePurpose;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, House, PASSWORD, Page};
use super::ERIKA;
use super::lockout::{attacked, tries};
use crate::domain::interaction::InteractionId;

on_each_backend! { &crate::MIGRATIONS =>
    who_is_locked_out_on_a_new_device_releases_it_with_a_mailed_code,
    a_release_opens_the_way_for_one_device_only,
    a_release_code_counts_once_has_five_tries_and_is_bound_to_its_browser,
    a_release_of_an_unknown_address_looks_the_same,
    a_release_code_sets_no_password,
}

/// Orders the code in this browser, which is at the pages of a request of its own.
async fn orders(house: &House, browser: &mut Browser<'_>, email: &str) -> (InteractionId, Page) {
    let id = house.asks_with(|r| r.prompt = vec!["login".into()]).await;
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/release")).await;
    let page = browser.post(&format!("/login/{id}/release"), &[("email", email)]).await;
    house.delivers().await;
    (id, page)
}

async fn enters(browser: &mut Browser<'_>, id: InteractionId, code: &str) -> Page {
    let path = format!("/login/{id}/release-code");
    browser.get(&path).await;
    browser.post(&path, &[("code", code)]).await
}

fn code(house: &House) -> String {
    let mail = house.mails_to(ERIKA).pop().unwrap();
    assert_eq!(mail.purpose(), CodePurpose::DeviceRelease);
    mail.code
}

async fn who_is_locked_out_on_a_new_device_releases_it_with_a_mailed_code(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    attacked(&house, &house).await;
    let mut fresh = house.browser();
    let id = house.asks(TrustLevel::Basic).await;
    let locked = fresh.logs_in(id, ERIKA).await;
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    let path = format!("href=\"/login/{id}/release\"");
    assert!(locked.body.contains(&path), "{}", locked.body);
    let (id, page) = orders(&house, &mut fresh, ERIKA).await;
    assert_eq!(page.location, format!("/login/{id}/release-code"), "{}", page.body);
    let done = enters(&mut fresh, id, &code(&house)).await;
    assert_eq!(done.location, format!("/login/{id}"), "{}", done.body);
    assert!(house.session_of(&fresh).await.is_none(), "the code logs nobody in");
    assert_eq!(tries(&mut fresh, &house, "falsch geraten").await, 422, "nor any password");
    assert_eq!(tries(&mut fresh, &house, PASSWORD).await, 303);
    let trail = house.audit().await;
    assert!(trail.contains(&("identity.device.released".into(), "done".into())));
}

async fn a_release_opens_the_way_for_one_device_only(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    attacked(&house, &house).await;
    let mut fresh = house.browser();
    let (id, _) = orders(&house, &mut fresh, ERIKA).await;
    enters(&mut fresh, id, &code(&house)).await;
    assert_eq!(tries(&mut fresh.stranger(), &house, PASSWORD).await, 429, "others stay locked");
    for _ in 0..9 {
        assert_eq!(tries(&mut fresh, &house, "falsch geraten").await, 422);
        house.clock.advance(std::time::Duration::from_mins(1));
    }
    assert_eq!(tries(&mut fresh, &house, PASSWORD).await, 429, "it has a counter of its own");
}

async fn a_release_code_counts_once_has_five_tries_and_is_bound_to_its_browser(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let mut fresh = house.browser();
    let (id, _) = orders(&house, &mut fresh, ERIKA).await;
    let right = code(&house);
    let elsewhere = fresh.stranger().get(&format!("/login/{id}/release-code")).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    assert_eq!(enters(&mut fresh, id, wrong).await.status.as_u16(), 422);
    assert_eq!(enters(&mut fresh, id, &right).await.status, StatusCode::SEE_OTHER);
    assert_eq!(enters(&mut fresh, id, &right).await.status, StatusCode::GONE, "used");
    let (id, _) = orders(&house, &mut fresh, ERIKA).await;
    let right = code(&house);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_eq!(enters(&mut fresh, id, wrong).await.status.as_u16(), 422);
    }
    assert_eq!(enters(&mut fresh, id, &right).await.status, StatusCode::GONE, "no try is left");
    let (id, _) = orders(&house, &mut fresh, ERIKA).await;
    let right = code(&house);
    house.clock.advance(std::time::Duration::from_mins(10));
    assert_eq!(enters(&mut fresh, id, &right).await.status, StatusCode::GONE, "ten minutes over");
}

async fn a_release_of_an_unknown_address_looks_the_same(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let mut seen = Vec::new();
    for email in [ERIKA, "nobody@example.org"] {
        let mut browser = house.browser();
        let (id, page) = orders(&house, &mut browser, email).await;
        let form = browser.get(&format!("/login/{id}/release-code")).await;
        let wrong = enters(&mut browser, id, "12").await;
        let plain = |page: &Page| page.plain().replace(&id.to_string(), "");
        let to = page.location.replace(&id.to_string(), "");
        seen.push((to, form.status, plain(&form), wrong.status, plain(&wrong)));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(house.mails_to("nobody@example.org").is_empty());
}

async fn a_release_code_sets_no_password(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let mut fresh = house.browser();
    let (id, _) = orders(&house, &mut fresh, ERIKA).await;
    let path = format!("/login/{id}/new-password");
    let fields = [("code", &*code(&house)), ("password", "acht graue Esel tanzen")];
    assert_eq!(fresh.post(&path, &fields).await.status, StatusCode::GONE);
    assert_eq!(enters(&mut fresh, id, &code(&house)).await.status, StatusCode::SEE_OTHER);
}
