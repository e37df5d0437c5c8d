//! The keys that signed evidence. A row is added or gets an end date; none is ever removed.

use std::time::Duration;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

/// How long replicas with the previous key may go on signing while a new one comes into use.
const OVERLAP: Duration = Duration::from_hours(1);

/// A published key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KeyRow {
    /// The public key, JSON.
    pub jwk: String,
    #[sqlx(rename = "valid_from_us")]
    pub valid_from: Timestamp,
    #[sqlx(rename = "valid_to_us")]
    pub valid_to: Option<Timestamp>,
}

/// Publishes a key as the one in use; the others end after an overlap.
pub async fn publish(tx: &mut Tx, kid: &str, jwk: &str, now: Timestamp) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO evidence_keys (kid, jwk, valid_from_us) VALUES ($1, $2, $3) \
        ON CONFLICT (kid) DO UPDATE SET valid_to_us = NULL";
    const END: &str =
        "UPDATE evidence_keys SET valid_to_us = $2 WHERE kid <> $1 AND valid_to_us IS NULL";
    on!(&mut *tx, c => sqlx::query(PUT).bind(kid).bind(jwk).bind(now)
        .execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(END).bind(kid).bind(now.plus(OVERLAP))
        .execute(c).await?.rows_affected());
    Ok(())
}

/// All keys, oldest first.
pub async fn all(tx: &mut Tx) -> Result<Vec<KeyRow>, StoreError> {
    const SQL: &str =
        "SELECT jwk, valid_from_us, valid_to_us FROM evidence_keys ORDER BY valid_from_us, kid";
    Ok(on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?))
}
