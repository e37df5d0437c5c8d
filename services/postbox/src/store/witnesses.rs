//! What witnesses of the public log have cosigned.

use siegel_db::{StoreError, Tx, on};

/// The size a witness saw last; 0 before the first.
pub async fn size(tx: &mut Tx, name: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT size FROM log_witnesses WHERE name = $1";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL).bind(name)
        .fetch_optional(c).await?);
    Ok(found.unwrap_or(0))
}

/// Puts a note with one cosignature more in the place of `before`; `false` when another was put
/// there since.
pub async fn cosigned(
    tx: &mut Tx,
    name: &str,
    size: i64,
    before: &str,
    note: &str,
) -> Result<bool, StoreError> {
    const NOTE: &str = "UPDATE log_checkpoints SET note = $3 WHERE size = $1 AND note = $2";
    const SEEN: &str = "INSERT INTO log_witnesses (name, size) VALUES ($1, $2) \
        ON CONFLICT (name) DO UPDATE SET size = excluded.size";
    let put = on!(&mut *tx, c => sqlx::query(NOTE).bind(size).bind(before).bind(note)
        .execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(SEEN).bind(name).bind(size).execute(c).await?.rows_affected());
    Ok(put == 1)
}
