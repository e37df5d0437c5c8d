//! What replicas took of a sender's quota.

use siegel_db::{Db, StoreError, on};
use siegel_kernel::Timestamp;

/// Which budget of which sender.
#[derive(Clone, Copy, Debug)]
pub struct Budget<'a> {
    pub tenant: &'a str,
    pub client_id: &'a str,
    /// `letters` or `bytes`.
    pub what: &'static str,
    /// How much there is until it resets.
    pub limit: i64,
    pub resets_at: Timestamp,
}

/// A piece of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// How much was got; 0 when nothing was left.
    pub got: i64,
    /// What nobody took yet.
    pub left: i64,
    /// When the budget is full again; later than asked for when another clock is ahead.
    pub resets_at: Timestamp,
}

/// Takes up to `wanted` of a budget, in a transaction of its own.
pub async fn take(db: &Db, budget: Budget<'_>, wanted: i64) -> Result<Piece, StoreError> {
    // Begins the period anew unless somebody did; the row is held from here on.
    const BEGIN: &str = "INSERT INTO quota_use (tenant, client_id, what, resets_at_us, taken) \
        VALUES ($1, $2, $3, $4, 0) ON CONFLICT (tenant, client_id, what) DO UPDATE SET \
        taken = CASE WHEN quota_use.resets_at_us < excluded.resets_at_us THEN 0 \
            ELSE quota_use.taken END, \
        resets_at_us = CASE WHEN quota_use.resets_at_us < excluded.resets_at_us \
            THEN excluded.resets_at_us ELSE quota_use.resets_at_us END \
        RETURNING taken, resets_at_us";
    const TAKE: &str = "UPDATE quota_use SET taken = $4 \
        WHERE tenant = $1 AND client_id = $2 AND what = $3";
    let mut tx = db.begin().await?;
    let (taken, resets_at): (i64, Timestamp) = on!(&mut tx, c => sqlx::query_as(BEGIN)
        .bind(budget.tenant).bind(budget.client_id).bind(budget.what).bind(budget.resets_at)
        .fetch_one(c).await?);
    let got = wanted.min(budget.limit.saturating_sub(taken)).max(0);
    let taken = taken.saturating_add(got);
    on!(&mut tx, c => sqlx::query(TAKE)
        .bind(budget.tenant).bind(budget.client_id).bind(budget.what).bind(taken)
        .execute(c).await?.rows_affected());
    tx.commit().await?;
    Ok(Piece { got, left: budget.limit.saturating_sub(taken).max(0), resets_at })
}
