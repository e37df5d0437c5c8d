use std::sync::atomic::Ordering;
use std::time::Duration;

use siegel_db::{Db, events};
use siegel_kernel::AccountId;
use siegel_proto::account::v1::GetAccountRequest;
use siegel_testkit::on_each_backend;
use tonic::Code;

use crate::office::{Office, TABLES, opening, reason};

on_each_backend! { super::TABLES =>
    a_new_account_has_its_confirmed_address_and_level_basic,
    notification_learns_the_address_even_if_it_was_down,
    opening_twice_with_one_request_opens_once,
    an_open_account_is_not_opened_again,
    an_account_of_a_person_from_elsewhere_has_no_address,
    the_same_request_id_for_another_account_is_refused,
    a_bad_address_or_locale_opens_nothing,
    the_stored_rows_do_not_show_the_address,
    the_opening_is_announced_and_audited,
    an_account_that_is_not_open_is_unknown,
}

async fn a_new_account_has_its_confirmed_address_and_level_basic(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let found = office.person(account).get_account(GetAccountRequest {}).await.unwrap();
    let found = found.into_inner();
    assert_eq!(found.account_id, account.to_string());
    assert_eq!(found.proven_level, 1);
    assert_eq!(found.display_name, "erika@example.org");
}

async fn notification_learns_the_address_even_if_it_was_down(db: Db) {
    let mut office = Office::open(db).await;
    office.contacts.failures.store(2, Ordering::SeqCst);
    let account = office.account("erika@example.org").await;
    for attempt in 1..=2 {
        office.contacts.wait_for(attempt).await;
        office.advance_until_retried(attempt).await;
    }
    let calls = office.contacts.wait_for(3).await;
    let [first, _, contact] = &calls[..] else { unreachable!("three calls") };
    assert_eq!(first, contact, "the same order with the same id");
    assert_eq!(contact.recipient, account.to_string());
    assert_eq!((contact.email.as_str(), contact.locale.as_str()), ("erika@example.org", "de"));
}

async fn opening_twice_with_one_request_opens_once(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    office.registry.open_account(opening(account, "erika@example.org")).await.unwrap();
    assert_eq!(office.count("SELECT COUNT(*) FROM attributes").await, 1);
    assert_eq!(office.count("SELECT COUNT(*) FROM audit").await, 1);
}

async fn an_account_of_a_person_from_elsewhere_has_no_address(db: Db) {
    let mut office = Office::open(db).await;
    let id = AccountId::new(office.clock.as_ref(), office.entropy.as_ref()).unwrap();
    office.registry.open_account(opening(id, "")).await.unwrap();
    assert_eq!(office.count("SELECT COUNT(*) FROM accounts").await, 1);
    assert_eq!(office.count("SELECT COUNT(*) FROM attributes").await, 0);
    assert_eq!(office.count("SELECT COUNT(*) FROM outbox").await, 0, "nobody is to be notified");
}

async fn an_open_account_is_not_opened_again(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let mut again = opening(account, "other@example.org");
    again.request_id = "other".into();
    let status = office.registry.open_account(again).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_EXISTS"));
}

async fn the_same_request_id_for_another_account_is_refused(db: Db) {
    let mut office = Office::open(db).await;
    let account = office.account("erika@example.org").await;
    let status = office.registry.open_account(opening(account, "e@example.org")).await;
    let status = status.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
}

async fn a_bad_address_or_locale_opens_nothing(db: Db) {
    let mut office = Office::open(db).await;
    let id = AccountId::new(office.clock.as_ref(), office.entropy.as_ref()).unwrap();
    let mut french = opening(id, "erika@example.org");
    french.locale = "fr".into();
    for bad in [opening(id, "erika\r\nBcc: x@example.org"), opening(id, "erika"), french] {
        let status = office.registry.open_account(bad).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("INVALID_FIELD"));
    }
    assert_eq!(office.count("SELECT COUNT(*) FROM accounts").await, 0);
    assert_eq!(office.count("SELECT COUNT(*) FROM requests").await, 0);
}

async fn the_stored_rows_do_not_show_the_address(db: Db) {
    let mut office = Office::open(db).await;
    office.account("erika@example.org").await;
    let value = "SELECT COUNT(*) FROM attributes WHERE CAST(value AS TEXT) LIKE '%erika%'";
    let outbox = "SELECT COUNT(*) FROM outbox WHERE CAST(payload AS TEXT) LIKE '%erika%'";
    let (value, outbox) = match office.db {
        Db::Sqlite { .. } => (value, outbox),
        Db::Postgres(_) => (
            "SELECT COUNT(*) FROM attributes WHERE encode(value, 'escape') LIKE '%erika%'",
            "SELECT COUNT(*) FROM outbox WHERE encode(payload, 'escape') LIKE '%erika%'",
        ),
    };
    assert_eq!((office.count(value).await, office.count(outbox).await), (0, 0));
}

async fn the_opening_is_announced_and_audited(db: Db) {
    let mut office = Office::open(db.clone()).await;
    let account = office.account("erika@example.org").await;
    let waiting = async {
        loop {
            let seen = events::after(&db, "accounts", 0, 10).await.unwrap();
            if seen.len() == 2 {
                return seen;
            }
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
    let kinds: Vec<&str> = seen.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["account.opened", "contact.changed"]);
    let payload = String::from_utf8(seen.into_iter().next().unwrap().payload).unwrap();
    assert_eq!(payload, format!(r#"{{"account_id":"{account}"}}"#));
    assert_eq!(office.audit().await, [("account.account.opened".into(), "done".into())]);
    let named = "SELECT COUNT(*) FROM audit WHERE actor = 'service:identity' \
        AND subject LIKE 'aud_%'";
    assert_eq!(office.count(named).await, 1, "the account appears under its pseudonym");
}

async fn an_account_that_is_not_open_is_unknown(db: Db) {
    let office = Office::open(db).await;
    let nobody = AccountId::new(office.clock.as_ref(), office.entropy.as_ref()).unwrap();
    let status = office.person(nobody).get_account(GetAccountRequest {}).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
}
