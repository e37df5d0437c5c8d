//! Clients that registered themselves and change: what is in force until an operator looked at it.

use http::StatusCode;
use serde_json::{Value, json};
use siegel_db::Db;
use siegel_identity::app::approve_clients::{self, Approval, digest};
use siegel_identity::app::initial_access::{self, Wanted};
use siegel_identity::app::manage_clients::{self, Became, ManageError, Operator};
use siegel_identity::domain::client::{Environment, ManagedBy};
use siegel_identity::registration_config::RegistrationConfig;
use siegel_identity::store::{clients, proposals};
use siegel_testkit::on_each_backend;

use crate::registration::{
    APPROVAL, BACK, ada, approve, asks, initial, metadata, open, registers, send, wanted, with,
};
use crate::world::{Answer, World, encoded, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    what_an_approved_client_changes_waits_and_the_old_registration_holds,
    an_operator_rejects_a_change_and_nothing_happened,
    a_change_that_came_after_the_look_is_not_approved_with_it,
    a_client_for_tests_changes_at_once,
    four_eyes_hold_for_clients_that_register_themselves,
    a_client_cannot_get_rid_of_what_an_operator_proposed,
    asking_for_what_is_registered_takes_a_proposal_back,
}

const OTHER: &str = "https://neu.example/other";

/// A client that was let in.
async fn approved(world: &World) -> Answer {
    let token = initial(world, 1).await;
    let made = registers(world, &token, metadata()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    approve(world, &made.text("client_id")).await;
    made
}

fn moved(made: &Answer) -> Value {
    with(&json!({"client_id": made.text("client_id"), "redirect_uris": [BACK, OTHER]}))
}

async fn puts(world: &World, told: &Answer, body: &Value) -> Answer {
    let path = format!("/register/{}", told.text("client_id"));
    send(world, "PUT", &path, &told.text("registration_access_token"), body).await
}

async fn goes(world: &World, id: &str, back: &str) -> StatusCode {
    let asked = request([("client_id", id), ("redirect_uri", back)]);
    world.get(&format!("/authorize?{}", encoded(&asked))).await.status
}

async fn decides(
    world: &World,
    id: &str,
    seen: Option<&str>,
    name: &str,
) -> Result<Became, ManageError> {
    let by = Operator::new(name).unwrap();
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let approval = Approval { client_id: id, seen, by: &by };
    let done = approve_clients::approve(&world.state, &mut tx, approval, world.now()).await;
    tx.commit().await.unwrap();
    done
}

async fn proposed(world: &World, id: &str) -> Option<String> {
    let mut tx = world.state.outside.db.read().await.unwrap();
    let found = proposals::find(&mut tx, id).await.unwrap();
    found.map(|p| digest(p.client.as_ref()))
}

async fn what_an_approved_client_changes_waits_and_the_old_registration_holds(db: Db) {
    let world = open(db, APPROVAL).await;
    let made = approved(&world).await;
    let id = made.text("client_id");
    let told = puts(&world, &made, &moved(&made)).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{}", told.body);
    assert_eq!(told.json()["redirect_uris"], json!([BACK]), "what is in force");
    assert_eq!(told.json()["siegel_pending_change"]["redirect_uris"], json!([BACK, OTHER]));
    assert_eq!(asks(&world, &id).await, StatusCode::SEE_OTHER, "it goes on working");
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
    let path = format!("/register/{id}");
    let token = told.text("registration_access_token");
    let shown = send(&world, "GET", &path, &token, &json!({})).await;
    assert_eq!(shown.json()["siegel_pending_change"]["redirect_uris"], json!([BACK, OTHER]));

    assert_eq!(decides(&world, &id, None, "bob").await.unwrap(), Became::Updated);
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::SEE_OTHER);
    let shown = send(&world, "GET", &path, &token, &json!({})).await;
    assert_eq!(shown.status, StatusCode::OK, "it goes on managing itself");
    assert_eq!(shown.json().get("siegel_pending_change"), None);
    let mut tx = world.state.outside.db.read().await.unwrap();
    let registered = clients::registration(&mut tx, &id).await.unwrap().unwrap();
    assert_eq!(registered.from, ManagedBy::Dynamic);
    drop(tx);
    let kinds = world.audited().await;
    for kind in ["proposed", "changed"] {
        assert!(kinds.contains(&(format!("identity.client.{kind}"), "done".into())), "{kind}");
    }
}

