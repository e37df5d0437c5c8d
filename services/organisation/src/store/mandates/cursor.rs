//! Up to where the service has followed its own events.

use siegel_db::{StoreError, Tx, on};

const NAME: &str = "mandates";

pub async fn position(tx: &mut Tx) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT position FROM mandate_cursor WHERE name = $1";
    let found: Option<i64> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(NAME).fetch_optional(c).await?);
    Ok(found.unwrap_or(0))
}

/// Never goes back: two replicas follow at once.
pub async fn advance(tx: &mut Tx, to: i64) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO mandate_cursor (name, position) VALUES ($1, $2) \
        ON CONFLICT (name) DO UPDATE SET position = excluded.position \
        WHERE mandate_cursor.position < excluded.position";
    on!(tx, c => sqlx::query(SQL).bind(NAME).bind(to).execute(c).await?.rows_affected());
    Ok(())
}
