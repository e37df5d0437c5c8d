//! Accounts that an operator closed.

use std::time::Duration;

use http::StatusCode;
use siegel_db::Db;
use siegel_kernel::{AccountId, TrustLevel};
use siegel_testkit::on_each_backend;

use super::house::{Browser, Card, House, PASSWORD, Page};
use crate::app::disable::{self, DisableError};
use crate::app::failure::Failure;
use crate::app::manage_clients::Operator;
use crate::domain::disabling::Reason;
use crate::domain::interaction::InteractionId;
use crate::store::sessions;

on_each_backend! { &crate::MIGRATIONS =>
    a_disabled_account_shows_itself_to_the_right_password_only,
    disabling_ends_the_sessions_and_enabling_brings_none_back,
    the_card_of_a_disabled_account_proves_nothing,
    a_reset_of_a_disabled_account_changes_no_password,
    a_log_in_at_the_moment_of_disabling_leaves_no_session,
    a_refusal_needs_no_second_connection,
    what_is_no_account_cannot_be_disabled,
}

const ERIKA: &str = "erika@example.org";

fn ada() -> Operator {
    Operator::new("ada").unwrap()
}

async fn disables(house: &House, account: AccountId) {
    assert!(disable::disable(&house.state, account, Reason::Misuse, &ada()).await.unwrap());
}

async fn tries<'a>(house: &'a House, email: &str, password: &str) -> (Browser<'a>, Page) {
    let (id, mut browser) = at_the_door(house).await;
    let page = browser.tries(id, email, password).await;
    (browser, page)
}

async fn at_the_door(house: &House) -> (InteractionId, Browser<'_>) {
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    (id, browser)
}

async fn account_of(house: &House, browser: &Browser<'_>) -> AccountId {
    house.session_of(browser).await.unwrap().1
}

fn was_refused(kinds: &[(String, String)]) -> bool {
    kinds.contains(&("identity.login.refused".into(), "ACCOUNT_DISABLED".into()))
}

/// Whether a refusal gets into the trail, which it does beside the answer.
async fn is_written_down(house: &House) -> bool {
    for _ in 0..200 {
        if was_refused(&house.audit().await) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

async fn a_disabled_account_shows_itself_to_the_right_password_only(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    disables(&house, account_of(&house, &owner).await).await;
    let (_, wrong) = tries(&house, ERIKA, "nicht das richtige").await;
    let (_, unknown) = tries(&house, "max@example.org", "nicht das richtige").await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert_eq!(wrong.status, unknown.status);
    assert!(!wrong.body.contains("gesperrt"), "{}", wrong.body);
    assert!(!was_refused(&house.audit().await));

    let (browser, right) = tries(&house, ERIKA, PASSWORD).await;
    assert_eq!(right.status, StatusCode::FORBIDDEN);
    assert!(right.body.contains("Dieses Konto ist gesperrt"), "{}", right.body);
    assert_eq!(house.session_of(&browser).await, None);
    assert!(is_written_down(&house).await);
}

async fn disabling_ends_the_sessions_and_enabling_brings_none_back(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    disables(&house, account).await;
    assert_eq!(house.session_of(&owner).await, None);
    let again = disable::disable(&house.state, account, Reason::Ordered, &ada()).await.unwrap();
    assert!(!again, "it is so already");
    let shown = disable::show(&house.state, account).await.unwrap();
    let disabled = shown.account.disabled.unwrap();
    assert_eq!(
        (disabled.reason.as_str(), disabled.by.as_str()),
        ("misuse", "operator:ada unproven")
    );
    assert_eq!((shown.sessions, shown.credentials.len()), (0, 1));

    assert!(disable::enable(&house.state, account, &ada()).await.unwrap());
    assert!(!disable::enable(&house.state, account, &ada()).await.unwrap());
    assert_eq!(house.session_of(&owner).await, None);
    let (browser, page) = tries(&house, ERIKA, PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(account_of(&house, &browser).await, account);
    let kinds = house.audit().await;
    for kind in ["identity.account.disabled", "identity.account.enabled"] {
        assert!(kinds.contains(&(kind.into(), "done".into())), "{kind}");
    }
}

async fn the_card_of_a_disabled_account_proves_nothing(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let id = house.asks(TrustLevel::High).await;
    owner.get(&format!("/login/{id}")).await;
    owner.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    owner.identifies(id, "/step-up").await;
    let account = account_of(&house, &owner).await;
    assert_eq!(house.siblings.recorded.lock().unwrap().len(), 1);
    disables(&house, account).await;

    let id = house.asks(TrustLevel::High).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    let page = browser.identifies(id, "").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.location);
    assert_eq!(house.session_of(&browser).await, None);
    assert_eq!(house.siblings.recorded.lock().unwrap().len(), 1, "nothing was handed over");
    assert!(is_written_down(&house).await);
}

async fn a_reset_of_a_disabled_account_changes_no_password(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    disables(&house, account).await;
    let (id, mut browser) = at_the_door(&house).await;
    browser.get(&format!("/login/{id}/reset")).await;
    browser.post(&format!("/login/{id}/reset"), &[("email", ERIKA)]).await;
    house.delivers().await;
    browser.get(&format!("/login/{id}/new-password")).await;
    let code = house.last_mail().code;
    let fields = [("code", code.as_str()), ("password", "acht graue Esel tanzen")];
    let page = browser.post(&format!("/login/{id}/new-password"), &fields).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.body);
    assert!(disable::enable(&house.state, account, &ada()).await.unwrap());
    let (_, page) = tries(&house, ERIKA, PASSWORD).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "the old one is still right");
}