async fn an_operator_rejects_a_change_and_nothing_happened(db: Db) {
    let world = open(db, APPROVAL).await;
    let made = approved(&world).await;
    let id = made.text("client_id");
    puts(&world, &made, &moved(&made)).await;
    let reject = async || {
        let mut tx = world.state.outside.db.begin().await.unwrap();
        let done = approve_clients::reject(&mut tx, &id, &ada(), world.now()).await;
        tx.commit().await.unwrap();
        done
    };
    assert_eq!(reject().await.unwrap(), Became::Rejected);
    assert!(matches!(reject().await, Err(ManageError::NothingWaits(_))));
    let late = decides(&world, &id, None, "bob").await;
    assert!(matches!(late, Err(ManageError::NothingWaits(_))));
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
    assert_eq!(asks(&world, &id).await, StatusCode::SEE_OTHER);
}

async fn a_change_that_came_after_the_look_is_not_approved_with_it(db: Db) {
    let world = open(db, APPROVAL).await;
    let made = approved(&world).await;
    let id = made.text("client_id");
    let harmless = with(&json!({"client_id": id, "client_name": "Neuer"}));
    let told = puts(&world, &made, &harmless).await;
    let seen = proposed(&world, &id).await.unwrap();
    puts(&world, &told, &moved(&made)).await;
    let refused = decides(&world, &id, Some(&seen), "bob").await;
    assert!(matches!(refused, Err(ManageError::Changed(_))), "{refused:?}");
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
    let seen = proposed(&world, &id).await.unwrap();
    assert_eq!(decides(&world, &id, Some(&seen), "bob").await.unwrap(), Became::Updated);
}

async fn a_client_for_tests_changes_at_once(db: Db) {
    let world = open(db, APPROVAL).await;
    let test = Wanted { environment: Environment::Test, ..wanted(1, 1) };
    let token = initial_access::create(&world.state, &test, &ada()).await.unwrap().1;
    let made = registers(&world, &token, metadata()).await;
    let id = made.text("client_id");
    approve(&world, &id).await;
    let told = puts(&world, &made, &moved(&made)).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::SEE_OTHER);
    let mut tx = world.state.outside.db.read().await.unwrap();
    let client = clients::find(&mut tx, &id).await.unwrap().unwrap();
    assert_eq!(client.environment, Environment::Test, "and stays one");
}

async fn four_eyes_hold_for_clients_that_register_themselves(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let world = world.with_settings(|config| config.four_eyes = true);
    let token = initial(&world, 1).await;
    let made = registers(&world, &token, metadata()).await;
    let id = made.text("client_id");
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST, "nobody looked at it");
    approve(&world, &id).await;
    assert_eq!(asks(&world, &id).await, StatusCode::SEE_OTHER);
    assert_eq!(puts(&world, &made, &moved(&made)).await.status, StatusCode::ACCEPTED);
}

async fn a_client_cannot_get_rid_of_what_an_operator_proposed(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let world = world.with_settings(|config| config.four_eyes = true);
    let made = approved(&world).await;
    let id = made.text("client_id");
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let became =
        manage_clients::remove(&world.state, &mut tx, &id, &ada(), world.now()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(became, Became::Proposed);
    for body in [with(&json!({"client_id": id})), moved(&made)] {
        assert_eq!(puts(&world, &made, &body).await.error(), "access_denied");
    }
    assert_eq!(decides(&world, &id, None, "bob").await.unwrap(), Became::Removed);
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST);
}

async fn asking_for_what_is_registered_takes_a_proposal_back(db: Db) {
    let world = open(db, APPROVAL).await;
    let made = approved(&world).await;
    let id = made.text("client_id");
    let told = puts(&world, &made, &moved(&made)).await;
    let same = with(&json!({"client_id": id}));
    assert_eq!(puts(&world, &told, &same).await.status, StatusCode::OK);
    assert_eq!(proposed(&world, &id).await, None);
}
