//! Tokens that register clients (RFC 7591 §1.2). Held as SHA-256.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

siegel_kernel::typed_id! {
    /// An initial access token. Its name for operators, not the token.
    InitialTokenId = "iat", random
}

/// A token as operators see it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct InitialToken {
    pub id: InitialTokenId,
    pub tenant: String,
    /// `production` or `test`: what its clients are.
    pub environment: String,
    pub uses_left: i64,
    pub created_by: String,
    /// Thumbprint of the key that proved it.
    pub created_key: Option<String>,
    pub created_at_us: Timestamp,
    pub expires_at_us: Timestamp,
}

/// What one use of a token gives.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Taken {
    pub tenant: String,
    pub environment: String,
    pub created_by: String,
    pub created_key: Option<String>,
}

pub async fn insert(tx: &mut Tx, new: &InitialToken, digest: &[u8; 32]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO initial_tokens \
        (id, token, tenant, environment, uses_left, created_by, created_key, created_at_us, \
        expires_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(&digest[..]).bind(&new.tenant).bind(&new.environment).bind(new.uses_left)
        .bind(&new.created_by).bind(&new.created_key).bind(new.created_at_us)
        .bind(new.expires_at_us)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Takes one use. `None`: unknown, used up or expired.
pub async fn take(
    tx: &mut Tx,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Taken>, StoreError> {
    const SQL: &str = "UPDATE initial_tokens SET uses_left = uses_left - 1 \
        WHERE token = $1 AND uses_left > 0 AND expires_at_us > $2 \
        RETURNING tenant, environment, created_by, created_key";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&digest[..]).bind(now).fetch_optional(c).await?))
}

/// Whether a use is left.
pub async fn is_good(tx: &mut Tx, digest: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT tenant FROM initial_tokens \
        WHERE token = $1 AND uses_left > 0 AND expires_at_us > $2";
    let found: Option<String> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&digest[..]).bind(now).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Every token that is not forgotten, newest last.
pub async fn all(tx: &mut Tx) -> Result<Vec<InitialToken>, StoreError> {
    const SQL: &str = "SELECT id, tenant, environment, uses_left, created_by, created_key, \
        created_at_us, expires_at_us FROM initial_tokens ORDER BY created_at_us, id";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
}

/// Removes a token; `false` when there is none.
pub async fn remove(tx: &mut Tx, id: InitialTokenId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM initial_tokens WHERE id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected()) == 1)
}

pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM initial_tokens WHERE expires_at_us <= $1";
    on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected());
    Ok(())
}
