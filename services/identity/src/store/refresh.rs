//! Refresh tokens.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{GrantId, Timestamp};

/// A refresh token as stored; the token itself is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct RefreshToken {
    pub grant_id: GrantId,
    #[sqlx(rename = "issued_at_us")]
    pub issued_at: Timestamp,
    #[sqlx(rename = "expires_at_us")]
    pub expires_at: Timestamp,
    /// When it was exchanged for its successor.
    #[sqlx(rename = "spent_at_us")]
    pub spent_at: Option<Timestamp>,
}

pub async fn insert(tx: &mut Tx, hash: &[u8; 32], token: &RefreshToken) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO refresh_tokens \
        (token, grant_id, issued_at_us, expires_at_us, spent_at_us) VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(SQL)
        .bind(&hash[..]).bind(token.grant_id).bind(token.issued_at).bind(token.expires_at)
        .bind(token.spent_at).execute(c).await?.rows_affected());
    Ok(())
}

/// Stores a successor; one that another answer to the same token stored first stays.
pub async fn insert_successor(
    tx: &mut Tx,
    hash: &[u8; 32],
    token: &RefreshToken,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO refresh_tokens \
        (token, grant_id, issued_at_us, expires_at_us, spent_at_us) VALUES ($1, $2, $3, $4, NULL) \
        ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL)
        .bind(&hash[..]).bind(token.grant_id).bind(token.issued_at).bind(token.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

pub async fn find(tx: &mut Tx, hash: &[u8; 32]) -> Result<Option<RefreshToken>, StoreError> {
    const SQL: &str = "SELECT grant_id, issued_at_us, expires_at_us, spent_at_us \
        FROM refresh_tokens WHERE token = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&hash[..]).fetch_optional(c).await?))
}

/// Spends a token; `false` when somebody else did first.
pub async fn spend(tx: &mut Tx, hash: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE refresh_tokens SET spent_at_us = $2 WHERE token = $1 AND spent_at_us IS NULL";
    let spent = on!(tx, c => sqlx::query(SQL)
        .bind(&hash[..]).bind(now).execute(c).await?.rows_affected());
    Ok(spent == 1)
}

/// Removes tokens that expired before `before`.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM refresh_tokens WHERE expires_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
