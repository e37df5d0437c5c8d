//! The keys that signed evidence. A row is added or gets an end date; none is ever removed.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::evidence_keys::Dated;

/// A published key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KeyRow {
    pub kid: String,
    /// The public key, JSON.
    pub jwk: String,
    #[sqlx(rename = "valid_from_us")]
    pub valid_from: Timestamp,
    #[sqlx(rename = "valid_to_us")]
    pub valid_to: Option<Timestamp>,
}

/// Publishes a key, or changes its times. `jwk` is kept as it was first published.
pub async fn publish(tx: &mut Tx, key: &Dated, jwk: &str) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO evidence_keys (kid, jwk, valid_from_us, valid_to_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (kid) DO UPDATE \
        SET valid_from_us = excluded.valid_from_us, valid_to_us = excluded.valid_to_us";
    on!(tx, c => sqlx::query(SQL).bind(&key.kid).bind(jwk).bind(key.from).bind(key.to)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// All keys, oldest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<KeyRow>, StoreError> {
    const SQL: &str = "SELECT kid, jwk, valid_from_us, valid_to_us FROM evidence_keys \
        ORDER BY valid_from_us, kid";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
}
