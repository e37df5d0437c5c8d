//! Operators who prove who they are.

use std::sync::Arc;
use std::time::Duration;

use siegel_config::Profile;
use siegel_crypto::SigningKey;
use siegel_db::Db;
use siegel_identity::Config;
use siegel_identity::app::approve_clients::{Approval, approve, digest};
use siegel_identity::app::manage_clients::{self, Became, ManageError, Operator};
use siegel_identity::app::operators::{LIFETIME, OperatorError, Request, admit, sign};
use siegel_identity::domain::client::Client;
use siegel_identity::operator_config::OperatorConfig;
use siegel_identity::store::proposals::{self, Proposal};
use siegel_testkit::on_each_backend;

use crate::world::{CALLBACK, ORIGIN, World};

on_each_backend! { &siegel_identity::MIGRATIONS =>
    without_operators_in_the_settings_a_name_suffices_and_proves_nothing,
    with_operators_nobody_acts_on_a_name,
    a_statement_is_good_for_one_command_once_and_not_for_long,
    four_eyes_are_two_keys,
    what_was_proposed_without_a_proof_is_not_approved,
    production_approves_by_keys_only,
}

/// A world with two operators, and their keys.
async fn world(db: Db) -> (World, SigningKey, SigningKey) {
    let keys = [SigningKey::generate().unwrap(), SigningKey::generate().unwrap()];
    let operator = |name: &str, key: &SigningKey| OperatorConfig {
        name: name.to_owned(),
        jwk: serde_json::to_value(key.public_jwk()).unwrap(),
    };
    let all = vec![operator("ada", &keys[0]), operator("bob", &keys[1])];
    let mut world = World::new(db).await;
    let config = Config::clone(&world.state.config);
    world.state.config = Arc::new(Config { operators: all, four_eyes: true, ..config });
    let [ada, bob] = keys;
    (world, ada, bob)
}

fn command(words: &[&str]) -> Request {
    Request(words.iter().map(|word| word.as_bytes().to_vec()).collect())
}

fn signed(world: &World, key: &SigningKey, name: &str, request: &Request) -> String {
    sign(key, name, ORIGIN, world.fresh(), request, world.now()).unwrap()
}

async fn proven(world: &World, key: &SigningKey, name: &str) -> Operator {
    let request = command(&["clients put", name]);
    let statement = signed(world, key, name, &request);
    admit(&world.state, name, Some(&statement), &request).await.unwrap()
}

fn client() -> Client {
    Client {
        tenant: "musterstadt".into(),
        redirect_uris: vec![CALLBACK.into()],
        scopes: vec!["openid".into()],
        ..Client::named("neu")
    }
}

async fn puts(world: &World, by: &Operator) -> Became {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let now = world.now();
    let became = manage_clients::put(&world.state, &mut tx, &client(), by, now).await.unwrap();
    tx.commit().await.unwrap();
    became
}

async fn approves(world: &World, by: &Operator) -> Result<Became, ManageError> {
    let seen = digest(Some(&client()));
    approves_what(world, Some(&seen), by).await
}

async fn approves_what(
    world: &World,
    seen: Option<&str>,
    by: &Operator,
) -> Result<Became, ManageError> {
    let mut tx = world.state.outside.db.begin().await.unwrap();
    let approval = Approval { client_id: "neu", seen, by };
    let done = approve(&world.state, &mut tx, approval, world.now()).await;
    tx.commit().await.unwrap();
    done
}

async fn without_operators_in_the_settings_a_name_suffices_and_proves_nothing(db: Db) {
    let world = World::new(db).await;
    let by = admit(&world.state, "ada", None, &command(&["apply"])).await.unwrap();
    assert_eq!((by.key(), by.actor().as_str()), (None, "operator:ada unproven"));
    let bad = admit(&world.state, "a b", None, &command(&["apply"])).await;
    assert!(matches!(bad, Err(OperatorError::Name(_))));
}

async fn with_operators_nobody_acts_on_a_name(db: Db) {
    let (world, ada, bob) = world(db).await;
    let request = command(&["clients approve", "neu"]);
    let alone = admit(&world.state, "ada", None, &request).await;
    assert!(matches!(alone, Err(OperatorError::NotProven)));
    let of_bob = signed(&world, &bob, "ada", &request);
    let refused = admit(&world.state, "ada", Some(&of_bob), &request).await;
    assert!(matches!(refused, Err(OperatorError::Statement(_))), "{refused:?}");
    let as_bob = signed(&world, &ada, "ada", &request);
    let refused = admit(&world.state, "bob", Some(&as_bob), &request).await;
    assert!(matches!(refused, Err(OperatorError::Statement(_))), "{refused:?}");
    let stranger = signed(&world, &ada, "eve", &request);
    let refused = admit(&world.state, "eve", Some(&stranger), &request).await;
    assert!(matches!(refused, Err(OperatorError::Unknown(_))));
    let by = proven(&world, &ada, "ada").await;
    assert_eq!((by.key(), by.actor().as_str()), (Some(ada.kid()), "operator:ada"));
    let all = world.audited().await;
    for outcome in ["OPERATOR_NOT_PROVEN", "STATEMENT_SIGNATURE", "OPERATOR_UNKNOWN", "done"] {
        let line = ("identity.operator.admitted".to_owned(), outcome.to_owned());
        assert!(all.contains(&line), "{outcome}");
    }
}

