//! Accounts on their way to nothing: what was asked, which service has answered.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// A deletion as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Deletion {
    /// `None` once it is finished.
    pub account_id: Option<AccountId>,
    /// `owner` or `inactivity`.
    pub cause: String,
    #[sqlx(rename = "asked_at_us")]
    pub asked_at: Timestamp,
    /// When it begins.
    #[sqlx(rename = "due_at_us")]
    pub due_at: Timestamp,
    #[sqlx(rename = "begun_at_us")]
    pub begun_at: Option<Timestamp>,
    #[sqlx(rename = "finished_at_us")]
    pub finished_at: Option<Timestamp>,
}

/// What one service has said.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Step {
    pub service: String,
    /// Empty unless it said that something has to happen before.
    pub waits_for: String,
    #[sqlx(rename = "answered_at_us")]
    pub answered_at: Option<Timestamp>,
    #[sqlx(rename = "done_at_us")]
    pub done_at: Option<Timestamp>,
}

/// A deletion to be written.
#[derive(Clone, Copy)]
pub struct NewDeletion<'a> {
    /// Audit pseudonym.
    pub name: &'a str,
    pub account: AccountId,
    pub cause: &'a str,
    pub asked_at: Timestamp,
    pub due_at: Timestamp,
}

/// Notes that an account is to be deleted; `false` when that was noted before.
pub async fn ask(tx: &mut Tx, new: &NewDeletion<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO deletions (name, account_id, cause, asked_at_us, due_at_us) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.name).bind(new.account).bind(new.cause).bind(new.asked_at).bind(new.due_at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Calls a deletion off that has not begun; `false` when there is none.
pub async fn cancel(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM deletions WHERE name = $1 AND begun_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(name).execute(c).await?.rows_affected()) == 1)
}

pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<Deletion>, StoreError> {
    const SQL: &str = "SELECT account_id, cause, asked_at_us, due_at_us, begun_at_us, \
        finished_at_us FROM deletions WHERE name = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(name).fetch_optional(c).await?))
}

/// What each service has said, in the order in which they are asked.
pub async fn steps(tx: &mut Tx, name: &str) -> Result<Vec<Step>, StoreError> {
    const SQL: &str = "SELECT service, waits_for, answered_at_us, done_at_us FROM deletion_steps \
        WHERE name = $1 ORDER BY turn, service";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(name).fetch_all(c).await?))
}

/// Accounts whose deletion is to begin.
pub async fn due(db: &Db, now: Timestamp, limit: i64) -> Result<Vec<AccountId>, StoreError> {
    const SQL: &str = "SELECT account_id FROM deletions WHERE due_at_us <= $1 \
        AND begun_at_us IS NULL AND finished_at_us IS NULL AND account_id IS NOT NULL \
        ORDER BY due_at_us LIMIT $2";
    let mut tx = db.glance().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(now).bind(limit).fetch_all(c).await?))
}

/// Begins a deletion: `services` are to answer, each in its turn. `false` when it has begun, or was
/// called off.
pub async fn begin(
    tx: &mut Tx,
    name: &str,
    services: &[(&str, i64)],
    now: Timestamp,
) -> Result<bool, StoreError> {
    const BEGIN: &str =
        "UPDATE deletions SET begun_at_us = $2 WHERE name = $1 AND begun_at_us IS NULL";
    const STEP: &str = "INSERT INTO deletion_steps (name, service, turn) VALUES ($1, $2, $3)";
    let begun = on!(&mut *tx, c => sqlx::query(BEGIN).bind(name).bind(now).execute(c).await?
        .rows_affected());
    if begun != 1 {
        return Ok(false);
    }
    for (service, turn) in services {
        on!(&mut *tx, c => sqlx::query(STEP).bind(name).bind(*service).bind(*turn)
            .execute(c).await?.rows_affected());
    }
    Ok(true)
}

/// Accounts that a service has still to delete and whose turn it is: those it said nothing of, then
/// those it was asked about longest ago. However many wait for something, all come round.
pub async fn open_for(db: &Db, service: &str, limit: i64) -> Result<Vec<AccountId>, StoreError> {
    const SQL: &str = "SELECT d.account_id FROM deletion_steps s \
        JOIN deletions d ON d.name = s.name \
        WHERE s.service = $1 AND s.done_at_us IS NULL AND d.account_id IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM deletion_steps o WHERE o.name = s.name \
            AND o.turn < s.turn AND o.done_at_us IS NULL) \
        ORDER BY COALESCE(s.answered_at_us, 0), d.begun_at_us, d.name LIMIT $2";
    let mut tx = db.glance().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(service).bind(limit).fetch_all(c).await?))
}

/// Writes what a service said; `false` when it was not asked, or has said that it is done.
pub async fn answer(
    tx: &mut Tx,
    name: &str,
    service: &str,
    waits_for: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE deletion_steps SET waits_for = $3, answered_at_us = $4, \
        done_at_us = $5 WHERE name = $1 AND service = $2 AND done_at_us IS NULL";
    let done_at = waits_for.is_empty().then_some(now);
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(name).bind(service).bind(waits_for).bind(now).bind(done_at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Accounts that every service has deleted but this one.
pub async fn answered(db: &Db, limit: i64) -> Result<Vec<AccountId>, StoreError> {
    const SQL: &str = "SELECT d.account_id FROM deletions d \
        WHERE d.begun_at_us IS NOT NULL AND d.finished_at_us IS NULL \
        AND d.account_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deletion_steps s \
            WHERE s.name = d.name AND s.done_at_us IS NULL) ORDER BY d.begun_at_us LIMIT $1";
    let mut tx = db.glance().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(limit).fetch_all(c).await?))
}

/// Notes that nothing is left, and forgets the account's id; `false` unless every service has said
/// so, or when it was noted before.
pub async fn finish(tx: &mut Tx, name: &str, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE deletions SET account_id = NULL, finished_at_us = $2 \
        WHERE name = $1 AND begun_at_us IS NOT NULL AND finished_at_us IS NULL \
        AND NOT EXISTS (SELECT 1 FROM deletion_steps s \
            WHERE s.name = deletions.name AND s.done_at_us IS NULL)";
    Ok(on!(tx, c => sqlx::query(SQL).bind(name).bind(now).execute(c).await?.rows_affected()) == 1)
}
