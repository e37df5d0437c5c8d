//! Heads of mailboxes: added with the letter they follow, never changed.

use siegel_db::rows::{self, Insert, Rule};
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::log;
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
    const HEADS: Insert = Insert {
        table: "mailbox_heads",
        columns: &[
            "mailbox_id",
            "sequence",
            "letter_id",
            "previous",
            "content_digest",
            "provided_digest",
            "head",
            "leaf_salt",
            "leaf",
            "recorded_at_us",
        ],
        rule: Rule::Plain,
    };
    let new = vec![
        row.mailbox_id.as_uuid().into(),
        row.sequence.into(),
        row.letter_id.as_uuid().into(),
        (&row.previous).into(),
        (&row.content_digest).into(),
        (&row.provided_digest).into(),
        (&row.head).into(),
        (&row.leaf_salt).into(),
        (&row.leaf).into(),
        row.recorded_at.into(),
    ];
    rows::insert(tx, HEADS, new).await?;
    log::add_leaf(tx, (row.mailbox_id, row.letter_id, 0), &row.leaf).await
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
