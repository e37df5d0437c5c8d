//! Deleting an account: the owner's pages, and the saga behind them.

use http::StatusCode;
use siegel_db::{Db, columns, on};
use siegel_kernel::{AccountId, TrustLevel};
use siegel_proto::postbox::v1::CountOpenMattersResponse;
use siegel_testkit::on_each_backend;

use super::house::{Browser, Card, House, PASSWORD};
use crate::app::deletion::saga::{acknowledge, finish, round};
use crate::app::deletion::{feed, progress};
use crate::app::disable::{self, DisableError};
use crate::app::manage_clients::Operator;
use crate::domain::deletion::SERVICES;
use crate::store::deletions;

on_each_backend! { &crate::MIGRATIONS =>
    the_owner_is_asked_twice_and_then_logged_out_for_good,
    without_understanding_nothing_is_deleted,
    below_the_best_credential_a_step_up_comes_first,
    what_is_open_is_told_before,
    nobody_goes_on_while_the_postbox_cannot_say_what_is_open,
    a_deletion_that_waits_is_called_off_by_its_owner,
    a_deletion_that_waits_begins_when_its_time_has_come,
    notification_is_asked_when_all_others_have_answered,
    a_service_that_waits_is_asked_again_and_operators_see_for_what,
    nothing_names_the_account_once_all_have_answered,
    a_code_that_nobody_redeemed_goes_with_its_account,
    stopped_after_any_answer_the_deletion_ends_the_same,
    nobody_reopens_an_account_that_is_being_deleted,
    an_address_of_a_deleted_account_is_free,
}

const ERIKA: &str = "erika@example.org";
const PAGE: &str = "/login/credentials/delete";
const CONFIRM: &str = "/login/credentials/delete/confirm";

fn nothing_open(house: &House) {
    *house.siblings.open.lock().unwrap() = Some(CountOpenMattersResponse::default());
}

async fn account_of(house: &House, browser: &Browser<'_>) -> AccountId {
    house.session_of(browser).await.unwrap().1
}

/// Through all pages to the end.
async fn deletes(owner: &mut Browser<'_>) -> String {
    owner.get(PAGE).await;
    let next = owner.post(PAGE, &[]).await.location;
    assert_eq!(next, CONFIRM);
    owner.get(CONFIRM).await;
    owner.post(CONFIRM, &[("understood", "on")]).await.location
}

async fn with_deleted(db: Db) -> (House, AccountId) {
    let house = House::on(db);
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    assert_eq!(deletes(&mut owner).await, "/login/deleted");
    drop(owner);
    (house, account)
}

async fn open_for(house: &House, service: &str) -> Vec<AccountId> {
    deletions::open_for(&house.state.outside.db, service, 10).await.unwrap()
}

async fn is_finished(house: &House, account: AccountId) -> bool {
    progress(&house.state, account).await.unwrap().unwrap().0.finished_at.is_some()
}

async fn the_owner_is_asked_twice_and_then_logged_out_for_good(db: Db) {
    let house = House::on(db);
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let page = owner.get(PAGE).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("lässt sich nicht rückgängig machen"), "{}", page.body);
    assert!(!page.body.contains("noch offen"), "nothing is: {}", page.body);
    assert_eq!(deletes(&mut owner).await, "/login/deleted");
    assert_eq!(house.session_of(&owner).await, None);
    let over = owner.get("/login/deleted").await;
    assert!(over.body.contains("Ihr Konto wird gelöscht"), "{}", over.body);

    let id = house.asks(TrustLevel::Basic).await;
    let mut again = house.browser();
    again.get(&format!("/login/{id}")).await;
    assert_eq!(again.tries(id, ERIKA, PASSWORD).await.status, StatusCode::FORBIDDEN);
    house.delivers().await;
    let notices = house.siblings.notices.lock().unwrap().clone();
    assert_eq!(notices.last().unwrap().template().as_str_name(), "TEMPLATE_DELETION_ASKED");
}

async fn without_understanding_nothing_is_deleted(db: Db) {
    let house = House::on(db);
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    owner.get(CONFIRM).await;
    let page = owner.post(CONFIRM, &[]).await;
    assert!(page.body.contains("Bestätigen Sie"), "{}", page.body);
    assert!(progress(&house.state, account).await.unwrap().is_none());
    assert!(house.session_of(&owner).await.is_some());
}

async fn below_the_best_credential_a_step_up_comes_first(db: Db) {
    let house = House::on(db);
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    house.shows_card(Card::of("erika", "Mustermann"));
    let id = house.asks(TrustLevel::High).await;
    owner.get(&format!("/login/{id}")).await;
    owner.get(&format!("/login/{id}/step-up")).await;
    owner.identifies(id, "/step-up").await;
    assert_eq!(house.session_of(&owner).await.unwrap().2, TrustLevel::High);

    // Another browser has the password only.
    let id = house.asks(TrustLevel::Basic).await;
    let mut other = house.browser();
    other.get(&format!("/login/{id}")).await;
    other.logs_in(id, ERIKA).await;
    for page in [PAGE, CONFIRM] {
        let to = other.get(page).await;
        assert!(to.location.starts_with("/login/int_"), "{page}: {}", to.location);
    }
    other.get("/login/credentials").await;
    let forced = other.post(CONFIRM, &[("understood", "on")]).await;
    assert!(forced.location.starts_with("/login/int_"), "{}", forced.location);
    assert!(progress(&house.state, account).await.unwrap().is_none());
    let refused = ("identity.credential.refused".to_owned(), "TRUST_TOO_LOW".to_owned());
    assert!(house.audit().await.contains(&refused));
    assert_eq!(deletes(&mut owner).await, "/login/deleted");
}

