//! Accounts that nobody logs in to.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_testkit::on_each_backend;

use super::house::{Browser, House};
use crate::app::deletion::inactivity::round;
use crate::app::deletion::progress;
use crate::app::disable;
use crate::app::manage_clients::Operator;
use crate::domain::disabling::Reason;

on_each_backend! { &crate::MIGRATIONS =>
    two_notices_and_then_the_end_come_once_each,
    two_replicas_send_each_notice_once,
    a_log_in_stops_it_and_begins_anew,
    nobody_is_deleted_without_the_time_between_the_notices,
    an_account_an_operator_closed_is_left_alone,
    other_days_bring_each_notice_once_on_its_day_and_then_the_end,
    notices_longer_than_the_time_itself_go_at_once_and_delete_nobody_early,
    switched_off_nobody_is_told_or_deleted,
}

const ERIKA: &str = "erika@example.org";
const DAY: Duration = Duration::from_hours(24);

async fn account_of(house: &House, browser: &Browser<'_>) -> AccountId {
    house.session_of(browser).await.unwrap().1
}

/// The days that each notice said were left.
async fn told(house: &House) -> Vec<u32> {
    house.delivers().await;
    let notices = house.siblings.notices.lock().unwrap();
    let inactive =
        notices.iter().filter(|n| n.template().as_str_name() == "TEMPLATE_ACCOUNT_INACTIVE");
    inactive.map(|notice| notice.days).collect()
}

async fn days_pass(house: &House, days: u32) {
    house.clock.advance(DAY * days);
    // Somebody looks every few seconds; twice is as good as often.
    for _ in 0..3 {
        round(&house.state).await.unwrap();
    }
}

async fn is_ending(house: &House, account: AccountId) -> bool {
    progress(&house.state, account).await.unwrap().is_some()
}

async fn two_notices_and_then_the_end_come_once_each(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    days_pass(&house, 547).await;
    assert!(told(&house).await.is_empty());
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [182]);
    days_pass(&house, 90).await;
    assert_eq!(told(&house).await, [182]);
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [182, 91]);
    days_pass(&house, 90).await;
    assert!(!is_ending(&house, account).await);
    days_pass(&house, 1).await;
    assert!(is_ending(&house, account).await);
    let (deletion, _) = progress(&house.state, account).await.unwrap().unwrap();
    assert_eq!(deletion.cause, "inactivity");
    assert!(deletion.begun_at.is_some());
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [182, 91]);
}

async fn two_replicas_send_each_notice_once(db: Db) {
    let house = House::on(db);
    house.has_account(ERIKA).await;
    let other = house.replica();
    house.clock.advance(DAY * 548);
    let (here, there) = tokio::join!(round(&house.state), round(&other.state));
    here.unwrap();
    there.unwrap();
    // And one that was started again.
    round(&house.replica().state).await.unwrap();
    assert_eq!(told(&house).await, [182]);
}

async fn a_log_in_stops_it_and_begins_anew(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    days_pass(&house, 548).await;
    days_pass(&house, 91).await;
    assert_eq!(told(&house).await, [182, 91]);
    days_pass(&house, 90).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.logs_in(id, ERIKA).await;
    days_pass(&house, 547).await;
    assert_eq!(told(&house).await, [182, 91]);
    assert!(!is_ending(&house, account).await);
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [182, 91, 182]);
}

async fn nobody_is_deleted_without_the_time_between_the_notices(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    // Nobody looked for three years.
    days_pass(&house, 1_100).await;
    assert_eq!(told(&house).await, [182]);
    days_pass(&house, 90).await;
    assert_eq!(told(&house).await, [182]);
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [182, 91]);
    days_pass(&house, 90).await;
    assert!(!is_ending(&house, account).await);
    days_pass(&house, 1).await;
    assert!(is_ending(&house, account).await);
}

async fn an_account_an_operator_closed_is_left_alone(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    let ada = Operator::new("ada").unwrap();
    disable::disable(&house.state, account, Reason::Ordered, &ada).await.unwrap();
    days_pass(&house, 2_000).await;
    assert!(told(&house).await.is_empty());
    assert!(!is_ending(&house, account).await);
}

async fn other_days_bring_each_notice_once_on_its_day_and_then_the_end(db: Db) {
    let days = serde_json::json!({"inactivity_days": 100, "first_notice_days": 40, "second_notice_days": 15});
    let house = House::with(db, &serde_json::json!({ "deletion": days }));
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    days_pass(&house, 59).await;
    assert!(told(&house).await.is_empty());
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [40]);
    days_pass(&house, 24).await;
    assert_eq!(told(&house).await, [40]);
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [40, 15]);
    days_pass(&house, 14).await;
    assert!(!is_ending(&house, account).await);
    days_pass(&house, 1).await;
    assert!(is_ending(&house, account).await);
    days_pass(&house, 1).await;
    assert_eq!(told(&house).await, [40, 15]);
}

async fn notices_longer_than_the_time_itself_go_at_once_and_delete_nobody_early(db: Db) {
    let days = serde_json::json!({"inactivity_days": 20, "first_notice_days": 90, "second_notice_days": 60});
    let house = House::with(db, &serde_json::json!({ "deletion": days }));
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    days_pass(&house, 1).await;
    // What a notice says is left is never more than the whole time.
    assert_eq!(told(&house).await, [20, 20]);
    days_pass(&house, 18).await;
    assert!(!is_ending(&house, account).await);
    // Twenty days after the notices, as they said; by the last log-in alone it were a day earlier.
    days_pass(&house, 2).await;
    assert!(is_ending(&house, account).await);
    assert_eq!(told(&house).await, [20, 20]);
}

async fn switched_off_nobody_is_told_or_deleted(db: Db) {
    let house = House::with(db, &serde_json::json!({"deletion": {"inactivity_days": 0}}));
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    days_pass(&house, 5_000).await;
    assert!(told(&house).await.is_empty());
    assert!(!is_ending(&house, account).await);
}
