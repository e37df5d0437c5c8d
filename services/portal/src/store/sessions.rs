//! Table `browser_sessions`.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, TrustLevel};

/// A signed-in browser.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    pub cookie_hash: Vec<u8>,
    pub sealed: Vec<u8>,
    pub sealed_name: Vec<u8>,
    /// For whom the person acts; nothing when for themself.
    pub sealed_acting: Option<Vec<u8>>,
    /// Keyed hash of the subject.
    pub subject_hash: Option<Vec<u8>>,
    pub level: TrustLevel,
    #[sqlx(rename = "started_at_us")]
    pub started_at: Timestamp,
    #[sqlx(rename = "last_seen_at_us")]
    pub last_seen_at: Timestamp,
    #[sqlx(rename = "expires_at_us")]
    pub expires_at: Timestamp,
}

pub async fn insert(tx: &mut Tx, row: &Row) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO browser_sessions (cookie_hash, sealed, sealed_name, level, \
        started_at_us, last_seen_at_us, expires_at_us, subject_hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on!(tx, c => sqlx::query(SQL)
        .bind(&row.cookie_hash)
        .bind(&row.sealed)
        .bind(&row.sealed_name)
        .bind(row.level)
        .bind(row.started_at)
        .bind(row.last_seen_at)
        .bind(row.expires_at)
        .bind(&row.subject_hash)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The session of this cookie, unless it has expired.
pub async fn find(tx: &mut Tx, hash: &[u8], now: Timestamp) -> Result<Option<Row>, StoreError> {
    const SQL: &str = "SELECT cookie_hash, sealed, sealed_name, sealed_acting, subject_hash, \
        level, started_at_us, last_seen_at_us, expires_at_us FROM browser_sessions \
        WHERE cookie_hash = $1 AND expires_at_us > $2";
    Ok(on!(tx, c => sqlx::query_as::<_, Row>(SQL)
        .bind(hash)
        .bind(now)
        .fetch_optional(c).await?))
}

/// Notes that the browser was here; the session then lives until `expires_at`.
pub async fn touch(
    tx: &mut Tx,
    hash: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE browser_sessions SET last_seen_at_us = $2, expires_at_us = $3 \
        WHERE cookie_hash = $1 AND last_seen_at_us < $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(hash)
        .bind(now)
        .bind(expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Keeps what identity answered to a refresh.
pub async fn renew(
    tx: &mut Tx,
    hash: &[u8],
    sealed: &[u8],
    level: TrustLevel,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE browser_sessions SET sealed = $2, level = $3 WHERE cookie_hash = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(hash)
        .bind(sealed)
        .bind(level)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Keeps what the pages call the person.
pub async fn rename(tx: &mut Tx, hash: &[u8], sealed_name: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE browser_sessions SET sealed_name = $2 WHERE cookie_hash = $1";
    on!(tx, c => sqlx::query(SQL).bind(hash).bind(sealed_name).execute(c).await?.rows_affected());
    Ok(())
}

/// Keeps for whom the person acts.
pub async fn act_for(tx: &mut Tx, hash: &[u8], sealed: Option<&[u8]>) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE browser_sessions SET sealed_acting = $2 WHERE cookie_hash = $1";
    on!(tx, c => sqlx::query(SQL).bind(hash).bind(sealed).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn remove(tx: &mut Tx, hash: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM browser_sessions WHERE cookie_hash = $1";
    on!(tx, c => sqlx::query(SQL).bind(hash).execute(c).await?.rows_affected());
    Ok(())
}

/// Deletes what has expired.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM browser_sessions WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}

/// Signs out every browser of a subject.
pub async fn remove_all_of(tx: &mut Tx, subject_hash: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    const SQL: &str = "DELETE FROM browser_sessions WHERE subject_hash = $1 RETURNING cookie_hash";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(subject_hash).fetch_all(c).await?))
}
