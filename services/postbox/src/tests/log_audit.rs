//! Five ways to rewrite history. Each is found twice: by an audit where it was done in the
//! database, and, where the operator went on to make log, files and checkpoints fit, by whoever
//! remembers a checkpoint.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_grpc::Caller;
use siegel_log::{Checkpoint, Hash, NoteVerifier, verify_consistency};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::{Claims, TYP};
use siegel_testkit::on_each_backend;

use super::world::World;
use crate::app::log::{AuditError, Difference, audit_log};
use crate::domain::{LetterId, MailboxId};
use crate::store::evidence::EvidenceRow;

on_each_backend! { &crate::MIGRATIONS =>
    an_honest_log_has_no_differences,
    a_changed_byte_of_evidence_is_found,
    a_dropped_row_is_found,
    swapped_rows_are_found,
    a_back_dated_row_is_found_even_when_it_is_signed_again,
    a_forked_log_is_found,
    damage_to_the_published_files_is_found,
    a_checkpoint_that_was_not_signed_by_the_log_is_found,
    evidence_that_was_kept_from_the_log_is_found,
    a_changed_or_dropped_mailbox_head_is_found,
    an_audit_with_another_key_finds_every_checkpoint_forged,
}

/// A postbox with three letters in its log (for each `accepted`, `provided`, the head of the
/// mailbox, `opened`), and the checkpoint that somebody remembers.
async fn remembered(db: Db) -> (World, String) {
    let world = World::new(db).await;
    for request_id in ["r1", "r2", "r3"] {
        let done = world.deliver(request_id, |_| {}).await;
        world.open(&done.letter_id).await.unwrap();
        world.postbox.sequence().await.unwrap();
    }
    let note = world.postbox.checkpoint().await.unwrap();
    (world, note)
}

async fn audit(world: &World, remembered: &[&String]) -> Vec<Difference> {
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let notes: Vec<String> = remembered.iter().map(|note| (*note).clone()).collect();
    audit_log(&config, &world.db, None, &notes).await.unwrap().differences
}

async fn run(world: &World, sql: &'static str) {
    async fn change(tx: &mut Tx, sql: &'static str) -> Result<u64, StoreError> {
        Ok(on!(tx, c => sqlx::query(sql).execute(c).await?.rows_affected()))
    }
    let mut tx = world.db.begin().await.unwrap();
    assert!(change(&mut tx, sql).await.unwrap() > 0, "{sql}");
    tx.commit().await.unwrap();
}

async fn logged(tx: &mut Tx) -> Result<Vec<EvidenceRow>, StoreError> {
    const SQL: &str = "SELECT e.mailbox_id, e.letter_id, e.number, e.id, e.kind, e.jws, \
        e.leaf_salt, e.leaf, e.key_id, e.event_at_us, e.recorded_at_us FROM log_leaves l \
        JOIN evidence e ON e.mailbox_id = l.mailbox_id AND e.letter_id = l.letter_id \
            AND e.number = l.number ORDER BY l.log_index";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
}

async fn store(tx: &mut Tx, row: &EvidenceRow) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE evidence SET jws = $4, leaf = $5, recorded_at_us = $6 \
        WHERE mailbox_id = $1 AND letter_id = $2 AND number = $3";
    on!(tx, c => sqlx::query(SQL)
        .bind(row.mailbox_id).bind(row.letter_id).bind(row.number).bind(&row.jws)
        .bind(&row.leaf).bind(row.recorded_at).execute(c).await?.rows_affected());
    Ok(())
}

#[derive(sqlx::FromRow)]
struct LeafRow {
    mailbox_id: MailboxId,
    letter_id: LetterId,
    number: i64,
    leaf: Vec<u8>,
}

/// The leaves in their order, but for those of which there is nothing left.
async fn kept_leaves(tx: &mut Tx) -> Result<Vec<LeafRow>, StoreError> {
    const SQL: &str = "SELECT l.mailbox_id, l.letter_id, l.number, l.leaf FROM log_leaves l \
        WHERE EXISTS (SELECT 1 FROM evidence e WHERE e.letter_id = l.letter_id \
            AND e.number = l.number) \
        OR EXISTS (SELECT 1 FROM mailbox_heads h WHERE h.leaf = l.leaf) ORDER BY l.log_index";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
}

