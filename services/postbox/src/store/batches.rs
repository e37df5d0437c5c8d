//! Batches and their letters. What a batch may do is decided in the statements: a batch that is no
//! longer open takes no letter, and no letter is delivered twice.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::letters::LetterRow;
use crate::domain::batch::BatchState;
use crate::domain::{BatchId, LetterId, MailboxId};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BatchRow {
    pub id: BatchId,
    /// Actor of the audit trail.
    pub caller: String,
    pub request_id: String,
    state: String,
    #[sqlx(rename = "opened_at_us")]
    pub opened_at: Timestamp,
    #[sqlx(rename = "expires_at_us")]
    pub expires_at: Timestamp,
    /// Places ever given to its letters.
    pub places: i64,
    pub waiting: i64,
    pub refused: i64,
    pub delivered: i64,
}

impl BatchRow {
    pub fn state(&self) -> Result<BatchState, StoreError> {
        BatchState::parse(&self.state).ok_or(StoreError::corrupt("batches: state"))
    }
}

/// A letter of a batch.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EntryRow {
    pub batch_id: BatchId,
    /// Place in the batch, from 1.
    pub number: i64,
    pub request_id: String,
    pub digest: Vec<u8>,
    pub state: String,
    pub mailbox_id: Option<MailboxId>,
    pub letter_id: Option<LetterId>,
    pub case_tag: Option<Vec<u8>>,
    /// Empty unless refused.
    pub reason: String,
}

/// By how much the counters of a batch move.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moved {
    pub places: i64,
    pub waiting: i64,
    pub refused: i64,
    pub delivered: i64,
}

/// Opens a batch; does nothing when there is one of this name.
pub async fn open(
    tx: &mut Tx,
    id: BatchId,
    [client_id, tenant, request_id]: [&str; 3],
    caller: &str,
    (now, expires): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO batches (id, client_id, tenant, request_id, caller, state, \
        opened_at_us, expires_at_us, due_at_us, places, waiting, refused, delivered) \
        VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $7, 0, 0, 0, 0) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(client_id).bind(tenant).bind(request_id).bind(caller).bind(now).bind(expires)
        .execute(c).await?.rows_affected())
        == 1)
}

/// A batch of a sender by its name.
pub async fn named(
    tx: &mut Tx,
    [client_id, tenant, request_id]: [&str; 3],
) -> Result<Option<BatchRow>, StoreError> {
    const SQL: &str = "SELECT id, caller, request_id, state, opened_at_us, expires_at_us, \
        places, waiting, refused, delivered FROM batches \
        WHERE client_id = $1 AND tenant = $2 AND request_id = $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(client_id).bind(tenant).bind(request_id).fetch_optional(c).await?))
}

/// Reads a batch and holds it.
pub async fn lock(tx: &mut Tx, id: BatchId) -> Result<Option<BatchRow>, StoreError> {
    const SQL: &str = "UPDATE batches SET places = places WHERE id = $1 RETURNING id, caller, \
        request_id, state, opened_at_us, expires_at_us, places, waiting, refused, delivered";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Moves the counters of a batch.
pub async fn count(tx: &mut Tx, id: BatchId, by: Moved) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE batches SET places = places + $2, waiting = waiting + $3, \
        refused = refused + $4, delivered = delivered + $5 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(by.places).bind(by.waiting).bind(by.refused).bind(by.delivered)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Moves a batch from one state to another; `due`: when there is something to do with it.
pub async fn turn(
    tx: &mut Tx,
    id: BatchId,
    (from, to): (BatchState, BatchState),
    due: Option<Timestamp>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE batches SET state = $3, due_at_us = $4 WHERE id = $1 AND state = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(from.as_str()).bind(to.as_str()).bind(due)
        .execute(c).await?.rows_affected())
        == 1)
}

/// A batch with which there is something to do.
#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(flatten)]
    batch: BatchRow,
    due_at_us: Timestamp,
}

/// The batch with which there has been something to do for longest, and since when.
pub async fn due(db: &Db, now: Timestamp) -> Result<Option<(BatchRow, Timestamp)>, StoreError> {
    const SQL: &str = "SELECT id, caller, request_id, state, opened_at_us, expires_at_us, \
        places, waiting, refused, delivered, due_at_us FROM batches \
        WHERE due_at_us <= $1 ORDER BY due_at_us, id LIMIT 1";
    let mut tx = db.read().await?;
    let found: Option<DueRow> =
        on!(&mut tx, c => sqlx::query_as(SQL).bind(now).fetch_optional(c).await?);
    Ok(found.map(|row| (row.batch, row.due_at_us)))
}

