//! How far back events are kept, and how many wait.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::Timestamp;

/// Events looked at in one round.
const ROUND: i64 = 500;

/// Up to where the events of a topic are no longer kept; 0 when all are.
pub async fn horizon(tx: &mut Tx, topic: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT position FROM event_horizons WHERE topic = $1";
    let found: Option<i64> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(topic).fetch_optional(c).await?);
    Ok(found.unwrap_or_default())
}

/// How many events of a topic follow a position, counted up to `most`.
pub async fn behind(tx: &mut Tx, topic: &str, position: i64, most: i64) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM events \
        WHERE topic = $1 AND position > $2 LIMIT $3) AS waiting";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(topic).bind(position).bind(most).fetch_one(c).await?))
}

/// The position after which a topic's events are still to come.
pub async fn newest(tx: &mut Tx, topic: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COALESCE(MAX(position), 0) FROM events WHERE topic = $1";
    let newest: i64 = on!(&mut *tx, c => sqlx::query_scalar(SQL).bind(topic).fetch_one(c).await?);
    Ok(newest.max(horizon(tx, topic).await?))
}

/// Forgets the oldest events as long as they are from before `before`; how many it forgot. The
/// newest of all stays: positions go on from it.
pub async fn forget(db: &Db, before: Timestamp) -> Result<usize, StoreError> {
    const OLDEST: &str = "SELECT position, topic, occurred_at_us FROM events \
        WHERE position < (SELECT MAX(position) FROM events) ORDER BY position LIMIT $1";
    const REMEMBER: &str = "INSERT INTO event_horizons (topic, position) VALUES ($1, $2) \
        ON CONFLICT (topic) DO UPDATE SET position = excluded.position \
        WHERE event_horizons.position < excluded.position";
    const DELETE: &str = "DELETE FROM events WHERE position = $1";
    let mut tx = db.read().await?;
    let oldest: Vec<(i64, String, Timestamp)> =
        on!(&mut tx, c => sqlx::query_as(OLDEST).bind(ROUND).fetch_all(c).await?);
    drop(tx);
    let old: Vec<_> = oldest.into_iter().take_while(|(_, _, at)| *at < before).collect();
    if old.is_empty() {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    for (position, topic, _) in &old {
        on!(&mut tx, c => sqlx::query(REMEMBER).bind(topic).bind(position).execute(c).await?
            .rows_affected());
        on!(&mut tx, c => sqlx::query(DELETE).bind(position).execute(c).await?.rows_affected());
    }
    tx.commit().await?;
    Ok(old.len())
}
