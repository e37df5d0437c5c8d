//! Clients that registered themselves and change: what is in force until an operator looked at it.

use http::StatusCode;
use serde_json::{Value, json};
use siegel_config::Profile;
use siegel_crypto::SigningKey;
use siegel_db::Db;
use siegel_identity::app::approve_clients::{self, Approval};
use siegel_identity::app::initial_access::{self, Wanted};
use siegel_identity::app::manage_clients::{self, Became, ManageError, Operator};
use siegel_identity::app::operators::{Request, admit, sign};
use siegel_identity::domain::client::{Environment, ManagedBy};
use siegel_identity::operator_config::OperatorConfig;
use siegel_identity::registration_config::RegistrationConfig;
use siegel_identity::store::clients;
use siegel_testkit::on_each_backend;

use crate::registration::{
    APPROVAL, BACK, ada, approve, asks, initial, metadata, open, registers, send, waiting, wanted,
    with,
};
use crate::world::{Answer, ORIGIN, World, encoded, request};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    what_an_approved_client_changes_waits_and_the_old_registration_holds,
    an_operator_rejects_a_change_and_nothing_happened,
    a_change_that_came_after_the_look_is_not_approved_with_it,
    four_eyes_let_a_client_for_tests_change_at_once,
    with_approval_a_client_for_tests_waits_as_well,
    what_a_client_says_is_approved_only_by_its_digest,
    who_made_the_token_does_not_approve_its_client_alone,
    another_name_for_the_key_that_made_the_token_is_no_second_operator,
    production_lets_no_client_in_by_a_name_alone,
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

/// A client that registered itself with a token for tests.
async fn for_tests(world: &World) -> Answer {
    let test = Wanted { environment: Environment::Test, ..wanted(1, 1) };
    let token = initial_access::create(&world.state, &test, &ada()).await.unwrap().1;
    registers(world, &token, metadata()).await
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

    let seen = waiting(&world, &id).await;
    assert_eq!(decides(&world, &id, seen.as_deref(), "bob").await.unwrap(), Became::Updated);
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
    let seen = waiting(&world, &id).await.unwrap();
    puts(&world, &told, &moved(&made)).await;
    let refused = decides(&world, &id, Some(&seen), "bob").await;
    assert!(matches!(refused, Err(ManageError::Changed(_))), "{refused:?}");
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
    let seen = waiting(&world, &id).await.unwrap();
    assert_eq!(decides(&world, &id, Some(&seen), "bob").await.unwrap(), Became::Updated);
}

async fn four_eyes_let_a_client_for_tests_change_at_once(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let world = world.with_settings(|config| config.four_eyes = true);
    let made = for_tests(&world).await;
    let id = made.text("client_id");
    let told = puts(&world, &made, &moved(&made)).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.body);
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::SEE_OTHER);
    let mut tx = world.state.outside.db.read().await.unwrap();
    let client = clients::find(&mut tx, &id).await.unwrap().unwrap();
    assert_eq!(client.environment, Environment::Test, "and stays one");
}

async fn with_approval_a_client_for_tests_waits_as_well(db: Db) {
    let world = open(db, APPROVAL).await;
    let made = for_tests(&world).await;
    let id = made.text("client_id");
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST);
    approve(&world, &id).await;
    let told = puts(&world, &made, &moved(&made)).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{}", told.body);
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
    // Who made the token may approve it: this is no four eyes.
    let seen = waiting(&world, &id).await;
    assert_eq!(decides(&world, &id, seen.as_deref(), "ada").await.unwrap(), Became::Updated);
}

async fn what_a_client_says_is_approved_only_by_its_digest(db: Db) {
    let world = open(db, APPROVAL).await;
    let token = initial(&world, 1).await;
    let made = registers(&world, &token, metadata()).await;
    let id = made.text("client_id");
    let blind = decides(&world, &id, None, "bob").await;
    assert!(matches!(blind, Err(ManageError::NoDigest(_))), "{blind:?}");
    let text = blind.unwrap_err().to_string();
    assert!(text.contains("--digest"), "{text}");
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST);
    approve(&world, &id).await;
    assert_eq!(puts(&world, &made, &moved(&made)).await.status, StatusCode::ACCEPTED);
    let blind = decides(&world, &id, None, "bob").await;
    assert!(matches!(blind, Err(ManageError::NoDigest(_))), "{blind:?}");
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
}

