//! The service as its sibling and its person see it, on both databases.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use siegel_config::Profile;
use siegel_db::Db;
use siegel_grpc::{Outside, reason};
use siegel_proto::eid::v1::{FetchIdentificationRequest, Outcome, StartIdentificationRequest};
use siegel_testkit::{TestClock, on_each_backend};
use tonic::Code;

use super::*;
use house::{House, RETURN, identify, refused_as, surroundings};

mod house;

on_each_backend! { &crate::MIGRATIONS =>
    the_person_identifies_and_the_sibling_gets_what_it_asked_for_once,
    a_cancelled_identification_says_so_and_nothing_else,
    the_third_wrong_pin_ends_the_identification,
    expired_and_blocked_cards_fail,
    a_session_answers_nobody_after_ten_minutes,
    a_result_is_only_for_the_sibling_that_started_it,
    a_result_is_only_for_the_browser_the_card_was_read_in_front_of,
    a_result_is_not_there_before_the_person_is_done,
    an_ended_page_cannot_be_used_again,
    a_form_without_its_token_changes_nothing,
    the_page_says_who_asks_for_what_and_that_it_is_a_simulation,
    a_repeated_start_gives_the_same_session_and_another_content_is_refused,
    malformed_orders_name_the_field_and_store_nothing,
    two_fetches_at_once_give_one_result,
    expired_sessions_are_deleted,
    every_step_leaves_its_audit_line_without_personal_data,
}

