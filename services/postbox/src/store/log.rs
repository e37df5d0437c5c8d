//! The public log: leaves in the order of their places, how far it is, what was signed.

use siegel_db::rows::{self, Insert, Rule};
use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::{LetterId, MailboxId};
use crate::store::evidence::EvidenceRow;

/// How far the log is.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HeadRow {
    /// `name+id+key`; empty before the log's first start.
    pub verifier_key: String,
    pub assigned: i64,
    pub published: i64,
    pub edge: Vec<u8>,
}

/// A signed head.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckpointRow {
    pub size: i64,
    pub root: Vec<u8>,
    pub note: String,
    #[sqlx(rename = "signed_at_us")]
    pub signed_at: Timestamp,
}

/// The leaf of an entry, in the entry's transaction.
pub async fn enqueue(tx: &mut Tx, e: &EvidenceRow) -> Result<(), StoreError> {
    add_leaf(tx, (e.mailbox_id, e.letter_id, e.number), &e.leaf).await
}

/// Lets a leaf wait for its place; number 0 is that of a mailbox's head.
pub async fn add_leaf(
    tx: &mut Tx,
    (mailbox, letter, number): (MailboxId, LetterId, i64),
    leaf: &[u8],
) -> Result<(), StoreError> {
    const LEAVES: Insert = Insert {
        table: "log_leaves",
        columns: &["mailbox_id", "letter_id", "number", "leaf"],
        rule: Rule::Plain,
    };
    let row = vec![mailbox.as_uuid().into(), letter.as_uuid().into(), number.into(), leaf.into()];
    rows::insert(tx, LEAVES, row).await
}

pub async fn head(tx: &mut Tx) -> Result<HeadRow, StoreError> {
    const SQL: &str = "SELECT verifier_key, assigned, published, edge FROM log_head WHERE id = 1";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_one(c).await?))
}

/// Gives the log its name and key, once; the key it has.
pub async fn name(tx: &mut Tx, verifier_key: &str) -> Result<String, StoreError> {
    const SQL: &str = "UPDATE log_head SET verifier_key = $1 WHERE id = 1 AND verifier_key = ''";
    on!(&mut *tx, c => sqlx::query(SQL).bind(verifier_key).execute(c).await?.rows_affected());
    Ok(head(tx).await?.verifier_key)
}

/// Whether there is anything for the sequencer to do.
pub async fn behind(db: &Db) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT CAST(CASE WHEN \
            EXISTS (SELECT 1 FROM log_leaves WHERE log_index IS NULL) \
            OR EXISTS (SELECT 1 FROM log_head WHERE published < assigned) \
            OR NOT EXISTS (SELECT 1 FROM log_checkpoints) \
        THEN 1 ELSE 0 END AS BIGINT)";
    let mut tx = db.read().await?;
    let behind: i64 = on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_one(c).await?);
    Ok(behind == 1)
}

/// Gives up to `limit` waiting leaves their places, in the order in which they were written;
/// how many. The one row of `log_head` serialises those who try at the same time.
pub async fn assign(tx: &mut Tx, limit: i64) -> Result<i64, StoreError> {
    const LOCK: &str = "UPDATE log_head SET assigned = assigned WHERE id = 1 RETURNING assigned";
    const NUMBER: &str = "UPDATE log_leaves SET log_index = waiting.place + $1 \
        FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place \
            FROM (SELECT id FROM log_leaves WHERE log_index IS NULL ORDER BY id LIMIT $2) AS oldest) \
        AS waiting WHERE log_leaves.id = waiting.id";
    const DONE: &str = "UPDATE log_head SET assigned = $1 WHERE id = 1";
    let before: i64 = on!(&mut *tx, c => sqlx::query_scalar(LOCK).fetch_one(c).await?);
    let count = on!(&mut *tx, c => sqlx::query(NUMBER)
        .bind(before).bind(limit).execute(c).await?.rows_affected());
    let count = i64::try_from(count).map_err(|_| StoreError::corrupt("log_leaves"))?;
    on!(tx, c => sqlx::query(DONE).bind(before + count).execute(c).await?.rows_affected());
    Ok(count)
}

/// The leaves of the places `from..to`.
pub async fn leaves(tx: &mut Tx, from: i64, to: i64) -> Result<Vec<Vec<u8>>, StoreError> {
    const SQL: &str = "SELECT leaf FROM log_leaves \
        WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(from).bind(to).fetch_all(c).await?))
}

/// Publishes a checkpoint over the one at `before`; `false` when somebody else published since.
pub async fn publish(
    tx: &mut Tx,
    before: i64,
    edge: &[u8],
    row: &CheckpointRow,
) -> Result<bool, StoreError> {
    const MOVE: &str = "UPDATE log_head SET published = $2, edge = $3 \
        WHERE id = 1 AND published = $1 AND assigned >= $2";
    const KEEP: &str = "INSERT INTO log_checkpoints (size, root, note, signed_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING";
    let moved = on!(&mut *tx, c => sqlx::query(MOVE)
        .bind(before).bind(row.size).bind(edge).execute(c).await?.rows_affected());
    if moved == 0 {
        return Ok(false);
    }
    let kept = on!(tx, c => sqlx::query(KEEP)
        .bind(row.size).bind(&row.root).bind(&row.note).bind(row.signed_at)
        .execute(c).await?.rows_affected());
    Ok(kept == 1)
}

pub async fn checkpoint(tx: &mut Tx, size: i64) -> Result<Option<CheckpointRow>, StoreError> {
    const SQL: &str = "SELECT size, root, note, signed_at_us FROM log_checkpoints WHERE size = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(size).fetch_optional(c).await?))
}

/// Place of a leaf; `None` for one that is not in the log, or not yet.
pub async fn index_of(tx: &mut Tx, leaf: &[u8]) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "SELECT log_index FROM log_leaves WHERE leaf = $1 AND log_index IS NOT NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(leaf).fetch_optional(c).await?))
}

/// Entries under the newest checkpoint that was signed by then; 0 before the first.
pub async fn size_at(tx: &mut Tx, by: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT size FROM log_checkpoints WHERE signed_at_us <= $1 \
        ORDER BY signed_at_us DESC LIMIT 1";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL).bind(by)
        .fetch_optional(c).await?);
    Ok(found.unwrap_or(0))
}

/// Up to where partial tiles are removed.
pub async fn tidied(tx: &mut Tx) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT tidied FROM log_head WHERE id = 1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_one(c).await?))
}

pub async fn set_tidied(tx: &mut Tx, size: i64) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE log_head SET tidied = $1 WHERE id = 1 AND tidied < $1";
    on!(tx, c => sqlx::query(SQL).bind(size).execute(c).await?.rows_affected());
    Ok(())
}