async fn who_made_the_token_does_not_approve_its_client_alone(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let world = world.with_settings(|config| config.four_eyes = true);
    let token = initial(&world, 1).await;
    let made = registers(&world, &token, metadata()).await;
    let id = made.text("client_id");
    let by = async |name: &str| {
        let seen = waiting(&world, &id).await;
        decides(&world, &id, seen.as_deref(), name).await
    };
    let alone = by("ada").await;
    assert!(matches!(alone, Err(ManageError::SameOperator(..))), "{alone:?}");
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST);
    assert_eq!(by("bob").await.unwrap(), Became::Approved);
    let told = puts(&world, &made, &moved(&made)).await;
    assert_eq!(told.status, StatusCode::ACCEPTED, "{}", told.body);
    let alone = by("ada").await;
    assert!(matches!(alone, Err(ManageError::SameOperator(..))), "{alone:?}");
    assert_eq!(goes(&world, &id, OTHER).await, StatusCode::BAD_REQUEST);
    assert_eq!(by("bob").await.unwrap(), Became::Updated);
    let again = puts(&world, &told, &with(&json!({"client_id": id}))).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.body);
    let alone = by("ada").await;
    assert!(matches!(alone, Err(ManageError::SameOperator(..))), "after changes too: {alone:?}");
}

/// An operator whose key proved it, where the settings call the key so.
async fn proven(world: &World, key: &SigningKey, name: &str) -> Operator {
    let request = Request(vec![b"any".to_vec()]);
    let statement = sign(key, name, ORIGIN, world.fresh(), &request, world.now()).unwrap();
    admit(&world.state, name, Some(&statement), &request).await.unwrap()
}

async fn another_name_for_the_key_that_made_the_token_is_no_second_operator(db: Db) {
    let (ada, bob) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let operator = |name: &str, key: &SigningKey| OperatorConfig {
        name: name.to_owned(),
        jwk: serde_json::to_value(key.public_jwk()).unwrap(),
    };
    let all = vec![operator("ada", &ada), operator("bob", &bob)];
    let world = open(db, RegistrationConfig::default()).await.with_settings(|config| {
        config.four_eyes = true;
        config.operators = all;
    });
    let maker = proven(&world, &ada, "ada").await;
    let token = initial_access::create(&world.state, &wanted(1, 1), &maker).await.unwrap().1;
    let made = registers(&world, &token, metadata()).await;
    let id = made.text("client_id");
    let world = world.with_settings(|config| "ada2".clone_into(&mut config.operators[0].name));
    let seen = waiting(&world, &id).await;
    let approves = async |by: &Operator, seen: Option<&str>| {
        let mut tx = world.state.outside.db.begin().await.unwrap();
        let approval = Approval { client_id: &id, seen, by };
        let done = approve_clients::approve(&world.state, &mut tx, approval, world.now()).await;
        tx.commit().await.unwrap();
        done
    };
    let renamed = proven(&world, &ada, "ada2").await;
    let alone = approves(&renamed, seen.as_deref()).await;
    assert!(matches!(alone, Err(ManageError::SameOperator(..))), "{alone:?}");
    let second = proven(&world, &bob, "bob").await;
    let blind = approves(&second, None).await;
    assert!(matches!(blind, Err(ManageError::NoDigest(_))), "{blind:?}");
    assert_eq!(approves(&second, seen.as_deref()).await.unwrap(), Became::Approved);
}

async fn production_lets_no_client_in_by_a_name_alone(db: Db) {
    let world = open(db, RegistrationConfig::default()).await;
    let mut world = world.with_settings(|config| config.four_eyes = true);
    let token = initial(&world, 1).await;
    let made = registers(&world, &token, metadata()).await;
    let id = made.text("client_id");
    world.state.outside.profile = Profile::Production;
    let seen = waiting(&world, &id).await;
    let refused = decides(&world, &id, seen.as_deref(), "bob").await;
    assert!(matches!(refused, Err(ManageError::NoOperators(_))), "{refused:?}");
    assert_eq!(asks(&world, &id).await, StatusCode::BAD_REQUEST);
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
    assert_eq!(waiting(&world, &id).await, None);
}
