//! The handles of a mailbox as its owner sees them. Senders see them in [`super::mailboxes`].

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::{HandleId, MailboxId};

/// A handle and what became of it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct HandleRow {
    pub id: HandleId,
    pub sector: String,
    #[sqlx(rename = "created_at_us")]
    pub created_at: Timestamp,
    #[sqlx(rename = "revoked_at_us")]
    pub revoked_at: Option<Timestamp>,
}

/// Handles of a mailbox, newest first, after the one that `before` names.
pub async fn page(
    tx: &mut Tx,
    mailbox: MailboxId,
    before: Option<(Timestamp, HandleId)>,
    limit: i64,
) -> Result<Vec<HandleRow>, StoreError> {
    const SQL: &str = "SELECT id, sector, created_at_us, revoked_at_us FROM handles \
        WHERE mailbox_id = $1 AND (created_at_us, id) < ($2, $3) \
        ORDER BY created_at_us DESC, id DESC LIMIT $4";
    let last = HandleId::from_uuid(uuid::Uuid::max());
    let (at, id) = before.unwrap_or((Timestamp::from_micros(i64::MAX), last));
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(at).bind(id).bind(limit)
        .fetch_all(c).await?))
}

/// A handle of this mailbox, in use or not.
pub async fn get(
    tx: &mut Tx,
    mailbox: MailboxId,
    id: HandleId,
) -> Result<Option<HandleRow>, StoreError> {
    const SQL: &str = "SELECT id, sector, created_at_us, revoked_at_us FROM handles \
        WHERE mailbox_id = $1 AND id = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(mailbox).bind(id).fetch_optional(c).await?))
}

/// Ends a handle of this mailbox: what is sent to it from now on reaches nobody.
pub async fn revoke(
    tx: &mut Tx,
    mailbox: MailboxId,
    id: HandleId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE handles SET revoked_at_us = $3 \
        WHERE mailbox_id = $1 AND id = $2 AND revoked_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(mailbox).bind(id).bind(now)
        .execute(c).await?.rows_affected())
        == 1)
}
