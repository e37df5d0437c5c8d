//! Heads of mailboxes: added with the letter they follow, never changed.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::{LetterId, MailboxId};

/// The head of a mailbox after one letter.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HeadRow {
    pub mailbox_id: MailboxId,
    pub sequence: i64,
    pub letter_id: LetterId,
    pub previous: Vec<u8>,
    pub content_digest: Vec<u8>,
    pub provided_digest: Vec<u8>,
    pub head: Vec<u8>,
    pub leaf_salt: Vec<u8>,
    pub leaf: Vec<u8>,
    #[sqlx(rename = "recorded_at_us")]
    pub recorded_at: Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT mailbox_id, sequence, letter_id, previous, content_digest, provided_digest, \
             head, leaf_salt, leaf, recorded_at_us FROM mailbox_heads ",
            $rest
        )
    };
}

/// Adds a head and its leaf.
pub async fn add(tx: &mut Tx, row: &HeadRow) -> Result<(), StoreError> {
    const HEAD: &str = "INSERT INTO mailbox_heads (mailbox_id, sequence, letter_id, previous, \
        content_digest, provided_digest, head, leaf_salt, leaf, recorded_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    const LEAF: &str = "INSERT INTO log_leaves (mailbox_id, letter_id, number, leaf) \
        VALUES ($1, $2, 0, $3)";
    on!(&mut *tx, c => sqlx::query(HEAD)
        .bind(row.mailbox_id).bind(row.sequence).bind(row.letter_id).bind(&row.previous)
        .bind(&row.content_digest).bind(&row.provided_digest).bind(&row.head)
        .bind(&row.leaf_salt).bind(&row.leaf).bind(row.recorded_at)
        .execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(LEAF)
        .bind(row.mailbox_id).bind(row.letter_id).bind(&row.leaf)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The head after the letter at `sequence`.
pub async fn at(
    tx: &mut Tx,
    mailbox: MailboxId,
    sequence: i64,
) -> Result<Option<HeadRow>, StoreError> {
    const SQL: &str = select!("WHERE mailbox_id = $1 AND sequence = $2");
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(sequence).fetch_optional(c).await?))
}

/// The newest head of a mailbox.
pub async fn newest(tx: &mut Tx, mailbox: MailboxId) -> Result<Option<HeadRow>, StoreError> {
    const SQL: &str = select!("WHERE mailbox_id = $1 ORDER BY sequence DESC LIMIT 1");
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).fetch_optional(c).await?))
}
