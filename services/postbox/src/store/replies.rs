//! Replies of recipients and their attachments. Texts stand here sealed only.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::AssertSqlSafe;

use super::attachments::AttachmentRow;
use crate::domain::upload::Scan;
use crate::domain::{AttachmentId, LetterId, MailboxId, ReplyId};

/// A reply with its sealed content.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReplyRow {
    pub mailbox_id: MailboxId,
    pub letter_id: LetterId,
    /// Place among the replies to the letter, from 1.
    pub number: i64,
    pub id: ReplyId,
    pub wrapped_key: Vec<u8>,
    pub sealed_content: Vec<u8>,
    pub attachment_count: i64,
    pub late: bool,
    #[sqlx(rename = "submitted_at_us")]
    pub submitted_at: Timestamp,
    /// Place of its entry among those of the letter.
    pub evidence_number: i64,
}

/// An attachment of a reply: as one of a letter.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReplyAttachment {
    pub mailbox_id: MailboxId,
    pub letter_id: LetterId,
    pub reply_id: ReplyId,
    pub id: AttachmentId,
    pub size_bytes: i64,
    pub object_key: String,
    pub wrapped_key: Vec<u8>,
    scan: String,
}

impl ReplyAttachment {
    pub fn scan(&self) -> Result<Scan, StoreError> {
        Scan::parse(&self.scan).ok_or_else(|| StoreError::corrupt("scan of a reply's attachment"))
    }
}

const FILE: &str = "SELECT mailbox_id, letter_id, reply_id, id, size_bytes, object_key, \
    wrapped_key, scan FROM reply_attachments";

pub async fn add(tx: &mut Tx, r: &ReplyRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO replies (mailbox_id, letter_id, number, id, wrapped_key, \
        sealed_content, attachment_count, late, submitted_at_us, evidence_number) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on!(tx, c => sqlx::query(SQL)
        .bind(r.mailbox_id).bind(r.letter_id).bind(r.number).bind(r.id).bind(&r.wrapped_key)
        .bind(&r.sealed_content).bind(r.attachment_count).bind(r.late).bind(r.submitted_at)
        .bind(r.evidence_number)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Notes that a reply, not a letter, has this attachment.
pub async fn add_attachment(
    tx: &mut Tx,
    reply: ReplyId,
    a: &AttachmentRow,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO reply_attachments (mailbox_id, letter_id, reply_id, id, \
        number, size_bytes, sha256, object_key, wrapped_key, scan, scanned_with) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(reply).bind(a.id).bind(a.number)
        .bind(a.size_bytes).bind(&a.sha256).bind(&a.object_key).bind(&a.wrapped_key)
        .bind(&a.scan).bind(&a.scanned_with)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// How many replies a letter has.
pub async fn count(tx: &mut Tx, mailbox: MailboxId, letter: LetterId) -> Result<i64, StoreError> {
    // At most `reply::MOST` rows.
    const SQL: &str = "SELECT COUNT(*) FROM replies WHERE mailbox_id = $1 AND letter_id = $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).bind(letter).fetch_one(c).await?))
}

/// When the last reply came.
pub async fn last(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: LetterId,
) -> Result<Option<Timestamp>, StoreError> {
    const SQL: &str =
        "SELECT MAX(submitted_at_us) FROM replies WHERE mailbox_id = $1 AND letter_id = $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).bind(letter).fetch_one(c).await?))
}

/// The replies to a letter, oldest first.
pub async fn of_letter(
    tx: &mut Tx,
    mailbox: MailboxId,
    letter: LetterId,
) -> Result<Vec<ReplyRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, number, id, wrapped_key, sealed_content, \
        attachment_count, late, submitted_at_us, evidence_number FROM replies \
        WHERE mailbox_id = $1 AND letter_id = $2 ORDER BY number";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(letter).fetch_all(c).await?))
}

pub async fn get(
    tx: &mut Tx,
    (mailbox, letter): (MailboxId, LetterId),
    reply: ReplyId,
) -> Result<Option<ReplyRow>, StoreError> {
    const SQL: &str = "SELECT mailbox_id, letter_id, number, id, wrapped_key, sealed_content, \
        attachment_count, late, submitted_at_us, evidence_number FROM replies \
        WHERE mailbox_id = $1 AND letter_id = $2 AND id = $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(mailbox).bind(letter).bind(reply).fetch_optional(c).await?))
}

/// The attachments of a reply in its order.
pub async fn attachments(
    tx: &mut Tx,
    reply: &ReplyRow,
) -> Result<Vec<ReplyAttachment>, StoreError> {
    let sql = AssertSqlSafe(format!(
        "{FILE} WHERE mailbox_id = $1 AND letter_id = $2 AND reply_id = $3 ORDER BY number"
    ));
    Ok(on!(tx, c => sqlx::query_as(sql)
        .bind(reply.mailbox_id).bind(reply.letter_id).bind(reply.id).fetch_all(c).await?))
}

/// Attachments of replies that were not looked at with these signatures.
pub async fn to_scan(
    db: &Db,
    scanned_with: &str,
    limit: i64,
) -> Result<Vec<ReplyAttachment>, StoreError> {
    let sql = AssertSqlSafe(format!(
        "{FILE} WHERE scan <> 'blocked' AND (scanned_with < $1 OR scanned_with > $1) LIMIT $2"
    ));
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(sql).bind(scanned_with).bind(limit).fetch_all(c).await?))
}

/// Notes what a scanner found; `false` when it was blocked before.
pub async fn set_scan(
    tx: &mut Tx,
    a: &ReplyAttachment,
    (scan, scanned_with): (Scan, &str),
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE reply_attachments SET scan = $5, scanned_with = $6 \
        WHERE mailbox_id = $1 AND letter_id = $2 AND reply_id = $3 AND id = $4 \
        AND scan <> 'blocked'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(a.mailbox_id).bind(a.letter_id).bind(a.reply_id).bind(a.id).bind(scan.as_str())
        .bind(scanned_with)
        .execute(c).await?.rows_affected())
        == 1)
}
