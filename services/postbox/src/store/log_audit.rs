//! What an audit reads: everything, a page at a time, in orders that have an index.

use siegel_db::{Db, StoreError, on};
use siegel_kernel::Timestamp;

use crate::domain::{LetterId, MailboxId, ReceiptId};
use crate::store::heads::HeadRow;
use crate::store::log::CheckpointRow;

/// A place in the log with the entry that stands for it, where there still is one.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PlaceRow {
    pub log_index: i64,
    pub leaf: Vec<u8>,
    pub letter_id: LetterId,
    pub number: i64,
    pub id: Option<ReceiptId>,
    pub kind: Option<String>,
    pub jws: Option<String>,
    pub leaf_salt: Option<Vec<u8>>,
    pub own_leaf: Option<Vec<u8>>,
    pub event_at_us: Option<i64>,
    pub recorded_at_us: Option<i64>,
    /// A mailbox's head instead of an entry (`number` 0), with its salt.
    pub mailbox_head: Option<Vec<u8>>,
    pub head_salt: Option<Vec<u8>>,
}

/// A mailbox's head, with the token of the entry it names.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HeadLinkRow {
    #[sqlx(flatten)]
    pub row: HeadRow,
    pub provided: Option<String>,
}

/// A mailbox with the number of letters it should have.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailboxRow {
    pub mailbox_id: MailboxId,
    pub letters: i64,
}

/// An entry in the chain of its letter.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LinkRow {
    pub mailbox_id: MailboxId,
    pub letter_id: LetterId,
    pub number: i64,
    pub jws: String,
}

/// An entry, or a letter with the number of entries it should have.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct NumberedRow {
    pub letter_id: LetterId,
    pub number: i64,
}

/// Places from `from` on, below `to`.
pub async fn places(db: &Db, from: i64, to: i64, limit: i64) -> Result<Vec<PlaceRow>, StoreError> {
    const SQL: &str = "SELECT l.log_index, l.leaf, l.letter_id, l.number, e.id, e.kind, e.jws, \
        e.leaf_salt, e.leaf AS own_leaf, e.event_at_us, e.recorded_at_us, \
        h.head AS mailbox_head, h.leaf_salt AS head_salt \
        FROM log_leaves l LEFT JOIN evidence e ON e.mailbox_id = l.mailbox_id \
            AND e.letter_id = l.letter_id AND e.number = l.number \
        LEFT JOIN mailbox_heads h ON l.number = 0 AND h.leaf = l.leaf \
        WHERE l.log_index >= $1 AND l.log_index < $2 ORDER BY l.log_index LIMIT $3";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(from).bind(to).bind(limit).fetch_all(c).await?))
}

/// Checkpoints of more than `size` leaves, smallest first.
pub async fn checkpoints(db: &Db, size: i64, limit: i64) -> Result<Vec<CheckpointRow>, StoreError> {
    const SQL: &str = "SELECT size, root, note, signed_at_us FROM log_checkpoints \
        WHERE size > $1 ORDER BY size LIMIT $2";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(size).bind(limit).fetch_all(c).await?))
}

/// Entries after the given one, letter by letter.
pub async fn links(
    db: &Db,
    after: (MailboxId, LetterId, i64),
    limit: i64,
) -> Result<Vec<LinkRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, number, jws FROM evidence \
        WHERE (mailbox_id, letter_id, number) > ($1, $2, $3) \
        ORDER BY mailbox_id, letter_id, number LIMIT $4";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL)
        .bind(after.0).bind(after.1).bind(after.2).bind(limit).fetch_all(c).await?))
}

/// Entries that nobody gave to the log.
pub async fn unlogged(db: &Db, limit: i64) -> Result<Vec<NumberedRow>, StoreError> {
    const SQL: &str = "SELECT e.letter_id, e.number FROM evidence e \
        LEFT JOIN log_leaves l ON l.leaf = e.leaf WHERE l.id IS NULL LIMIT $1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await?))
}

/// Letters that had more entries, or fewer, than there are.
pub async fn miscounted(db: &Db, limit: i64) -> Result<Vec<NumberedRow>, StoreError> {
    const SQL: &str = "SELECT l.id AS letter_id, l.evidence_count AS number FROM letters l \
        WHERE l.evidence_count <> (SELECT COUNT(*) FROM evidence e \
            WHERE e.mailbox_id = l.mailbox_id AND e.letter_id = l.id) LIMIT $1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await?))
}

/// Heads after the given one, mailbox by mailbox.
pub async fn heads(
    db: &Db,
    after: (MailboxId, i64),
    limit: i64,
) -> Result<Vec<HeadLinkRow>, StoreError> {
    const SQL: &str = "SELECT h.mailbox_id, h.sequence, h.letter_id, h.previous, \
        h.content_digest, h.provided_digest, h.head, h.leaf_salt, h.leaf, h.recorded_at_us, \
        e.jws AS provided FROM mailbox_heads h LEFT JOIN evidence e \
            ON e.mailbox_id = h.mailbox_id AND e.letter_id = h.letter_id AND e.kind = 'provided' \
        WHERE (h.mailbox_id, h.sequence) > ($1, $2) ORDER BY h.mailbox_id, h.sequence LIMIT $3";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL)
        .bind(after.0).bind(after.1).bind(limit).fetch_all(c).await?))
}

/// Heads that nobody gave to the log.
pub async fn unlogged_heads(db: &Db, limit: i64) -> Result<Vec<NumberedRow>, StoreError> {
    const SQL: &str = "SELECT h.letter_id, h.sequence AS number FROM mailbox_heads h \
        LEFT JOIN log_leaves l ON l.leaf = h.leaf WHERE l.id IS NULL LIMIT $1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await?))
}

/// Mailboxes whose newest head is not that of their last letter. Those that have none got their
/// letters before there were heads.
pub async fn behind_heads(db: &Db, limit: i64) -> Result<Vec<MailboxRow>, StoreError> {
    const SQL: &str = "SELECT m.id AS mailbox_id, m.letters FROM mailboxes m JOIN \
        (SELECT mailbox_id, MAX(sequence) AS newest FROM mailbox_heads GROUP BY mailbox_id) h \
        ON h.mailbox_id = m.id WHERE m.letters <> h.newest LIMIT $1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(limit).fetch_all(c).await?))
}

impl PlaceRow {
    /// When the entry's row says it happened and was written down.
    pub fn times(&self) -> Option<(String, String)> {
        let text = |us: i64| Timestamp::from_micros(us).to_rfc3339();
        Some((text(self.event_at_us?), text(self.recorded_at_us?)))
    }
}
