//! When people logged in last, and what they were told because it was long ago. Days are legal ones.

use siegel_db::{Db, StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

use crate::domain::deletion::Due;

/// An account and its last log-in, or its opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Idle {
    pub account_id: AccountId,
    #[sqlx(rename = "since_us")]
    pub since: Timestamp,
}

/// Notes a log-in. What the person was told counts for nothing any more.
pub async fn logged_in(tx: &mut Tx, account: AccountId, at: Timestamp) -> Result<(), StoreError> {
    const LOGIN: &str = "UPDATE accounts SET last_login_at_us = $2 WHERE id = $1";
    const FORGET: &str = "DELETE FROM inactivity_notices WHERE account_id = $1";
    on!(&mut *tx, c => sqlx::query(LOGIN).bind(account).bind(at).execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(FORGET).bind(account).execute(c).await?.rows_affected());
    Ok(())
}

/// Open accounts that were told `number - 1` and not yet `number`, and for which that is due.
/// Those that an operator closed, or that are being deleted already, are left out.
pub async fn to_tell(db: &Db, number: u32, due: &Due, limit: i64) -> Result<Vec<Idle>, StoreError> {
    const SQL: &str = "SELECT a.id AS account_id, \
            COALESCE(a.last_login_at_us, a.created_at_us) AS since_us FROM accounts a \
        WHERE COALESCE(a.last_login_at_us, a.created_at_us) <= $1 AND a.disabled_at_us IS NULL \
        AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.account_id = a.id) \
        AND NOT EXISTS (SELECT 1 FROM inactivity_notices n WHERE n.account_id = a.id \
            AND n.since_us = COALESCE(a.last_login_at_us, a.created_at_us) AND n.number >= $3) \
        AND ($3 = 1 OR EXISTS (SELECT 1 FROM inactivity_notices n WHERE n.account_id = a.id \
            AND n.since_us = COALESCE(a.last_login_at_us, a.created_at_us) \
            AND n.number = $3 - 1 AND n.told_at_us <= $2)) \
        ORDER BY 2 LIMIT $4";
    let mut tx = db.glance().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL)
        .bind(due.last_login).bind(due.noticed).bind(i64::from(number)).bind(limit)
        .fetch_all(c).await?))
}

/// Notes that a notice goes; `false` when it went before, or somebody logged in.
pub async fn tell(
    tx: &mut Tx,
    idle: &Idle,
    number: u32,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO inactivity_notices (account_id, since_us, number, told_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    if !hold(tx, idle).await? {
        return Ok(false);
    }
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(idle.account_id).bind(idle.since).bind(i64::from(number)).bind(now)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Holds the account until the transaction ends; `false` when somebody logged in since.
pub async fn hold(tx: &mut Tx, idle: &Idle) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE accounts SET state = state WHERE id = $1 \
        AND COALESCE(last_login_at_us, created_at_us) = $2 AND disabled_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(idle.account_id).bind(idle.since)
        .execute(c).await?.rows_affected())
        == 1)
}