/// Keeps everybody else from a batch until an instant; `false` when it is not due since `seen` any
/// more: somebody was faster, or something was decided about it.
pub async fn claim(
    db: &Db,
    id: BatchId,
    (seen, until): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE batches SET due_at_us = $3 WHERE id = $1 AND due_at_us = $2";
    let mut tx = db.begin().await?;
    let claimed = on!(&mut tx, c => sqlx::query(SQL).bind(id).bind(seen).bind(until)
        .execute(c).await?.rows_affected());
    tx.commit().await?;
    Ok(claimed == 1)
}

/// Puts the next look at a batch off.
pub async fn postpone(db: &Db, id: BatchId, due: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE batches SET due_at_us = $2 WHERE id = $1 AND due_at_us IS NOT NULL";
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(SQL).bind(id).bind(due).execute(c).await?.rows_affected());
    tx.commit().await
}

const ENTRY: &str = "SELECT batch_id, number, request_id, digest, state, mailbox_id, letter_id, \
    case_tag, reason FROM batch_letters WHERE batch_id = $1 ";

pub async fn entry(
    tx: &mut Tx,
    batch: BatchId,
    request_id: &str,
) -> Result<Option<EntryRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("{ENTRY} AND request_id = $2"));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(batch).bind(request_id).fetch_optional(c).await?))
}

/// Entries after a place, in their order.
pub async fn entries(
    tx: &mut Tx,
    batch: BatchId,
    (after, limit): (i64, i64),
) -> Result<Vec<EntryRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!("{ENTRY} AND number > $2 ORDER BY number LIMIT $3"));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(batch).bind(after).bind(limit).fetch_all(c).await?))
}

/// Entries that wait after a place, in their order.
pub async fn waiting(
    db: &Db,
    batch: BatchId,
    (after, limit): (i64, i64),
) -> Result<Vec<EntryRow>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{ENTRY} AND state = 'waiting' AND number > $2 ORDER BY number LIMIT $3"
    ));
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(sql)
        .bind(batch).bind(after).bind(limit).fetch_all(c).await?))
}

/// Adds an entry, or puts it in the place of a refused one of its name.
pub async fn put_entry(tx: &mut Tx, e: &EntryRow) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO batch_letters (batch_id, number, request_id, digest, state, \
        mailbox_id, letter_id, case_tag, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT (batch_id, request_id) DO UPDATE SET digest = excluded.digest, \
        state = excluded.state, mailbox_id = excluded.mailbox_id, \
        letter_id = excluded.letter_id, case_tag = excluded.case_tag, reason = excluded.reason \
        WHERE batch_letters.state = 'refused'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(e.batch_id).bind(e.number).bind(&e.request_id).bind(&e.digest).bind(&e.state)
        .bind(e.mailbox_id).bind(e.letter_id).bind(&e.case_tag).bind(&e.reason)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Takes a waiting entry out of its state; `false` when somebody was faster.
pub async fn take(tx: &mut Tx, e: &EntryRow, to: &'static str) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE batch_letters SET state = $3 \
        WHERE batch_id = $1 AND number = $2 AND state = 'waiting'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(e.batch_id).bind(e.number).bind(to).execute(c).await?.rows_affected())
        == 1)
}

/// Gives a staged letter the times of its acceptance; the rest is saved as always.
pub async fn accept(tx: &mut Tx, l: &LetterRow) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE letters SET accepted_at_us = $3, publish_at_us = $4 \
        WHERE mailbox_id = $1 AND id = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(l.mailbox_id).bind(l.id).bind(l.accepted_at).bind(l.publish_at)
        .execute(c).await?.rows_affected());
    super::letters::save(tx, l).await
}

/// Removes a staged letter; its objects become orphans, which the sweeper removes at once.
pub async fn remove(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: LetterId,
) -> Result<Vec<String>, StoreError> {
    const FILES: &str = "DELETE FROM attachments WHERE mailbox_id = $1 AND letter_id = $2 \
        RETURNING object_key";
    const ORPHAN: &str = "INSERT INTO uploads (object_key, started_at_us) VALUES ($1, 0)";
    const RETENTION: &str = "DELETE FROM retention WHERE mailbox_id = $1 AND letter_id = $2";
    const REMINDER: &str = "DELETE FROM reminders WHERE mailbox_id = $1 AND letter_id = $2";
    const LETTER: &str =
        "DELETE FROM letters WHERE mailbox_id = $1 AND id = $2 AND state = 'staged'";
    let keys: Vec<String> = on!(&mut *tx, c => sqlx::query_scalar(FILES)
        .bind(mailbox).bind(letter).fetch_all(c).await?);
    for key in &keys {
        on!(&mut *tx, c => sqlx::query(ORPHAN).bind(key).execute(c).await?.rows_affected());
    }
    for sql in [RETENTION, REMINDER, LETTER] {
        on!(&mut *tx, c => sqlx::query(sql)
            .bind(mailbox).bind(letter).execute(c).await?.rows_affected());
    }
    Ok(keys)
}
