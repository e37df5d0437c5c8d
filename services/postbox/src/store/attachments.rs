//! Attachments: where their sealed bytes are.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

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
}

pub async fn add(tx: &mut Tx, a: &AttachmentRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO attachments \
        (mailbox_id, letter_id, id, number, size_bytes, sha256, object_key, wrapped_key) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(a.id).bind(a.number).bind(a.size_bytes)
        .bind(&a.sha256).bind(&a.object_key).bind(&a.wrapped_key)
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
        wrapped_key FROM attachments WHERE mailbox_id = $1 AND letter_id = $2 ORDER BY number";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(letter).fetch_all(c).await?))
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
