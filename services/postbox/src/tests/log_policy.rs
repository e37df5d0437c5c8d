//! `siegel log audit --policy`: an auditor who asks for witnesses.

use std::time::Duration;

use siegel_crypto::Ed25519Key;
use siegel_db::{Db, on};
use siegel_log::{NoteVerifier, Policy, SignedNote, Witness, cosign};
use siegel_testkit::on_each_backend;

use super::world::World;
use crate::app::log::{AuditError, Brought, Difference, Report, audit_log_with};

on_each_backend! { &crate::MIGRATIONS =>
    a_log_that_enough_witnesses_cosigned_has_no_differences,
    too_few_cosignatures_are_a_difference_once_the_witnesses_had_time,
    entries_behind_what_the_witnesses_saw_are_a_difference,
    a_policy_about_another_log_audits_nothing,
    without_a_policy_no_witness_is_asked_for,
}

const NAMES: [(&str, u8); 3] = [("w1.example", 1), ("w2.example", 2), ("w3.example", 3)];
const MINUTES: Duration = Duration::from_mins(2);

fn key(seed: u8) -> Ed25519Key {
    Ed25519Key::from_seed(&[seed; 32]).unwrap()
}

/// Two of three witnesses, of a log.
fn policy(log: &str) -> Policy {
    let witness = |(name, seed): (&str, u8)| {
        format!("witness {name} {}\n", Witness::new(name, *key(seed).public_key()).unwrap())
    };
    let witnesses: String = NAMES.into_iter().map(witness).collect();
    let names = NAMES.map(|(name, _)| name).join(" ");
    Policy::parse(&format!("log {log}\n{witnesses}group two 2 {names}\nquorum two\n")).unwrap()
}

async fn grown(world: &World, request_id: &str) {
    world.deliver(request_id, |_| {}).await;
    world.postbox.sequence().await.unwrap();
}

/// The first witnesses sign the newest checkpoint.
async fn cosigned(world: &World, count: usize) {
    const SQL: &str = "UPDATE log_checkpoints SET note = $1 \
        WHERE size = (SELECT MAX(size) FROM log_checkpoints)";
    let mut note = SignedNote::parse(&world.postbox.checkpoint().await.unwrap()).unwrap();
    for (name, seed) in NAMES.into_iter().take(count) {
        cosign(&mut note, name, &key(seed), 1_741_256_100).unwrap();
    }
    let mut tx = world.db.begin().await.unwrap();
    put(&mut tx, SQL, &note.to_string()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn put(
    tx: &mut siegel_db::Tx,
    sql: &'static str,
    note: &str,
) -> Result<(), siegel_db::StoreError> {
    on!(tx, c => sqlx::query(sql).bind(note).execute(c).await?.rows_affected());
    Ok(())
}

async fn audit(world: &World, policy: Option<&Policy>) -> Result<Report, AuditError> {
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let at = world.postbox.now().recorded;
    let brought = Brought { witnesses: policy.map(|policy| (policy, at)), ..Brought::default() };
    audit_log_with(&config, &world.db, &brought).await
}

async fn a_log_that_enough_witnesses_cosigned_has_no_differences(db: Db) {
    let world = World::new(db).await;
    grown(&world, "r1").await;
    cosigned(&world, 2).await;
    world.clock.advance(MINUTES);
    let report = audit(&world, Some(&policy(&world.postbox.log_key().unwrap()))).await.unwrap();
    assert_eq!((report.cosigned, report.differences.as_slice()), (Some(3), [].as_slice()));
}

async fn too_few_cosignatures_are_a_difference_once_the_witnesses_had_time(db: Db) {
    let world = World::new(db).await;
    grown(&world, "r1").await;
    cosigned(&world, 1).await;
    let policy = policy(&world.postbox.log_key().unwrap());
    let report = audit(&world, Some(&policy)).await.unwrap();
    assert_eq!((report.cosigned, report.differences.len()), (Some(0), 0), "they are being asked");
    world.clock.advance(MINUTES);
    let report = audit(&world, Some(&policy)).await.unwrap();
    assert_eq!(report.differences, [Difference::TooFewWitnesses { size: 3, vouched: 0 }]);
}

async fn entries_behind_what_the_witnesses_saw_are_a_difference(db: Db) {
    let world = World::new(db).await;
    grown(&world, "r1").await;
    cosigned(&world, 3).await;
    grown(&world, "r2").await;
    world.clock.advance(MINUTES);
    let report = audit(&world, Some(&policy(&world.postbox.log_key().unwrap()))).await.unwrap();
    assert_eq!(report.differences, [Difference::TooFewWitnesses { size: 6, vouched: 3 }]);
}

async fn a_policy_about_another_log_audits_nothing(db: Db) {
    let world = World::new(db).await;
    grown(&world, "r1").await;
    let own = world.postbox.log_key().unwrap();
    let name = own.split('+').next().unwrap();
    for other in ["other.example/log", name] {
        let other = NoteVerifier::new(other, [9; 32]).unwrap().to_string();
        let policy = policy(&other);
        let config = crate::Config::in_directory(world.dir.path(), Vec::new());
        let at = world.postbox.now().recorded;
        let brought = Brought { key: Some(&own), remembered: &[], witnesses: Some((&policy, at)) };
        let refused = audit_log_with(&config, &world.db, &brought).await.unwrap_err();
        assert!(matches!(refused, AuditError::OtherPolicy), "{refused}");
    }
}

async fn without_a_policy_no_witness_is_asked_for(db: Db) {
    let world = World::new(db).await;
    grown(&world, "r1").await;
    world.clock.advance(MINUTES);
    let report = audit(&world, None).await.unwrap();
    assert_eq!((report.cosigned, report.differences.len()), (None, 0));
}
