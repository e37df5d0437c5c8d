//! Signed entries about letters: added, never changed.

use siegel_db::rows::{self, Insert, Rule};
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

const EVIDENCE: Insert = Insert {
    table: "evidence",
    columns: &[
        "mailbox_id",
        "letter_id",
        "number",
        "id",
        "kind",
        "jws",
        "leaf_salt",
        "leaf",
        "key_id",
        "event_at_us",
        "recorded_at_us",
    ],
    // Nothing is stored that no verifier would take.
    rule: Rule::OnlyIf(
        "NOT EXISTS (SELECT 1 FROM evidence_keys k \
         WHERE k.kid = r.key_id AND k.valid_to_us < r.recorded_at_us)",
    ),
};

/// Adds an entry.
/// # Errors
/// When its key has ended: [`is_ended_key`] tells.
pub async fn add(tx: &mut Tx, e: &EvidenceRow) -> Result<(), StoreError> {
    let row = vec![
        e.mailbox_id.as_uuid().into(),
        e.letter_id.as_uuid().into(),
        e.number.into(),
        e.id.as_uuid().into(),
        (&e.kind).into(),
        (&e.jws).into(),
        (&e.leaf_salt).into(),
        (&e.leaf).into(),
        (&e.key_id).into(),
        e.event_at.into(),
        e.recorded_at.into(),
    ];
    rows::insert(tx, EVIDENCE, row).await
}

/// Whether an entry was refused because its key has ended.
pub fn is_ended_key(error: &StoreError) -> bool {
    error.refused_by() == Some(EVIDENCE.table)
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
