//! Objects that no letter refers to yet.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::retention;

/// Notes objects before the first byte of any is written.
pub async fn begin(db: &Db, keys: &[String], now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO uploads (object_key, started_at_us) VALUES ($1, $2)";
    let mut tx = db.begin().await?;
    for key in keys {
        on!(&mut tx, c => sqlx::query(SQL).bind(key).bind(now).execute(c).await?.rows_affected());
    }
    tx.commit().await
}

/// Notes an object, or all below a key that ends with a slash, in the transaction of its upload.
pub async fn note(tx: &mut Tx, key: &str, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO uploads (object_key, started_at_us) VALUES ($1, $2)";
    on!(tx, c => sqlx::query(SQL).bind(key).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// The letter now refers to the object; `false` when the sweeper was faster. Whoever ends the note
/// has the object, so that a letter never refers to one that is being removed.
pub async fn attach(tx: &mut Tx, key: &str) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM uploads WHERE object_key = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(key).execute(c).await?.rows_affected()) == 1)
}

/// Nothing will refer to the object: it is to be removed. `false` when something refers to it
/// already, or nobody knows it.
pub async fn doom(tx: &mut Tx, key: &str) -> Result<bool, StoreError> {
    let ours = attach(tx, key).await?;
    if ours {
        retention::doom(tx, key).await?;
    }
    Ok(ours)
}

/// Objects begun before `before` that never became part of a letter.
pub async fn orphans(db: &Db, before: Timestamp, limit: i64) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT object_key FROM uploads WHERE started_at_us < $1 \
        ORDER BY started_at_us LIMIT $2";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(before).bind(limit).fetch_all(c).await?))
}