async fn the_person_identifies_and_the_sibling_gets_what_it_asked_for_once(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    let (status, to, _) = house.answers(&path, &identify("erika")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(to.starts_with(&format!("{RETURN}&eid_session={id}&eid_ticket=")), "{to}");
    let got = house.fetches(&id).await.unwrap();
    assert_eq!(got.outcome(), Outcome::Identified);
    assert_eq!((got.level, got.source.as_str()), (4, "simulated"));
    let attributes: Vec<_> = got.attributes.iter().map(|a| (&*a.name, &*a.value)).collect();
    assert_eq!(attributes, [("family_name", "Mustermann"), ("birth_name", "Gabler")]);
    assert!(got.pseudonym.len() == 43 && got.identified_at.is_some());
    assert_eq!(refused_as(house.fetches(&id).await), "EID_SESSION_UNKNOWN");
}

async fn a_cancelled_identification_says_so_and_nothing_else(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    let (status, to, _) = house.answers(&path, "action=cancel&persona=erika&pin=123456").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(to.starts_with(&format!("{RETURN}&eid_session={id}&eid_ticket=")), "{to}");
    let got = house.fetches(&id).await.unwrap();
    assert_eq!((got.outcome(), got.level), (Outcome::Cancelled, 0));
    assert!(got.pseudonym.is_empty() && got.attributes.is_empty());
}

async fn the_third_wrong_pin_ends_the_identification(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    let wrong = "action=identify&persona=erika&pin=000000";
    let (status, _, html) = house.answers(&path, wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(html.contains("noch 2 Versuche"), "{html}");
    let malformed = "action=identify&persona=erika&pin=12";
    assert!(house.answers(&path, malformed).await.2.contains("sechs Ziffern"), "costs no try");
    assert!(house.answers(&path, wrong).await.2.contains("noch einen Versuch"));
    assert_eq!(house.answers(&path, wrong).await.0, StatusCode::SEE_OTHER);
    assert_eq!(house.fetches(&id).await.unwrap().outcome(), Outcome::Failed);
}

async fn expired_and_blocked_cards_fail(db: Db) {
    let house = House::new(db).await;
    for persona in ["karl", "berta"] {
        let (id, path) = house.starts(|r| persona.clone_into(&mut r.request_id)).await;
        assert_eq!(house.answers(&path, &identify(persona)).await.0, StatusCode::SEE_OTHER);
        let got = house.fetches(&id).await.unwrap();
        assert_eq!((got.outcome(), got.pseudonym.as_str()), (Outcome::Failed, ""));
    }
}

async fn a_session_answers_nobody_after_ten_minutes(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    house.answers(&path, &identify("erika")).await;
    let (_, waiting) = house.starts(|r| "r2".clone_into(&mut r.request_id)).await;
    house.clock.advance(Duration::from_mins(10));
    assert_eq!(refused_as(house.fetches(&id).await), "EID_SESSION_UNKNOWN");
    assert_eq!(house.opens(&waiting).await.0, StatusCode::GONE);
}

async fn a_result_is_only_for_the_sibling_that_started_it(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    house.answers(&path, &identify("erika")).await;
    let ticket = house.ticket.lock().unwrap().clone();
    let request = FetchIdentificationRequest { session_id: id.clone(), ticket };
    let other = house.client_of("portal").fetch_identification(request).await;
    assert_eq!(refused_as(other), "EID_SESSION_UNKNOWN");
    assert!(house.fetches(&id).await.is_ok(), "and it is still there");
}

async fn a_result_is_only_for_the_browser_the_card_was_read_in_front_of(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    house.answers(&path, &identify("erika")).await;
    for ticket in ["", "guessed"] {
        let request =
            FetchIdentificationRequest { session_id: id.clone(), ticket: ticket.to_owned() };
        let lured = house.client_of("identity").fetch_identification(request).await;
        assert_eq!(refused_as(lured), "EID_SESSION_UNKNOWN");
    }
    assert!(house.fetches(&id).await.is_ok(), "and it is still there");
}

async fn a_result_is_not_there_before_the_person_is_done(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    assert_eq!(refused_as(house.fetches(&id).await), "EID_SESSION_OPEN");
    house.answers(&path, &identify("erika")).await;
    assert!(house.fetches(&id).await.is_ok(), "asking too early spoils nothing");
    assert_eq!(house.fetches("erika").await.unwrap_err().code(), Code::InvalidArgument);
}

async fn an_ended_page_cannot_be_used_again(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    let (_, html, cookie) = house.opens(&path).await;
    let token = html.split("name=\"csrf_token\" value=\"").nth(1).unwrap().split('"').next();
    let form = |who: &str| format!("csrf_token={}&{}", token.unwrap(), identify(who));
    assert_eq!(house.posts(&path, &cookie, &form("erika")).await.0, StatusCode::SEE_OTHER);
    assert_eq!(house.posts(&path, &cookie, &form("max")).await.0, StatusCode::GONE);
    assert_eq!(house.opens(&path).await.0, StatusCode::GONE);
    let got = house.fetches(&id).await.unwrap();
    assert_eq!(got.attributes.len(), 2, "Erika's: Max has no birth name");
}

async fn a_form_without_its_token_changes_nothing(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    let (_, _, cookie) = house.opens(&path).await;
    assert_eq!(house.posts(&path, &cookie, &identify("erika")).await.0, StatusCode::FORBIDDEN);
    assert_eq!(refused_as(house.fetches(&id).await), "EID_SESSION_OPEN");
}

async fn the_page_says_who_asks_for_what_and_that_it_is_a_simulation(db: Db) {
    let house = House::new(db).await;
    let (_, path) = house.starts(|r| "<b>Wohngeld</b>".clone_into(&mut r.purpose)).await;
    let (status, html, _) = house.opens(&path).await;
    assert_eq!(status, StatusCode::OK);
    for text in ["Simulation", "Stadt Musterstadt", "Familienname", "Geburtsname", "Pseudonym"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(html.contains("&#60;b&#62;Wohngeld") && !html.contains("<b>"), "{html}");
    assert!(!html.contains("Vornamen"), "not asked for");
    let english = path.replace("ui_locales=de", "ui_locales=en");
    assert!(house.opens(&english).await.1.contains("This data will be sent"));
}

async fn a_repeated_start_gives_the_same_session_and_another_content_is_refused(db: Db) {
    let house = House::new(db).await;
    let first = house.tries_to_start(|_| {}).await.unwrap();
    assert_eq!(house.tries_to_start(|_| {}).await.unwrap(), first);
    let other = house.tries_to_start(|r| "Anderes".clone_into(&mut r.purpose)).await;
    assert_eq!(refused_as(other), "REQUEST_ID_REUSED");
}

type Change = fn(&mut StartIdentificationRequest);

async fn malformed_orders_name_the_field_and_store_nothing(db: Db) {
    let house = House::new(db.clone()).await;
    let changes: [(&str, Change); 5] = [
        ("return_url", |r| "https://evil.example/".clone_into(&mut r.return_url)),
        ("attributes", |r| r.attributes.push("email".into())),
        ("purpose", |r| "a\nb".clone_into(&mut r.purpose)),
        ("locale", |r| "fr".clone_into(&mut r.locale)),
        ("request_id", |r| r.request_id.clear()),
    ];
    for (field, change) in changes {
        let status = house.tries_to_start(change).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
        assert!(status.message().contains(field), "{}", status.message());
    }
    assert_eq!(rows(&db).await, 0);
}

async fn two_fetches_at_once_give_one_result(db: Db) {
    let house = House::new(db).await;
    let (id, path) = house.starts(|_| {}).await;
    house.answers(&path, &identify("erika")).await;
    let (a, b) = tokio::join!(house.fetches(&id), house.fetches(&id));
    assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1);
}

async fn expired_sessions_are_deleted(db: Db) {
    let house = House::new(db.clone()).await;
    house.starts(|_| {}).await;
    house.clock.advance(Duration::from_mins(9));
    house.starts(|r| "r2".clone_into(&mut r.request_id)).await;
    house.clock.advance(Duration::from_mins(1));
    let app = App::new(&surroundings(db.clone(), house.clock.clone()), None).unwrap();
    assert_eq!(app.sweep().await.unwrap(), 1);
    assert_eq!(rows(&db).await, 1);
}

async fn every_step_leaves_its_audit_line_without_personal_data(db: Db) {
    let house = House::new(db.clone()).await;
    let (id, path) = house.starts(|_| {}).await;
    house.answers(&path, &identify("erika")).await;
    house.fetches(&id).await.unwrap();
    let mut tx = db.read().await.unwrap();
    let lines: Vec<(String, String, String)> = siegel_db::on!(&mut tx, c =>
        sqlx::query_as("SELECT kind, actor, detail || subject || outcome FROM audit ORDER BY id")
            .fetch_all(c).await.unwrap());
    let seen: Vec<_> = lines.iter().map(|(kind, actor, _)| (&**kind, &**actor)).collect();
    assert_eq!(
        seen,
        [
            ("eid.identification.started", "service:identity"),
            ("eid.identification.ended", "anyone"),
            ("eid.identification.fetched", "service:identity"),
        ]
    );
    assert!(!format!("{lines:?}").to_lowercase().contains("erika"));
    assert_eq!(rows(&db).await, 0, "nothing is kept");
}

async fn rows(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    siegel_db::on!(&mut tx, c =>
        sqlx::query_scalar("SELECT COUNT(*) FROM sessions").fetch_one(c).await.unwrap())
}

async fn sqlite() -> siegel_testkit::TestDb {
    siegel_testkit::test_db(siegel_testkit::Backend::Sqlite, &MIGRATIONS).await.unwrap()
}

#[tokio::test]
async fn production_refuses_the_simulated_card_and_makes_no_key() {
    let (db, keys) = (sqlite().await, tempfile::tempdir().unwrap());
    let file = keys.path().join("pseudonym-key");
    let config = Config {
        source: Source::Simulated,
        pseudonym_key_file: Some(file.clone()),
        ..Config::default()
    };
    let clock = Arc::new(TestClock::default());
    let outside = Outside { profile: Profile::Production, ..surroundings(db.db.clone(), clock) };
    let error = start(config, outside).await.err().unwrap().to_string();
    assert!(error.contains("`source` in [eid]"), "{error}");
    assert!(!file.exists());
}

#[tokio::test]
async fn without_a_source_there_is_no_page_and_a_start_says_why() {
    let db = sqlite().await;
    let (clock, keys) = (Arc::new(TestClock::default()), tempfile::tempdir().unwrap());
    let outside = surroundings(db.db.clone(), clock.clone());
    let running = start(Config::default(), outside).await.unwrap();
    let ticket = std::sync::Mutex::default();
    let house = House { running, clock, _keys: keys, ticket };
    assert_eq!(refused_as(house.tries_to_start(|_| {}).await), "EID_NOT_AVAILABLE");
    assert_eq!(house.opens("/eid/simulated/x").await.0, StatusCode::NOT_FOUND);
}

#[test]
fn both_languages_have_the_same_texts_and_every_text_that_is_asked_for() {
    let (de, en) = (include_str!("../locales/de/eid.ftl"), include_str!("../locales/en/eid.ftl"));
    siegel_web::testing::assert_same_keys(de, en);
    let sources = [include_str!("http/simulated.rs"), include_str!("../templates/simulated.html")];
    siegel_web::testing::assert_texts_exist(&sources, de);
    let keys = siegel_web::testing::keys(de);
    for claim in crate::domain::Claim::all() {
        assert!(keys.contains(&format!("claim-{claim}")), "{claim}");
    }
}

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_and_columns() {
    siegel_testkit::assert_same_schema(&MIGRATIONS).await;
}

#[test]
fn the_rules_know_neither_database_nor_network() {
    siegel_testkit::assert_domain_is_pure(env!("CARGO_MANIFEST_DIR"));
}
