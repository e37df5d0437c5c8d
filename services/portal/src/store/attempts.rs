//! Table `login_attempts`.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, TrustLevel};

/// A log-in on its way.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    pub state_hash: Vec<u8>,
    pub browser_hash: Vec<u8>,
    pub sealed: Vec<u8>,
    pub asked_level: TrustLevel,
    #[sqlx(rename = "expires_at_us")]
    pub expires_at: Timestamp,
}

pub async fn insert(tx: &mut Tx, row: &Row) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO login_attempts \
        (state_hash, browser_hash, sealed, asked_level, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(SQL)
        .bind(&row.state_hash)
        .bind(&row.browser_hash)
        .bind(&row.sealed)
        .bind(row.asked_level)
        .bind(row.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Takes the attempt with this state out, if this browser began it and it has not expired: an
/// answer is worth one log-in.
pub async fn take(
    tx: &mut Tx,
    state_hash: &[u8],
    browser_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Row>, StoreError> {
    const SQL: &str = "DELETE FROM login_attempts \
        WHERE state_hash = $1 AND browser_hash = $2 AND expires_at_us > $3 \
        RETURNING state_hash, browser_hash, sealed, asked_level, expires_at_us";
    Ok(on!(tx, c => sqlx::query_as::<_, Row>(SQL)
        .bind(state_hash)
        .bind(browser_hash)
        .bind(now)
        .fetch_optional(c).await?))
}

/// Deletes what has expired.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM login_attempts WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
