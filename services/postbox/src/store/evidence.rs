//! Signed entries about letters: added, never changed.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::letters::LetterRow;
use crate::domain::{LetterId, MailboxId, ReceiptId};

/// An entry: the exact signed bytes and what the public log needs.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct EvidenceRow {
    pub mailbox_id: MailboxId,
    pub letter_id: LetterId,
    /// Place among the letter's entries, from 1.
    pub number: i64,
    pub id: ReceiptId,
    pub kind: String,
    pub jws: String,
    pub leaf_salt: Vec<u8>,
    pub leaf: Vec<u8>,
    pub key_id: String,
    #[sqlx(rename = "event_at_us")]
    pub event_at: Timestamp,
    #[sqlx(rename = "recorded_at_us")]
    pub recorded_at: Timestamp,
}

/// `false` when the key has ended: nothing is stored that no verifier would take.
pub async fn add(tx: &mut Tx, e: &EvidenceRow) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO evidence (mailbox_id, letter_id, number, id, kind, jws, \
        leaf_salt, leaf, key_id, event_at_us, recorded_at_us) \
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS \
            (SELECT 1 FROM evidence_keys WHERE kid = $9 AND valid_to_us < $11)";
    let added = on!(tx, c => sqlx::query(SQL)
        .bind(e.mailbox_id).bind(e.letter_id).bind(e.number).bind(e.id).bind(&e.kind)
        .bind(&e.jws).bind(&e.leaf_salt).bind(&e.leaf).bind(&e.key_id).bind(e.event_at)
        .bind(e.recorded_at)
        .execute(c).await?.rows_affected());
    Ok(added == 1)
}

/// Times of a letter's last entry; absent when there is none.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Times {
    #[sqlx(rename = "event_at_us")]
    pub event_at: Option<Timestamp>,
    #[sqlx(rename = "recorded_at_us")]
    pub recorded_at: Option<Timestamp>,
}

pub async fn times(tx: &mut Tx, letter: &LetterRow) -> Result<Times, StoreError> {
    const SQL: &str = "SELECT MAX(event_at_us) AS event_at_us, \
        MAX(recorded_at_us) AS recorded_at_us FROM evidence \
        WHERE mailbox_id = $1 AND letter_id = $2 AND number = $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(letter.mailbox_id).bind(letter.id).bind(letter.evidence_count)
        .fetch_one(c).await?))
}

/// All entries of a letter, oldest first.
pub async fn of_letter(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: LetterId,
) -> Result<Vec<EvidenceRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, number, id, kind, jws, leaf_salt, leaf, \
        key_id, event_at_us, recorded_at_us FROM evidence \
        WHERE mailbox_id = $1 AND letter_id = $2 ORDER BY number";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(letter).fetch_all(c).await?))
}
