//! News about applications.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, TrustLevel};

use crate::domain::MailboxId;

/// One update; case id and note are sealed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CaseRow {
    pub mailbox_id: MailboxId,
    /// Place among the updates of the mailbox, from 1.
    pub number: i64,
    pub case_tag: Vec<u8>,
    pub client_id: String,
    pub tenant: String,
    pub authority: String,
    pub service_id: String,
    pub status: String,
    pub required_level: TrustLevel,
    pub sealed: Vec<u8>,
    #[sqlx(rename = "updated_at_us")]
    pub updated_at: Timestamp,
}

/// Takes the next place in the mailbox; `None` when it was closed.
pub async fn next_number(tx: &mut Tx, mailbox: MailboxId) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "UPDATE mailboxes SET case_updates = case_updates + 1 \
        WHERE id = $1 AND closed_at_us IS NULL RETURNING case_updates";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).fetch_optional(c).await?))
}

pub async fn add(tx: &mut Tx, u: &CaseRow) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO case_updates (mailbox_id, number, case_tag, client_id, tenant, \
        authority, service_id, status, required_level, sealed, updated_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    on!(tx, c => sqlx::query(SQL)
        .bind(u.mailbox_id).bind(u.number).bind(&u.case_tag).bind(&u.client_id).bind(&u.tenant)
        .bind(&u.authority).bind(&u.service_id).bind(&u.status).bind(u.required_level)
        .bind(&u.sealed).bind(u.updated_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Updates before a place, newest first: all of them, or those of one case that may be read at a
/// level, so that nobody finds out below it that there is such a case.
pub async fn page(
    tx: &mut Tx,
    mailbox: MailboxId,
    of_case: Option<(Vec<u8>, TrustLevel)>,
    (before, limit): (i64, i64),
) -> Result<Vec<CaseRow>, StoreError> {
    const ALL: &str = "SELECT mailbox_id, number, case_tag, client_id, tenant, authority, \
        service_id, status, required_level, sealed, updated_at_us FROM case_updates \
        WHERE mailbox_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
    const OF_CASE: &str = "SELECT mailbox_id, number, case_tag, client_id, tenant, authority, \
        service_id, status, required_level, sealed, updated_at_us FROM case_updates \
        WHERE mailbox_id = $1 AND number < $2 AND case_tag = $4 AND required_level <= $5 \
        ORDER BY number DESC LIMIT $3";
    Ok(match of_case {
        None => on!(tx, c => sqlx::query_as(ALL)
            .bind(mailbox).bind(before).bind(limit).fetch_all(c).await?),
        Some((tag, level)) => on!(tx, c => sqlx::query_as(OF_CASE)
            .bind(mailbox).bind(before).bind(limit).bind(tag).bind(level)
            .fetch_all(c).await?),
    })
}
