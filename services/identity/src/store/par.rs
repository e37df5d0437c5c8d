//! Pushed authorization requests (RFC 9126).

use siegel_crypto::sha256;
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::params::Params;

/// Stores a request under its handle.
pub async fn insert(
    tx: &mut Tx,
    handle: &str,
    client_id: &str,
    params: &Params,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO pushed_requests \
        (handle, client_id, parameters, used_at_us, expires_at_us) VALUES ($1, $2, $3, NULL, $4)";
    let params = write_json(params, "pushed request")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&sha256(handle.as_bytes())[..]).bind(client_id).bind(params).bind(expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The request this client pushed, unless it expired or led to a code.
pub async fn find(
    tx: &mut Tx,
    handle: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<Option<Params>, StoreError> {
    const SQL: &str = "SELECT parameters FROM pushed_requests \
        WHERE handle = $1 AND client_id = $2 AND used_at_us IS NULL AND expires_at_us > $3";
    let found: Option<Json<serde_json::Value>> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&sha256(handle.as_bytes())[..]).bind(client_id).bind(now)
        .fetch_optional(c).await?);
    found.map(|Json(value)| read_json(value, "pushed request")).transpose()
}

/// Forgets what a client pushed: it was stopped.
pub async fn forget(tx: &mut Tx, client_id: &str) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM pushed_requests WHERE client_id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(client_id).execute(c).await?.rows_affected()))
}

/// Uses the handle up when a code is issued; `false` when another answer was faster.
pub async fn consume(tx: &mut Tx, handle: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE pushed_requests SET used_at_us = $2 WHERE handle = $1 AND used_at_us IS NULL";
    let used = on!(tx, c => sqlx::query(SQL)
        .bind(&sha256(handle.as_bytes())[..]).bind(now).execute(c).await?.rows_affected());
    Ok(used == 1)
}

/// Removes requests that expired before `before`: nobody is on the pages for them any more.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM pushed_requests WHERE expires_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
