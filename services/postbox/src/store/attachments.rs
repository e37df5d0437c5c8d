//! Attachments: where their sealed bytes are.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::upload::Scan;
use crate::domain::{AttachmentId, LetterId, MailboxId};

/// An attachment; its name and type are in the letter's sealed content.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AttachmentRow {
    pub mailbox_id: MailboxId,
    pub letter_id: LetterId,
    pub id: AttachmentId,
    /// Place in the letter, from 0.
    pub number: i64,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub object_key: String,
    pub wrapped_key: Vec<u8>,
    /// See [`crate::domain::upload::Scan`].
    pub scan: String,
    /// Scanner and signatures; empty when there were none.
    pub scanned_with: String,
}

impl AttachmentRow {
    pub fn scan(&self) -> Result<Scan, StoreError> {
        Scan::parse(&self.scan).ok_or_else(|| StoreError::corrupt("scan of an attachment"))
    }
}

pub async fn add(tx: &mut Tx, a: &AttachmentRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO attachments \
        (mailbox_id, letter_id, id, number, size_bytes, sha256, object_key, wrapped_key, scan, \
        scanned_with) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(a.id).bind(a.number).bind(a.size_bytes)
        .bind(&a.sha256).bind(&a.object_key).bind(&a.wrapped_key).bind(&a.scan).bind(&a.scanned_with)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The attachments of a letter in its order.
pub async fn of_letter(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: LetterId,
) -> Result<Vec<AttachmentRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, id, number, size_bytes, sha256, object_key, \
        wrapped_key, scan, scanned_with FROM attachments WHERE mailbox_id = $1 AND letter_id = $2 \
        ORDER BY number";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(letter).fetch_all(c).await?))
}

/// Notes that the bytes from `from` to `to` were handed out; `false` when they tell nothing new:
/// they were before, or do not follow on what was.
pub async fn handed_out(
    tx: &mut Tx,
    a: &AttachmentRow,
    (from, to): (u64, u64),
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE attachments SET handed_out_bytes = $5 WHERE mailbox_id = $1 \
        AND letter_id = $2 AND id = $3 AND handed_out_bytes >= $4 AND handed_out_bytes < $5";
    let (from, to) = (i64::try_from(from), i64::try_from(to));
    let (Ok(from), Ok(to)) = (from, to) else { return Ok(false) };
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(a.id).bind(from).bind(to)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Notes the first complete download; `false` when there was one before.
pub async fn first_download(
    tx: &mut Tx,
    a: &AttachmentRow,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE attachments SET downloaded_at_us = $4 WHERE mailbox_id = $1 \
        AND letter_id = $2 AND id = $3 AND downloaded_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(a.id).bind(now)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Attachments that were not looked at with these signatures, of letters whose content is there.
pub async fn to_scan(
    db: &Db,
    scanned_with: &str,
    limit: i64,
) -> Result<Vec<AttachmentRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, id, number, size_bytes, sha256, object_key, \
        wrapped_key, scan, scanned_with FROM attachments a \
        WHERE scan <> 'blocked' AND (scanned_with < $1 OR scanned_with > $1) \
        AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.mailbox_id = a.mailbox_id \
            AND l.id = a.letter_id AND l.state = 'staged') LIMIT $2";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL).bind(scanned_with).bind(limit).fetch_all(c).await?))
}

/// Notes what a scanner found; `false` when it was blocked before.
pub async fn set_scan(
    tx: &mut Tx,
    a: &AttachmentRow,
    (scan, scanned_with): (Scan, &str),
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE attachments SET scan = $4, scanned_with = $5 \
        WHERE mailbox_id = $1 AND letter_id = $2 AND id = $3 AND scan <> 'blocked'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(a.id).bind(scan.as_str()).bind(scanned_with)
        .execute(c).await?.rows_affected())
        == 1)
}