async fn what_is_open_is_told_before(db: Db) {
    let house = House::on(db);
    let open = CountOpenMattersResponse {
        unopened: 3,
        legal_periods: 1,
        due: 2,
        held: 1,
        letters: 3,
        last_period_ends_at: Some(siegel_proto::convert::timestamp(
            siegel_kernel::Timestamp::from_seconds(1_790_000_000),
        )),
    };
    *house.siblings.open.lock().unwrap() = Some(open);
    let mut owner = house.has_account(ERIKA).await;
    let page = owner.get(PAGE).await.body;
    for said in ["noch offen", "3 Nachrichten", "läuft noch eine Frist", "auf Anordnung"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(page.contains("2026"), "the end of the last period: {page}");
}

async fn nobody_goes_on_while_the_postbox_cannot_say_what_is_open(db: Db) {
    let house = House::on(db);
    let mut owner = house.has_account(ERIKA).await;
    let page = owner.get(PAGE).await;
    assert!(page.status.is_server_error(), "{}", page.status);
}

async fn a_deletion_that_waits_is_called_off_by_its_owner(db: Db) {
    let cooling = serde_json::json!({"deletion": {"cooling_hours": 72}});
    let house = House::with(db, &cooling);
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    assert_eq!(deletes(&mut owner).await, PAGE);
    let page = owner.get(PAGE).await;
    assert!(page.body.contains("Konto behalten"), "{}", page.body);
    owner.later(60);
    round(&house.state).await.unwrap();
    assert!(house.session_of(&owner).await.is_some(), "it has not begun");
    let kept = owner.post("/login/credentials/delete/cancel", &[]).await.location;
    assert_eq!(kept, "/login/credentials?done=kept");
    assert!(progress(&house.state, account).await.unwrap().is_none());
    owner.later(80 * 3600);
    round(&house.state).await.unwrap();
    assert!(open_for(&house, "postbox").await.is_empty());
}

async fn a_deletion_that_waits_begins_when_its_time_has_come(db: Db) {
    let cooling = serde_json::json!({"deletion": {"cooling_hours": 72}});
    let house = House::with(db, &cooling);
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    deletes(&mut owner).await;
    owner.later(72 * 3600 - 1);
    round(&house.state).await.unwrap();
    assert!(open_for(&house, "account").await.is_empty());
    owner.later(1);
    round(&house.state).await.unwrap();
    assert_eq!(open_for(&house, "account").await, [account]);
    let id = house.asks(TrustLevel::Basic).await;
    let mut again = house.browser();
    again.get(&format!("/login/{id}")).await;
    assert_eq!(again.tries(id, ERIKA, PASSWORD).await.status, StatusCode::FORBIDDEN);
}

async fn notification_is_asked_when_all_others_have_answered(db: Db) {
    let (house, account) = with_deleted(db).await;
    for (service, _) in SERVICES.iter().filter(|(_, turn)| *turn == 1) {
        assert!(open_for(&house, "notification").await.is_empty(), "before {service}");
        assert_eq!(open_for(&house, service).await, [account]);
        acknowledge(&house.state, account, service, "").await.unwrap();
        assert!(open_for(&house, service).await.is_empty());
        assert!(!is_finished(&house, account).await);
    }
    assert_eq!(open_for(&house, "notification").await, [account]);
    acknowledge(&house.state, account, "notification", "").await.unwrap();
    assert!(is_finished(&house, account).await);
    assert!(open_for(&house, "notification").await.is_empty());
}

async fn a_service_that_waits_is_asked_again_and_operators_see_for_what(db: Db) {
    let (house, account) = with_deleted(db).await;
    acknowledge(&house.state, account, "postbox", "LEGAL_HOLD").await.unwrap();
    let mut told = feed::follow(&house.state, "postbox", "").await.unwrap();
    let first = tokio_stream::StreamExt::next(&mut told).await.unwrap().unwrap();
    assert_eq!(first.account_id, account.to_string());
    let steps = progress(&house.state, account).await.unwrap().unwrap().1;
    let postbox = steps.iter().find(|s| s.service == "postbox").unwrap();
    assert_eq!((postbox.waits_for.as_str(), postbox.done_at), ("LEGAL_HOLD", None));
    // It is asked about again after those of which nothing was said yet.
    let mut other = house.has_account("next@example.org").await;
    let next = account_of(&house, &other).await;
    assert_eq!(deletes(&mut other).await, "/login/deleted");
    drop(other);
    assert_eq!(open_for(&house, "postbox").await, [next, account]);
    for (service, _) in SERVICES.iter().filter(|(name, _)| *name != "postbox") {
        acknowledge(&house.state, account, service, "").await.unwrap();
    }
    round(&house.state).await.unwrap();
    finish(&house.state, account).await.unwrap();
    assert!(!is_finished(&house, account).await, "the postbox has not answered");
    acknowledge(&house.state, account, "postbox", "").await.unwrap();
    assert!(is_finished(&house, account).await);
}

/// Every value of every table, as bytes.
async fn everything(db: &Db) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for column in columns(db).await.unwrap() {
        let (table, name) = (&column.table_name, &column.column_name);
        let sqlite = format!("SELECT CAST({name} AS BLOB) FROM {table} WHERE {name} IS NOT NULL");
        let postgres = format!(
            "SELECT convert_to({name}::text, 'UTF8') FROM {table} WHERE {name} IS NOT NULL"
        );
        let sql =
            sqlx::AssertSqlSafe(if matches!(db, Db::Sqlite { .. }) { sqlite } else { postgres });
        let mut tx = db.read().await.unwrap();
        let values: Vec<Vec<u8>> =
            on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await.unwrap());
        found.extend(values.into_iter().map(|value| (format!("{table}.{name}"), value)));
    }
    found
}

