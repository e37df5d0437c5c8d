//! What is ordered for clients when a credential changes.

use std::time::Duration;

use siegel_db::Db;
use siegel_kernel::{GrantId, TrustLevel};
use siegel_testkit::on_each_backend;

use super::super::house::{Browser, Card, House};
use super::ERIKA;
use crate::app::push::EVENT;
use crate::app::security_events::{Change, Happened, SecurityEvent};
use crate::domain::client::Client;
use crate::domain::grant::{Grant, Granted, Holder};
use crate::domain::interaction::{AuthRequest, SessionView};
use crate::store::{clients, grants};

on_each_backend! { &crate::MIGRATIONS =>
    a_reset_password_is_told_though_it_ends_the_sessions,
    a_card_that_is_bound_is_told,
}

/// A client that wants events and got a grant in this browser's session.
async fn has_client(house: &House, browser: &Browser<'_>) {
    let (id, account, level) = house.session_of(browser).await.unwrap();
    let (now, outside) = (house.state.now(), &house.state.outside);
    let session = SessionView {
        id,
        account,
        level,
        authenticated_at: now,
        started_at: now,
        amr: vec!["pwd".to_owned()],
        guest: false,
    };
    let request = AuthRequest::default();
    let granted = Granted { request, session, refresh_jkt: None, refresh_x5t: None };
    let grant = Grant {
        id: GrantId::new(&*outside.clock, &*outside.entropy).unwrap(),
        client_id: "portal".to_owned(),
        subject: "x".to_owned(),
        holder: Holder::Person { account, session: Some(id), granted: Box::new(granted) },
        created_at: now,
        revoked_at: None,
        expires_at: now.plus(Duration::from_hours(1)),
    };
    let uri = Some("https://portal.example/events".to_owned());
    let client = Client { security_events_uri: uri, ..Client::named("portal") };
    let mut tx = outside.db.begin().await.unwrap();
    clients::put(&mut tx, &client, now).await.unwrap();
    grants::insert(&mut tx, &grant).await.unwrap();
    tx.commit().await.unwrap();
}

/// The events that wait to be pushed.
async fn ordered(house: &House) -> Vec<SecurityEvent> {
    const SQL: &str = "SELECT payload FROM outbox WHERE kind = $1";
    let mut tx = house.state.outside.db.read().await.unwrap();
    let all: Vec<Vec<u8>> = siegel_db::on!(&mut tx, c =>
        sqlx::query_scalar(SQL).bind(EVENT).fetch_all(c).await.unwrap());
    let event = |job: &Vec<u8>| serde_json::from_slice::<Happened>(job).unwrap().event;
    all.iter().map(event).collect()
}

async fn a_reset_password_is_told_though_it_ends_the_sessions(db: Db) {
    let house = House::on(db);
    let owner = house.has_account(ERIKA).await;
    has_client(&house, &owner).await;
    let id = house.asks(TrustLevel::Basic).await;
    let mut browser = house.browser();
    browser.get(&format!("/login/{id}")).await;
    browser.get(&format!("/login/{id}/reset")).await;
    browser.post(&format!("/login/{id}/reset"), &[("email", ERIKA)]).await;
    house.delivers().await;
    let code = house.last_mail().code;
    browser.get(&format!("/login/{id}/new-password")).await;
    let fields = [("code", code.as_str()), ("password", "acht graue Esel tanzen")];
    browser.post(&format!("/login/{id}/new-password"), &fields).await;
    assert_eq!(ordered(&house).await, [SecurityEvent::credential("password", Change::Update)]);
}

async fn a_card_that_is_bound_is_told(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    has_client(&house, &owner).await;
    let id = house.asks(TrustLevel::High).await;
    owner.get(&format!("/login/{id}")).await;
    owner.get(&format!("/login/{id}/step-up")).await;
    house.shows_card(Card::of("dkk-1", "Mustermann"));
    owner.identifies(id, "/step-up").await;
    assert_eq!(ordered(&house).await, [SecurityEvent::credential("eid", Change::Create)]);
}
