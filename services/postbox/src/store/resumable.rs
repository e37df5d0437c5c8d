//! Uploads that go on after an interruption, and the parts of what was uploaded so.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::upload::{Scan, State};
use crate::domain::{AttachmentId, UploadId};

/// An upload.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct UploadRow {
    pub id: UploadId,
    pub owner: String,
    pub attachment_id: AttachmentId,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub sealed_declaration: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub stored_bytes: i64,
    pub part_count: i64,
    pub state: String,
    pub refusal: Option<String>,
    pub scan: String,
    pub scanned_with: String,
    #[sqlx(rename = "created_at_us")]
    pub created_at: Timestamp,
}

impl UploadRow {
    pub fn state(&self) -> Result<State, StoreError> {
        State::parse(&self.state).ok_or_else(|| StoreError::corrupt("state of an upload"))
    }
}

/// A stored part of an attachment.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PartRow {
    pub attachment_id: AttachmentId,
    /// From 0.
    pub number: i64,
    /// Plain bytes.
    pub size_bytes: i64,
    pub object_key: String,
    pub wrapped_key: Vec<u8>,
}

pub async fn add(tx: &mut Tx, u: &UploadRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO resumable_uploads \
        (id, owner, attachment_id, size_bytes, sha256, sealed_declaration, wrapped_key, \
        stored_bytes, part_count, state, refusal, scan, scanned_with, created_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    on!(tx, c => sqlx::query(SQL)
        .bind(u.id).bind(&u.owner).bind(u.attachment_id).bind(u.size_bytes).bind(&u.sha256)
        .bind(&u.sealed_declaration).bind(&u.wrapped_key).bind(u.stored_bytes).bind(u.part_count)
        .bind(&u.state).bind(&u.refusal).bind(&u.scan).bind(&u.scanned_with).bind(u.created_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

pub async fn get(tx: &mut Tx, owner: &str, id: UploadId) -> Result<Option<UploadRow>, StoreError> {
    const SQL: &str = "SELECT id, owner, attachment_id, size_bytes, sha256, sealed_declaration, \
        wrapped_key, stored_bytes, part_count, state, refusal, scan, scanned_with, created_at_us \
        FROM resumable_uploads WHERE id = $1 AND owner = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).bind(owner).fetch_optional(c).await?))
}

/// Uploads of an owner that no letter took and that were not refused.
pub async fn open_of(tx: &mut Tx, owner: &str) -> Result<i64, StoreError> {
    const SQL: &str =
        "SELECT COUNT(*) FROM resumable_uploads WHERE owner = $1 AND state <> 'refused'";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(owner).fetch_one(c).await?))
}

/// Adds a part behind the bytes that are there; `false` when another request was faster.
pub async fn add_part(tx: &mut Tx, upload: &UploadRow, part: &PartRow) -> Result<bool, StoreError> {
    const MOVE: &str = "UPDATE resumable_uploads \
        SET stored_bytes = stored_bytes + $4, part_count = part_count + 1 \
        WHERE id = $1 AND stored_bytes = $2 AND part_count = $3 AND state = 'receiving'";
    const ADD: &str = "INSERT INTO attachment_parts \
        (attachment_id, number, size_bytes, object_key, wrapped_key) VALUES ($1, $2, $3, $4, $5)";
    let moved = on!(&mut *tx, c => sqlx::query(MOVE)
        .bind(upload.id).bind(upload.stored_bytes).bind(upload.part_count).bind(part.size_bytes)
        .execute(c).await?.rows_affected());
    if moved != 1 {
        return Ok(false);
    }
    on!(tx, c => sqlx::query(ADD)
        .bind(part.attachment_id).bind(part.number).bind(part.size_bytes)
        .bind(&part.object_key).bind(&part.wrapped_key).execute(c).await?.rows_affected());
    Ok(true)
}

/// The parts of an attachment in order; none when it is one object.
pub async fn parts(tx: &mut Tx, attachment: AttachmentId) -> Result<Vec<PartRow>, StoreError> {
    const SQL: &str = "SELECT attachment_id, number, size_bytes, object_key, wrapped_key \
        FROM attachment_parts WHERE attachment_id = $1 ORDER BY number";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(attachment).fetch_all(c).await?))
}

/// Takes the check of a complete upload; `false` while somebody else has it, or failed just now.
pub async fn claim_check(
    tx: &mut Tx,
    id: UploadId,
    (now, until): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE resumable_uploads SET checking_until_us = $3 \
        WHERE id = $1 AND state = 'receiving' \
        AND (checking_until_us IS NULL OR checking_until_us <= $2)";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(now).bind(until)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Says when a check that came to no end may be repeated.
pub async fn check_again(tx: &mut Tx, id: UploadId, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE resumable_uploads SET checking_until_us = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// A letter may name it from now on; `false` when it was decided otherwise meanwhile.
pub async fn ready(
    tx: &mut Tx,
    id: UploadId,
    (scan, scanned_with): (Scan, &str),
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE resumable_uploads SET state = 'ready', scan = $2, scanned_with = $3 \
        WHERE id = $1 AND state = 'receiving' AND stored_bytes = size_bytes";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(scan.as_str()).bind(scanned_with)
        .execute(c).await?.rows_affected())
        == 1)
}

/// It can never be used; its parts are forgotten. `false`, and nothing done, when it was complete
/// or refused before: its parts may be a letter's by now.
pub async fn refuse(tx: &mut Tx, upload: &UploadRow, reason: &str) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE resumable_uploads SET state = 'refused', refusal = $2 \
        WHERE id = $1 AND state = 'receiving'";
    let refused = on!(&mut *tx, c => sqlx::query(SQL).bind(upload.id).bind(reason)
        .execute(c).await?.rows_affected());
    if refused == 1 {
        forget_parts(tx, upload.attachment_id).await?;
    }
    Ok(refused == 1)
}

/// A letter takes it: it exists no more. `false` when another letter or the sweeper was faster.
pub async fn take(tx: &mut Tx, id: UploadId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM resumable_uploads WHERE id = $1 AND state = 'ready'";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected()) == 1)
}

/// Ends an upload that no letter took, with its parts; `false` when a letter was faster.
pub async fn end(tx: &mut Tx, id: UploadId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM resumable_uploads WHERE id = $1 RETURNING attachment_id";
    let ended: Option<AttachmentId> =
        on!(&mut *tx, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await?);
    let Some(attachment) = ended else { return Ok(false) };
    forget_parts(tx, attachment).await?;
    Ok(true)
}

/// Forgets the parts of an attachment whose objects go.
pub async fn forget_parts(tx: &mut Tx, attachment: AttachmentId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM attachment_parts WHERE attachment_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(attachment).execute(c).await?.rows_affected());
    Ok(())
}