async fn a_log_in_at_the_moment_of_disabling_leaves_no_session(db: Db) {
    let house = House::on(db);
    let replica = house.replica();
    for _ in 0..4 {
        let email = format!("{}@example.org", house.state.now().as_micros());
        house.clock.advance(Duration::from_secs(1));
        let owner = house.has_account(&email).await;
        let account = account_of(&house, &owner).await;
        let (first, mut one) = at_the_door(&house).await;
        let (second, mut two) = at_the_door(&house).await;
        let by = ada();
        let (_, done, _) = tokio::join!(
            one.tries(first, &email, PASSWORD),
            disable::disable(&replica.state, account, Reason::Hijacked, &by),
            two.tries(second, &email, PASSWORD),
        );
        assert!(done.unwrap());
        let mut tx = house.state.outside.db.read().await.unwrap();
        assert_eq!(sessions::of_account(&mut tx, account).await.unwrap(), []);
    }
}

async fn a_refusal_needs_no_second_connection(db: Db) {
    const MOMENT: Duration = Duration::from_millis(300);
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    disables(&house, account).await;
    let (db, now) = (&house.state.outside.db, house.state.now());
    let mut tx = db.begin().await.unwrap();
    let mut others = Vec::new();
    while let Ok(other) = tokio::time::timeout(MOMENT, db.read()).await {
        others.push(other.unwrap());
    }
    let admitted = disable::admit(&house.state, &mut tx, account, "pwd", now);
    let admitted = tokio::time::timeout(Duration::from_secs(2), admitted).await;
    assert!(matches!(admitted, Ok(Err(Failure::AccountDisabled))), "it waits for nobody");
    drop((tx, others));
    assert!(is_written_down(&house).await);
}

async fn what_is_no_account_cannot_be_disabled(db: Db) {
    let house = House::on(db);
    let outside = &house.state.outside;
    let id = AccountId::new(&*outside.clock, &*outside.entropy).unwrap();
    let unknown = |error| matches!(error, DisableError::Unknown(named) if named == id);
    let refused = disable::disable(&house.state, id, Reason::Misuse, &ada()).await;
    assert!(unknown(refused.unwrap_err()));
    assert!(unknown(disable::enable(&house.state, id, &ada()).await.unwrap_err()));
    assert!(disable::show(&house.state, id).await.is_err_and(unknown));
}
