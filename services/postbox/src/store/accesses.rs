//! Who looked at what: added, never changed.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::{LetterId, MailboxId};

/// An access; who it was is sealed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccessRow {
    /// Place in the order in which they were written; given by the database.
    pub id: i64,
    pub letter_id: Option<LetterId>,
    pub kind: String,
    pub outcome: String,
    pub sealed: Vec<u8>,
    #[sqlx(rename = "at_us")]
    pub at: Timestamp,
}

/// Adds an access; nothing when one with the same `once` is there.
pub async fn add(
    tx: &mut Tx,
    mailbox: MailboxId,
    row: &AccessRow,
    once: Option<&str>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO accesses \
        (mailbox_id, letter_id, kind, outcome, once, sealed, at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL)
        .bind(mailbox).bind(row.letter_id).bind(&row.kind).bind(&row.outcome).bind(once)
        .bind(&row.sealed).bind(row.at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Whether what is kept once is there already.
pub async fn is_noted(tx: &mut Tx, once: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM accesses WHERE once = $1";
    let found: i64 = on!(tx, c => sqlx::query_scalar(SQL).bind(once).fetch_one(c).await?);
    Ok(found > 0)
}

/// Accesses before a place, newest first: to one letter, or all.
pub async fn page(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: Option<LetterId>,
    (before, limit): (i64, i64),
) -> Result<Vec<AccessRow>, StoreError> {
    const ALL: &str = "SELECT id, letter_id, kind, outcome, sealed, at_us FROM accesses \
        WHERE mailbox_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    const OF_LETTER: &str = "SELECT id, letter_id, kind, outcome, sealed, at_us FROM accesses \
        WHERE mailbox_id = $1 AND id < $2 AND letter_id = $4 ORDER BY id DESC LIMIT $3";
    Ok(match letter {
        None => on!(tx, c => sqlx::query_as(ALL)
            .bind(mailbox).bind(before).bind(limit).fetch_all(c).await?),
        Some(letter) => on!(tx, c => sqlx::query_as(OF_LETTER)
            .bind(mailbox).bind(before).bind(limit).bind(letter).fetch_all(c).await?),
    })
}