async fn put_leaf(tx: &mut Tx, row: &LeafRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO log_leaves (mailbox_id, letter_id, number, leaf) \
        VALUES ($1, $2, $3, $4)";
    on!(tx, c => sqlx::query(SQL)
        .bind(row.mailbox_id).bind(row.letter_id).bind(row.number).bind(&row.leaf)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// What an operator with all keys does to hide a change: leaves made anew from the evidence, log,
/// files and checkpoints from the beginning.
async fn made_to_fit(world: &World) {
    let mut tx = world.db.begin().await.unwrap();
    let mut rows = logged(&mut tx).await.unwrap();
    for row in &mut rows {
        row.leaf = siegel_receipt::leaf(&row.leaf_salt, &row.jws).to_vec();
        store(&mut tx, row).await.unwrap();
    }
    let mut leaves = kept_leaves(&mut tx).await.unwrap();
    for leaf in &mut leaves {
        let own = rows.iter().find(|r| r.letter_id == leaf.letter_id && r.number == leaf.number);
        if let Some(own) = own {
            leaf.leaf.clone_from(&own.leaf);
        }
    }
    tx.commit().await.unwrap();
    run(world, "DELETE FROM log_leaves").await;
    run(world, "DELETE FROM log_checkpoints").await;
    let edge = "UPDATE log_head SET assigned = 0, published = 0, edge = SUBSTR(edge, 1, 0)";
    run(world, edge).await;
    std::fs::remove_dir_all(world.dir.path().join("objects/log")).unwrap();
    let mut tx = world.db.begin().await.unwrap();
    for leaf in &leaves {
        put_leaf(&mut tx, leaf).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.deliver("later", |_| {}).await;
    world.postbox.sequence().await.unwrap();
}

/// Whether the log goes on from the checkpoint that a client remembers.
async fn goes_on_from(world: &World, note: &str) -> bool {
    let key = NoteVerifier::parse(&world.postbox.log_key().unwrap()).unwrap();
    let old = Checkpoint::open(note, &key).unwrap();
    let from_size = i64::try_from(old.size).unwrap();
    let request = pb::GetConsistencyProofRequest { from_size, to_size: 0 };
    let answer = world.evidence(Caller::Anyone).get_consistency_proof(request).await;
    let Ok(found) = answer.map(tonic::Response::into_inner) else { return false };
    let new = Checkpoint::open(&found.checkpoint, &key).unwrap();
    let proof: Vec<Hash> =
        found.proof.iter().map(|step| step.as_slice().try_into().unwrap()).collect();
    verify_consistency((old.size, &old.root), (new.size, &new.root), &proof).is_ok()
}

/// The operator made everything fit: only what is remembered still tells.
async fn assert_only_memory_tells(world: &World, note: &String) {
    assert!(!goes_on_from(world, note).await, "a client that remembers is not fooled");
    let found = audit(world, &[note]).await;
    let told = |d: &Difference| matches!(d, Difference::Forked { .. } | Difference::Cut { .. });
    assert!(found.iter().any(told), "{found:?}");
}

fn has(found: &[Difference], wanted: impl Fn(&Difference) -> bool) {
    assert!(found.iter().any(wanted), "{found:?}");
}

async fn an_honest_log_has_no_differences(db: Db) {
    let (world, note) = remembered(db).await;
    assert_eq!(audit(&world, &[&note]).await, []);
    // What has no place yet is no difference.
    world.deliver("r4", |_| {}).await;
    assert_eq!(audit(&world, &[&note]).await, []);
    world.postbox.sequence().await.unwrap();
    assert_eq!(audit(&world, &[&note]).await, []);
    assert!(goes_on_from(&world, &note).await);
    // A log made anew from the same evidence is the same log: nothing is found but what differs.
    made_to_fit(&world).await;
    assert_eq!(audit(&world, &[&note]).await, []);
    assert!(goes_on_from(&world, &note).await);
}

async fn a_changed_byte_of_evidence_is_found(db: Db) {
    let (world, note) = remembered(db).await;
    run(
        &world,
        "UPDATE evidence SET jws = SUBSTR(jws, 1, LENGTH(jws) - 3) \
            || CASE SUBSTR(jws, LENGTH(jws) - 2, 1) WHEN 'x' THEN 'y' ELSE 'x' END \
            || SUBSTR(jws, LENGTH(jws) - 1) WHERE number = 2 AND letter_id = \
            (SELECT letter_id FROM log_leaves WHERE log_index = 1)",
    )
    .await;
    let found = audit(&world, &[&note]).await;
    has(&found, |d| matches!(d, Difference::EvidenceChanged { index: 1, number: 2, .. }));
    has(&found, |d| matches!(d, Difference::EvidenceForged { index: 1, number: 2, .. }));
    has(&found, |d| matches!(d, Difference::ChainBroken { number: 3, .. }));
    has(&found, |d| matches!(d, Difference::HeadBroken { .. }));
    assert_eq!(found.len(), 4, "{found:?}");
    made_to_fit(&world).await;
    assert_only_memory_tells(&world, &note).await;
}

async fn a_dropped_row_is_found(db: Db) {
    let (world, note) = remembered(db).await;
    run(
        &world,
        "DELETE FROM evidence WHERE number = 3 AND letter_id = \
            (SELECT letter_id FROM log_leaves WHERE log_index = 3)",
    )
    .await;
    let found = audit(&world, &[]).await;
    has(&found, |d| matches!(d, Difference::EvidenceMissing { index: 3, number: 3, .. }));
    has(&found, |d| matches!(d, Difference::Miscounted { number: 3, .. }));
    run(&world, "DELETE FROM log_leaves WHERE log_index = 3").await;
    let found = audit(&world, &[]).await;
    has(&found, |d| matches!(d, Difference::PlaceMissing { index: 3 }));
    made_to_fit(&world).await;
    assert_only_memory_tells(&world, &note).await;
}

async fn swapped_rows_are_found(db: Db) {
    let (world, note) = remembered(db).await;
    for sql in [
        "UPDATE log_leaves SET log_index = -1 WHERE log_index = 0",
        "UPDATE log_leaves SET log_index = 0 WHERE log_index = 3",
        "UPDATE log_leaves SET log_index = 3 WHERE log_index = -1",
    ] {
        run(&world, sql).await;
    }
    let found = audit(&world, &[]).await;
    for index in [0, 3] {
        has(&found, |d| *d == Difference::EntryDiffers { index });
    }
    has(&found, |d| *d == Difference::RootDiffers { size: 4 });
    has(&found, |d| matches!(d, Difference::TileDiffers { .. }));
    made_to_fit(&world).await;
    assert_eq!(audit(&world, &[]).await, [], "without a memory it would pass");
    assert_only_memory_tells(&world, &note).await;
}

async fn a_back_dated_row_is_found_even_when_it_is_signed_again(db: Db) {
    let (world, note) = remembered(db).await;
    // In the row alone.
    run(
        &world,
        "UPDATE evidence SET recorded_at_us = recorded_at_us - 86400000000 WHERE number = 3 AND \
            letter_id = (SELECT letter_id FROM log_leaves WHERE log_index = 11)",
    )
    .await;
    let found = audit(&world, &[]).await;
    let field = "recorded time";
    has(&found, |d| matches!(d, Difference::RowDiffers { index: 11, field: f, .. } if *f == field));
    assert_eq!(found.len(), 1, "{found:?}");
    // In the receipt too, by somebody with the signing key.
    let mut tx = world.db.begin().await.unwrap();
    let mut row = logged(&mut tx).await.unwrap().pop().unwrap();
    let payload = siegel_crypto::b64::decode(row.jws.split('.').nth(1).unwrap()).unwrap();
    let mut claims: Claims = serde_json::from_slice(&payload).unwrap();
    claims.iat = row.recorded_at.as_seconds();
    claims.events.values_mut().next().unwrap().recorded_time = row.recorded_at.to_rfc3339();
    row.jws = {
        let key = world.postbox.notary.key_at(row.recorded_at).unwrap().signer.as_ref();
        siegel_crypto::sign_token(key, Some(TYP), &claims).unwrap()
    };
    row.leaf = siegel_receipt::leaf(&row.leaf_salt, &row.jws).to_vec();
    store(&mut tx, &row).await.unwrap();
    tx.commit().await.unwrap();
    let found = audit(&world, &[]).await;
    has(&found, |d| matches!(d, Difference::EvidenceChanged { index: 11, number: 3, .. }));
    has(&found, |d| matches!(d, Difference::BackDated { index: 11, .. }));
    made_to_fit(&world).await;
    let found = audit(&world, &[]).await;
    has(&found, |d| matches!(d, Difference::BackDated { index: 11, .. }));
    assert_only_memory_tells(&world, &note).await;
}

async fn a_forked_log_is_found(db: Db) {
    let (world, note) = remembered(db).await;
    // The same log with another last letter, shown to somebody else.
    run(&world, "DELETE FROM evidence WHERE letter_id = (SELECT letter_id FROM log_leaves WHERE log_index = 8)").await;
    run(&world, "DELETE FROM letters WHERE evidence_count = 3 AND id NOT IN (SELECT letter_id FROM evidence)").await;
    run(
        &world,
        "DELETE FROM mailbox_heads WHERE letter_id NOT IN (SELECT letter_id FROM evidence)",
    )
    .await;
    run(&world, "UPDATE mailboxes SET letters = letters - 1 WHERE letters = 3").await;
    made_to_fit(&world).await;
    world.deliver("another", |_| {}).await;
    world.postbox.sequence().await.unwrap();
    assert_eq!(audit(&world, &[]).await, [], "without a memory it would pass");
    let found = audit(&world, &[&note]).await;
    assert_eq!(found, [Difference::Forked { size: 12 }]);
    assert!(!goes_on_from(&world, &note).await);
}

async fn damage_to_the_published_files_is_found(db: Db) {
    let (world, _) = remembered(db).await;
    let log = world.dir.path().join("objects/log/tile");
    let mut tile = std::fs::read(log.join("0/000.p/12")).unwrap();
    tile[40] ^= 1;
    std::fs::write(log.join("0/000.p/12"), tile).unwrap();
    std::fs::remove_file(log.join("entries/000.p/12")).unwrap();
    let found = audit(&world, &[]).await;
    let damaged = Difference::TileDamaged { path: "tile/entries/000.p/12".into() };
    let differs = Difference::TileDiffers { path: "tile/0/000.p/12".into() };
    assert_eq!(found, [damaged, differs]);
}

async fn a_checkpoint_that_was_not_signed_by_the_log_is_found(db: Db) {
    let (world, _) = remembered(db).await;
    run(&world, "UPDATE log_checkpoints SET note = REPLACE(note, 'log', 'lag') WHERE size = 8")
        .await;
    assert_eq!(audit(&world, &[]).await, [Difference::CheckpointForged { size: 8 }]);
    run(&world, "DELETE FROM log_checkpoints WHERE size > 4").await;
    assert_eq!(audit(&world, &[]).await, [Difference::CheckpointMissing { size: 12 }]);
}

async fn evidence_that_was_kept_from_the_log_is_found(db: Db) {
    let (world, _) = remembered(db).await;
    world.deliver("r4", |_| {}).await;
    run(&world, "DELETE FROM log_leaves WHERE log_index IS NULL AND number = 2").await;
    let found = audit(&world, &[]).await;
    assert!(matches!(found.as_slice(), [Difference::Unlogged { number: 2, .. }]), "{found:?}");
}

async fn an_audit_with_another_key_finds_every_checkpoint_forged(db: Db) {
    let (world, note) = remembered(db).await;
    let config = crate::Config::in_directory(world.dir.path(), Vec::new());
    let key = NoteVerifier::new("localhost:8080/log", [9; 32]).unwrap().to_string();
    let report = audit_log(&config, &world.db, Some(&key), &[]).await.unwrap();
    let forged = |d: &Difference| matches!(d, Difference::CheckpointForged { .. });
    assert!(report.differences.iter().all(forged));
    assert_eq!((report.differences.len(), report.entries, report.checkpoints), (3, 12, 3));
    let refused = audit_log(&config, &world.db, Some(&key), &[note]).await.unwrap_err();
    assert!(matches!(refused, AuditError::Remembered(_)), "{refused}");
}

async fn a_changed_or_dropped_mailbox_head_is_found(db: Db) {
    let (world, _) = remembered(db).await;
    run(&world, "UPDATE mailbox_heads SET head = content_digest WHERE sequence = 2").await;
    let found = audit(&world, &[]).await;
    has(&found, |d| matches!(d, Difference::HeadChanged { index: 6, .. }));
    let broken = found.iter().filter(|d| matches!(d, Difference::HeadBroken { .. })).count();
    assert_eq!((broken, found.len()), (2, 3), "it and the one after it: {found:?}");
    run(&world, "DELETE FROM mailbox_heads WHERE sequence > 1").await;
    let found = audit(&world, &[]).await;
    for index in [6, 10] {
        has(&found, |d| matches!(d, Difference::HeadMissing { index: i, .. } if *i == index));
    }
    has(&found, |d| matches!(d, Difference::HeadsMiscounted { letters: 3, .. }));
    assert_eq!(found.len(), 3, "{found:?}");
}
