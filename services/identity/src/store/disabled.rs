//! Accounts that operators closed to their owners.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};
use sqlx::types::Json;

use super::{read_json, write_json};

/// Reason of an account that is being deleted: nobody opens it again.
pub const DELETION: &str = "deletion";

/// That an account is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    pub at: Timestamp,
    pub reason: String,
    /// Whoever did it, as the audit trail says.
    pub by: String,
    /// Clients that were told.
    pub told: Vec<String>,
}

/// An account without what is personal in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// `pending` or `open`.
    pub state: String,
    pub created_at: Timestamp,
    pub disabled: Option<Disabled>,
}

type Told = Option<Json<serde_json::Value>>;
type Row = (String, Timestamp, Option<Timestamp>, Option<String>, Option<String>, Told);

/// The account; `None` when there is none.
pub async fn overview(tx: &mut Tx, id: AccountId) -> Result<Option<Overview>, StoreError> {
    const SQL: &str = "SELECT state, created_at_us, disabled_at_us, disabled_reason, disabled_by, \
        disabled_told FROM accounts WHERE id = $1";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    let Some((state, created_at, at, reason, by, told)) = row else { return Ok(None) };
    let disabled = match at {
        Some(at) => {
            let told = told.map(|Json(value)| read_json(value, "accounts.disabled_told"));
            let (reason, by) = (reason.unwrap_or_default(), by.unwrap_or_default());
            Some(Disabled { at, reason, by, told: told.transpose()?.unwrap_or_default() })
        }
        None => None,
    };
    Ok(Some(Overview { state, created_at, disabled }))
}

/// Closes the account; `false` when it is closed already or there is none. Log-ins under way wait
/// for the end of this transaction, or it waits for theirs.
pub async fn close(tx: &mut Tx, id: AccountId, new: &Disabled) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE accounts SET disabled_at_us = $2, disabled_reason = $3, \
        disabled_by = $4, disabled_told = $5 WHERE id = $1 AND disabled_at_us IS NULL";
    let told = write_json(&new.told, "accounts.disabled_told")?;
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(new.at).bind(&new.reason).bind(&new.by).bind(told)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Opens it again; `false` when it is not closed.
pub async fn reopen(tx: &mut Tx, id: AccountId) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE accounts SET disabled_at_us = NULL, disabled_reason = NULL, \
        disabled_by = NULL, disabled_told = NULL WHERE id = $1 AND disabled_at_us IS NOT NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected()) == 1)
}

/// Whether the account is closed. An open one stays so until the transaction ends.
pub async fn holds(tx: &mut Tx, id: AccountId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT disabled_at_us FROM accounts WHERE id = $1";
    const SHARED: &str = "SELECT disabled_at_us FROM accounts WHERE id = $1 FOR SHARE";
    // SQLite has one writer at a time and no words for a lock.
    let sql = match tx {
        Tx::Sqlite(_) => SQL,
        Tx::Postgres(_) => SHARED,
    };
    let found: Option<Option<Timestamp>> =
        on!(tx, c => sqlx::query_scalar(sql).bind(id).fetch_optional(c).await?);
    Ok(found.flatten().is_some())
}
