//! Accounts of closed systems that wait for their persons.

use siegel_db::rows::{self, Insert, Rule, Value};
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel, typed_id};

use super::imports::RunId;

typed_id! {
    /// An account of a closed system, as it is offered to its person.
    ImportedId = "imp", random
}

/// An account that waits. The indexes and the digest are keyed hashes.
#[derive(Clone, Debug)]
pub struct NewImported {
    pub id: ImportedId,
    pub line: i64,
    pub old_id_index: [u8; 32],
    pub email_index: [u8; 32],
    pub content_digest: [u8; 32],
    pub level: Option<TrustLevel>,
    /// Sealed under the system's key.
    pub payload: Vec<u8>,
    pub valid_until: Timestamp,
}

const IMPORTED: Insert = Insert {
    table: "imported_accounts",
    columns: &[
        "id",
        "system",
        "run_id",
        "line",
        "old_id_index",
        "email_index",
        "content_digest",
        "level",
        "payload",
        "imported_at_us",
        "valid_until_us",
    ],
    rule: Rule::KeepOld,
};

/// Adds those that no import of this system brought before.
pub async fn add_all(
    tx: &mut Tx,
    system: &str,
    run: RunId,
    new: &[NewImported],
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = |one: &NewImported| -> Vec<Value> {
        vec![
            one.id.as_uuid().into(),
            system.into(),
            run.as_uuid().into(),
            one.line.into(),
            one.old_id_index[..].into(),
            one.email_index[..].into(),
            one.content_digest[..].into(),
            one.level.map(|level| i64::from(level.number())).into(),
            (&one.payload).into(),
            at.into(),
            one.valid_until.into(),
        ]
    };
    rows::insert_all(tx, IMPORTED, new.iter().map(row).collect()).await
}

/// Which lines of a run were added, of those after `from` up to `to`.
pub async fn added(tx: &mut Tx, run: RunId, from: i64, to: i64) -> Result<Vec<i64>, StoreError> {
    const SQL: &str =
        "SELECT line FROM imported_accounts WHERE run_id = $1 AND line > $2 AND line <= $3";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(run).bind(from).bind(to).fetch_all(c).await?))
}

/// What an earlier line said of the same old account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Earlier {
    pub run_id: RunId,
    /// `None`: it ended.
    pub content_digest: Option<Vec<u8>>,
}

pub async fn earlier(
    tx: &mut Tx,
    system: &str,
    old_id_index: &[u8],
) -> Result<Option<Earlier>, StoreError> {
    const SQL: &str = "SELECT run_id, content_digest FROM imported_accounts \
        WHERE system = $1 AND old_id_index = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(system).bind(old_id_index).fetch_optional(c).await?))
}

/// An account that waits, with the system it comes from.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Imported {
    pub id: ImportedId,
    pub system: String,
    pub tenant: String,
    pub name: String,
    pub operator: String,
    pub data_key: Vec<u8>,
    pub level: Option<TrustLevel>,
    pub payload: Vec<u8>,
    #[sqlx(rename = "imported_at_us")]
    pub at: Timestamp,
    #[sqlx(rename = "valid_until_us")]
    pub valid_until: Timestamp,
}

/// What waits at `now` for the person with this address, less what the account dismissed.
pub async fn waiting(
    tx: &mut Tx,
    email_index: &[u8],
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Imported>, StoreError> {
    const SQL: &str = "SELECT a.id, a.system, s.tenant, s.name, r.operator, s.data_key, a.level, \
        a.payload, a.imported_at_us, a.valid_until_us FROM imported_accounts a \
        JOIN import_systems s ON s.id = a.system JOIN import_runs r ON r.id = a.run_id \
        WHERE a.email_index = $1 AND a.ended_at_us IS NULL AND a.valid_until_us > $3 \
        AND a.payload IS NOT NULL AND s.data_key IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM offer_dismissals d \
            WHERE d.account_id = $2 AND d.imported_id = a.id) \
        ORDER BY a.imported_at_us, a.id LIMIT 20";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(email_index).bind(account).bind(now).fetch_all(c).await?))
}

/// Ends one that waits at `at` and destroys what was sealed; `false` when it had ended.
pub async fn end(tx: &mut Tx, id: ImportedId, by: &str, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE imported_accounts SET ended_at_us = $3, ended_by = $2, \
        payload = NULL, email_index = NULL, content_digest = NULL \
        WHERE id = $1 AND ended_at_us IS NULL AND valid_until_us > $3";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(by).bind(at).execute(c).await?.rows_affected())
        == 1)
}

/// Ends everything that waits for an address whose account is deleted.
pub async fn end_for(tx: &mut Tx, email_index: &[u8], at: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE imported_accounts SET ended_at_us = $2, ended_by = 'deleted', \
        payload = NULL, email_index = NULL, content_digest = NULL \
        WHERE email_index = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(email_index).bind(at)
        .execute(c).await?.rows_affected()))
}

/// Ends up to `limit` whose time is over.
pub async fn expire(tx: &mut Tx, at: Timestamp, limit: i64) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE imported_accounts SET ended_at_us = $1, ended_by = 'expired', \
        payload = NULL, email_index = NULL, content_digest = NULL \
        WHERE ended_at_us IS NULL AND id IN (SELECT id FROM imported_accounts \
            WHERE ended_at_us IS NULL AND valid_until_us <= $1 LIMIT $2)";
    Ok(on!(tx, c => sqlx::query(SQL).bind(at).bind(limit).execute(c).await?.rows_affected()))
}

/// Shows it to this account no more.
pub async fn dismiss(
    tx: &mut Tx,
    account: AccountId,
    id: ImportedId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO offer_dismissals (account_id, imported_id, dismissed_at_us) \
        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(account).bind(id).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether to tell this account by mail: not when it was told after `since`.
pub async fn may_notice(
    tx: &mut Tx,
    account: AccountId,
    since: Timestamp,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO import_notices (account_id, noticed_at_us) VALUES ($1, $3) \
        ON CONFLICT (account_id) DO UPDATE SET noticed_at_us = $3 \
        WHERE import_notices.noticed_at_us <= $2";
    Ok(on!(tx, c => sqlx::query(SQL).bind(account).bind(since).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}