async fn a_statement_is_good_for_one_command_once_and_not_for_long(db: Db) {
    let (world, ada, _) = world(db).await;
    let (one, other) = (command(&["clients approve", "a"]), command(&["clients approve", "b"]));
    let statement = signed(&world, &ada, "ada", &one);
    let refused = admit(&world.state, "ada", Some(&statement), &other).await;
    assert!(matches!(refused, Err(OperatorError::AnotherCommand)));
    // Words run together are another command.
    let joined =
        admit(&world.state, "ada", Some(&statement), &command(&["clients approvea"])).await;
    assert!(matches!(joined, Err(OperatorError::AnotherCommand)));
    let mut replica = world.replica();
    replica.state.config = world.state.config.clone();
    assert!(admit(&world.state, "ada", Some(&statement), &one).await.is_ok());
    let again = admit(&replica.state, "ada", Some(&statement), &one).await;
    assert!(matches!(again, Err(OperatorError::Replayed)), "at another process too");

    let elsewhere = "https://konto.example";
    let foreign = sign(&ada, "ada", elsewhere, world.fresh(), &one, world.now()).unwrap();
    let refused = admit(&world.state, "ada", Some(&foreign), &one).await;
    assert!(matches!(refused, Err(OperatorError::NotForThis)));
    let late = signed(&world, &ada, "ada", &one);
    let early = world.now().plus(Duration::from_mins(10));
    let early = sign(&ada, "ada", ORIGIN, world.fresh(), &one, early).unwrap();
    world.clock.advance(LIFETIME);
    for statement in [late, early] {
        let refused = admit(&world.state, "ada", Some(&statement), &one).await;
        assert!(matches!(refused, Err(OperatorError::NotForThis)));
    }
}

async fn four_eyes_are_two_keys(db: Db) {
    let (world, ada, bob) = world(db).await;
    let first = proven(&world, &ada, "ada").await;
    assert_eq!(puts(&world, &first).await, Became::Proposed);
    let alone = approves(&world, &first).await;
    assert!(matches!(alone, Err(ManageError::SameOperator(..))));
    let named = Operator::new("bob").unwrap();
    let named = approves(&world, &named).await;
    assert!(matches!(named, Err(ManageError::NotProven(..))), "{named:?}");
    // The settings may call the key another name by now.
    let mut renamed = world.replica();
    let mut config = Config::clone(&world.state.config);
    "ada2".clone_into(&mut config.operators[0].name);
    renamed.state.config = Arc::new(config);
    let again = proven(&renamed, &ada, "ada2").await;
    let same = approves(&renamed, &again).await;
    assert!(matches!(same, Err(ManageError::SameOperator(..))), "{same:?}");
    let second = proven(&world, &bob, "bob").await;
    let blind = approves_what(&world, None, &second).await;
    assert!(matches!(blind, Err(ManageError::NoDigest(_))), "{blind:?}");
    assert_eq!(approves(&world, &second).await.unwrap(), Became::Created);
}

async fn what_was_proposed_without_a_proof_is_not_approved(db: Db) {
    let (world, ada, bob) = world(db).await;
    let (client_id, by) = ("neu".to_owned(), "ada".to_owned());
    let old = Proposal { client_id, client: Some(client()), by, key: None, at: world.now() };
    let mut tx = world.state.outside.db.begin().await.unwrap();
    proposals::put(&mut tx, &old).await.unwrap();
    tx.commit().await.unwrap();
    let second = proven(&world, &bob, "bob").await;
    let refused = approves(&world, &second).await;
    assert!(matches!(refused, Err(ManageError::NotProven(..))));
    // Proposed again, with a proof.
    assert_eq!(puts(&world, &proven(&world, &ada, "ada").await).await, Became::Proposed);
    assert_eq!(approves(&world, &second).await.unwrap(), Became::Created);
}

async fn production_approves_by_keys_only(db: Db) {
    let mut world = World::new(db).await;
    let config = Config::clone(&world.state.config);
    world.state.config = Arc::new(Config { four_eyes: true, ..config });
    world.state.outside.profile = Profile::Production;
    assert_eq!(puts(&world, &Operator::new("ada").unwrap()).await, Became::Proposed);
    let refused = approves(&world, &Operator::new("bob").unwrap()).await;
    assert!(matches!(refused, Err(ManageError::NoOperators(_))));
    world.state.outside.profile = Profile::Sandbox;
    let done = approves(&world, &Operator::new("bob").unwrap()).await;
    assert_eq!(done.unwrap(), Became::Created);
}