fn naming(all: &[(String, Vec<u8>)], account: AccountId) -> Vec<String> {
    let id = account.as_uuid();
    let forms = [
        id.as_bytes().to_vec(),
        id.simple().to_string().into_bytes(),
        id.hyphenated().to_string().into_bytes(),
    ];
    let holds =
        |value: &[u8]| forms.iter().any(|f| value.windows(f.len()).any(|w| w == f.as_slice()));
    all.iter().filter(|(_, value)| holds(value)).map(|(place, _)| place.clone()).collect()
}

async fn nothing_names_the_account_once_all_have_answered(db: Db) {
    let (house, account) = with_deleted(db.clone()).await;
    let before = naming(&everything(&db).await, account);
    assert!(before.contains(&"accounts.id".to_owned()), "the search finds: {before:?}");
    for (service, _) in SERVICES {
        acknowledge(&house.state, account, service, "").await.unwrap();
    }
    let left = naming(&everything(&db).await, account);
    assert!(left.is_empty(), "{left:?}");
    let kinds: Vec<String> = house.audit().await.into_iter().map(|(kind, _)| kind).collect();
    for kind in ["identity.deletion.asked", "identity.deletion.begun", "identity.account.deleted"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind}: {kinds:?}");
    }
}

async fn a_code_that_nobody_redeemed_goes_with_its_account(db: Db) {
    let house = House::on(db.clone());
    nothing_open(&house);
    let mut owner = house.has_account(ERIKA).await;
    let account = account_of(&house, &owner).await;
    let id = house.asks(TrustLevel::Basic).await;
    // Nothing has to be asked: the code comes at once.
    let done = owner.get(&format!("/login/{id}")).await;
    assert!(done.location.contains("code="), "{} {}", done.status, done.location);
    deletes(&mut owner).await;
    let before = naming(&everything(&db).await, account);
    assert!(before.contains(&"codes.context".to_owned()), "the search finds: {before:?}");
    for (service, _) in SERVICES {
        acknowledge(&house.state, account, service, "").await.unwrap();
    }
    let left = naming(&everything(&db).await, account);
    assert!(left.is_empty(), "{left:?}");
}

async fn stopped_after_any_answer_the_deletion_ends_the_same(db: Db) {
    let (house, account) = with_deleted(db.clone()).await;
    for (service, _) in SERVICES {
        // The answer is lost and said again, to another process.
        acknowledge(&house.state, account, service, "").await.unwrap();
        let replica = house.replica();
        acknowledge(&replica.state, account, service, "").await.unwrap();
        round(&replica.state).await.unwrap();
    }
    round(&house.state).await.unwrap();
    finish(&house.state, account).await.unwrap();
    assert!(is_finished(&house, account).await);
    assert!(naming(&everything(&db).await, account).is_empty());
    let ended = house.audit().await;
    let ended = ended.iter().filter(|(kind, _)| kind == "identity.account.deleted").count();
    assert_eq!(ended, 1);
}

async fn nobody_reopens_an_account_that_is_being_deleted(db: Db) {
    let (house, account) = with_deleted(db).await;
    let ada = Operator::new("ada").unwrap();
    let refused = disable::enable(&house.state, account, &ada).await.unwrap_err();
    assert!(matches!(refused, DisableError::BeingDeleted));
}

async fn an_address_of_a_deleted_account_is_free(db: Db) {
    let (house, account) = with_deleted(db).await;
    for (service, _) in SERVICES {
        acknowledge(&house.state, account, service, "").await.unwrap();
    }
    let owner = house.has_account(ERIKA).await;
    assert_ne!(account_of(&house, &owner).await, account);
}
