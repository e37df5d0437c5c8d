//! Counters of attempts. They are raised before an attempt is looked at.

use std::time::Duration;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::throttle::FORGET;

/// What is counted: a word for the kind, and a keyed hash of whom.
#[derive(Clone, Copy)]
pub struct Counter<'a> {
    /// `password`, `mail`.
    pub scope: &'a str,
    pub subject: &'a [u8; 32],
}

/// Counts an attempt as failed; [`clear`] takes it back when it succeeds. `None` while the counter
/// is blocked; otherwise the failures so far with this one. Afterwards it is blocked for
/// `wait(failures)`.
pub async fn count(
    tx: &mut Tx,
    counter: Counter<'_>,
    now: Timestamp,
    wait: fn(i64) -> Duration,
) -> Result<Option<i64>, StoreError> {
    const COUNT: &str = "INSERT INTO throttle \
            (scope, subject, failures, blocked_until_us, counted_at_us) \
        VALUES ($1, $2, 1, 0, $3) ON CONFLICT (scope, subject) DO UPDATE SET \
            failures = CASE WHEN throttle.counted_at_us <= $4 THEN 1 ELSE throttle.failures + 1 END, \
            counted_at_us = excluded.counted_at_us \
        WHERE throttle.blocked_until_us <= $3 RETURNING failures";
    const BLOCK: &str =
        "UPDATE throttle SET blocked_until_us = $3 WHERE scope = $1 AND subject = $2";
    // Twice as long as the longest block, so that no block ends in a clean slate.
    let forgotten = now.minus(FORGET * 2);
    let failures: Option<i64> = on!(&mut *tx, c => sqlx::query_scalar(COUNT)
        .bind(counter.scope).bind(&counter.subject[..]).bind(now).bind(forgotten)
        .fetch_optional(c).await?);
    if let Some(span) = failures.map(wait).filter(|span| !span.is_zero()) {
        on!(&mut *tx, c => sqlx::query(BLOCK)
            .bind(counter.scope).bind(&counter.subject[..]).bind(now.plus(span))
            .execute(c).await?.rows_affected());
    }
    Ok(failures)
}

/// As [`count`] in one statement, as long as so few failures block nothing. `None` when it did not
/// count: `count` has to say why.
pub async fn count_free(
    tx: &mut Tx,
    counter: Counter<'_>,
    now: Timestamp,
    wait: fn(i64) -> Duration,
) -> Result<Option<i64>, StoreError> {
    const SQL: &str = "INSERT INTO throttle \
            (scope, subject, failures, blocked_until_us, counted_at_us) \
        VALUES ($1, $2, 1, 0, $3) ON CONFLICT (scope, subject) DO UPDATE SET \
            failures = throttle.failures + 1, counted_at_us = excluded.counted_at_us \
        WHERE throttle.blocked_until_us <= $3 AND throttle.failures < $4 RETURNING failures";
    let free = (1..100).take_while(|failures| wait(*failures).is_zero()).last().unwrap_or(0);
    if free == 0 {
        return Ok(None);
    }
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(counter.scope).bind(&counter.subject[..]).bind(now).bind(free)
        .fetch_optional(c).await?))
}

/// Forgets the failures: an attempt succeeded.
pub async fn clear(tx: &mut Tx, counter: Counter<'_>) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM throttle WHERE scope = $1 AND subject = $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(counter.scope).bind(&counter.subject[..]).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes one of `budget` per `window`; `false` when they are used up.
pub async fn spend(
    tx: &mut Tx,
    counter: Counter<'_>,
    now: Timestamp,
    budget: i64,
    window: Duration,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO throttle \
            (scope, subject, failures, blocked_until_us, counted_at_us) \
        VALUES ($1, $2, 1, 0, $3) ON CONFLICT (scope, subject) DO UPDATE SET \
            failures = CASE WHEN throttle.counted_at_us <= $4 THEN 1 ELSE throttle.failures + 1 END, \
            counted_at_us = CASE WHEN throttle.counted_at_us <= $4 \
                THEN excluded.counted_at_us ELSE throttle.counted_at_us END \
        RETURNING failures";
    let spent: i64 = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(counter.scope).bind(&counter.subject[..]).bind(now).bind(now.minus(window))
        .fetch_one(c).await?);
    Ok(spent <= budget)
}

/// Forgets counters that nothing touched for days.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM throttle WHERE counted_at_us <= $1";
    let old = now.minus(FORGET * 7);
    Ok(on!(tx, c => sqlx::query(SQL).bind(old).execute(c).await?.rows_affected()))
}
