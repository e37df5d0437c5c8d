//! Wrong codes.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

/// When the wrong codes for this key were typed since `since`, oldest first.
pub async fn since(
    tx: &mut Tx,
    key_mac: &[u8; 32],
    since: Timestamp,
) -> Result<Vec<Timestamp>, StoreError> {
    const SQL: &str = "SELECT at_us FROM code_attempts WHERE key_mac = $1 AND at_us > $2 \
        ORDER BY at_us LIMIT 100";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&key_mac[..]).bind(since).fetch_all(c).await?))
}

pub async fn add(tx: &mut Tx, key_mac: &[u8; 32], at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO code_attempts (key_mac, at_us) VALUES ($1, $2)";
    on!(tx, c => sqlx::query(SQL).bind(&key_mac[..]).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets what is older than `before`.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM code_attempts WHERE at_us <= $1";
    on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected());
    Ok(())
}
