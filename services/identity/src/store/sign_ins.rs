//! The history of log-ins, for the account's owner.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};

/// One log-in.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SignIn {
    #[sqlx(rename = "at_us")]
    pub at: Timestamp,
    #[sqlx(rename = "session_id")]
    pub session: SessionId,
    /// `pwd`, `sc`, … (RFC 8176).
    pub method: String,
    pub level: TrustLevel,
    pub sector: String,
    /// Browser and system; empty when they could not be told.
    pub device: String,
}

pub async fn insert(tx: &mut Tx, account: AccountId, new: &SignIn) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sign_ins \
        (account_id, at_us, session_id, method, level, sector, device) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(new.at).bind(new.session).bind(&new.method).bind(new.level)
        .bind(&new.sector).bind(&new.device).execute(c).await?.rows_affected());
    Ok(())
}

/// The account's newest log-ins.
pub async fn newest(
    tx: &mut Tx,
    account: AccountId,
    limit: i64,
) -> Result<Vec<SignIn>, StoreError> {
    const SQL: &str = "SELECT at_us, session_id, method, level, sector, device FROM sign_ins \
        WHERE account_id = $1 ORDER BY at_us DESC, session_id LIMIT $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).bind(limit).fetch_all(c).await?))
}

/// The device of a session's latest log-in; empty when it is not known.
pub async fn device_of(tx: &mut Tx, session: SessionId) -> Result<String, StoreError> {
    const SQL: &str =
        "SELECT device FROM sign_ins WHERE session_id = $1 ORDER BY at_us DESC LIMIT 1";
    let found: Option<String> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(session).fetch_optional(c).await?);
    Ok(found.unwrap_or_default())
}

/// Removes log-ins before `before`.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sign_ins WHERE at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
