use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::TrustLevel;
use siegel_proto::notification::v1::Template;
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, House, Page};
use super::{ERIKA, HOME, level, with_app};

on_each_backend! { &crate::MIGRATIONS =>
    ten_codes_are_shown_once_and_not_stored_readably,
    a_code_logs_in_once_at_level_basic_and_is_mailed,
    of_two_uses_at_once_one_counts,
    new_codes_replace_the_old_ones,
    a_code_gives_no_way_around_what_a_credential_protects,
    wrong_codes_are_counted_and_look_like_an_unknown_address,
}

fn codes(page: &Page) -> Vec<String> {
    let all = page.body.split("<code>").skip(1);
    all.map(|rest| rest.split("</code>").next().unwrap().to_owned()).collect()
}

async fn with_codes(browser: &mut Browser<'_>) -> Vec<String> {
    browser.later(1);
    browser.get(HOME).await;
    let page = browser.post("/login/credentials/recovery", &[]).await;
    assert_eq!(page.headers.get("cache-control").unwrap(), "no-store");
    codes(&page)
}

async fn uses<'a>(house: &'a House, email: &str, code: &str) -> (Browser<'a>, Page) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/recovery")).await;
    let fields = [("email", email), ("code", code)];
    let page = browser.post(&format!("/login/{id}/recovery"), &fields).await;
    (browser, page)
}

async fn ten_codes_are_shown_once_and_not_stored_readably(db: Db) {
    const SQL: &str = "SELECT code_hash FROM recovery_codes";
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let shown = with_codes(&mut browser).await;
    assert_eq!(shown.len(), 10);
    let list = browser.get(HOME).await;
    assert!(shown.iter().all(|code| !list.body.contains(code.as_str())));
    let mut tx = house.state.outside.db.read().await.unwrap();
    let stored: Vec<Vec<u8>> =
        siegel_db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_all(c).await.unwrap());
    assert_eq!(stored.len(), 10);
    for code in &shown {
        let plain = code.replace('-', "");
        let guess = siegel_crypto::sha256(plain.as_bytes());
        assert!(!stored.iter().any(|s| s[..] == guess[..] || s.starts_with(plain.as_bytes())));
    }
}

async fn a_code_logs_in_once_at_level_basic_and_is_mailed(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let shown = with_codes(&mut browser).await;
    let (finder, page) = uses(&house, ERIKA, &shown[3].to_lowercase()).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.body);
    assert_eq!(level(&house, &finder).await, Some(TrustLevel::Basic));
    house.delivers().await;
    let told: Vec<i32> =
        house.siblings.notices.lock().unwrap().iter().map(|n| n.template).collect();
    let expected = [Template::RecoveryCodesCreated, Template::RecoveryCodeUsed];
    assert_eq!(told, expected.map(i32::from));
    let (again, page) = uses(&house, ERIKA, &shown[3]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(level(&house, &again).await, None);
}

async fn of_two_uses_at_once_one_counts(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    let mut browser = house.has_account(ERIKA).await;
    let shown = with_codes(&mut browser).await;
    let ((_, a), (_, b)) =
        tokio::join!(uses(&house, ERIKA, &shown[0]), uses(&replica, ERIKA, &shown[0]));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
}

async fn new_codes_replace_the_old_ones(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let old = with_codes(&mut browser).await;
    let new = with_codes(&mut browser).await;
    assert_eq!(uses(&house, ERIKA, &old[0]).await.1.status.as_u16(), 422);
    assert_eq!(uses(&house, ERIKA, &new[0]).await.1.status.as_u16(), 303);
}

async fn a_code_gives_no_way_around_what_a_credential_protects(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let shown = with_codes(&mut owner).await;
    with_app(&house, &mut owner).await;
    let (mut finder, page) = uses(&house, ERIKA, &shown[0]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let app = super::listed(&mut finder).await.pop().unwrap();
    for path in [format!("{HOME}/{app}/remove"), "/login/credentials/totp".to_owned()] {
        let page = finder.post(&path, &[]).await;
        assert!(page.location.starts_with("/login/int_"), "{path}: {}", page.location);
    }
    let page = finder.get("/login/credentials/email").await;
    assert!(page.location.starts_with("/login/int_"), "{}", page.location);
    assert_eq!(super::listed(&mut owner).await.len(), 3, "password, codes, app");
}

async fn wrong_codes_are_counted_and_look_like_an_unknown_address(db: Db) {
    let house = House::on(db);
    let mut browser = house.has_account(ERIKA).await;
    let shown = with_codes(&mut browser).await;
    let (_, known) = uses(&house, ERIKA, "ABCD-EFGH-JKMN").await;
    let (_, unknown) = uses(&house, "nobody@example.org", "ABCD-EFGH-JKMN").await;
    assert_eq!(known.status, unknown.status);
    let same = |page: &Page| {
        let body = page.plain().replace(ERIKA, "").replace("nobody@example.org", "");
        let mut parts = body.split("int_");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |all, part| all + part.get(32..).unwrap_or(""))
    };
    assert_eq!(same(&known), same(&unknown));
    for _ in 0..4 {
        uses(&house, ERIKA, "ABCD-EFGH-JKMN").await;
    }
    let (_, blocked) = uses(&house, ERIKA, &shown[0]).await;
    assert_eq!(blocked.status, StatusCode::TOO_MANY_REQUESTS);
}
