//! Which scopes a person allowed a client.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// The scopes this person allowed this client.
pub async fn given(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str =
        "SELECT scope FROM scope_consents WHERE account_id = $1 AND client_id = $2 ORDER BY scope";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(client_id).fetch_all(c).await?))
}

/// Adds to them.
pub async fn give(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    scopes: &[String],
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO scope_consents (account_id, client_id, scope, given_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    for scope in scopes {
        on!(&mut *tx, c => sqlx::query(SQL)
            .bind(account).bind(client_id).bind(scope).bind(at).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// A scope a client was allowed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Given {
    pub client_id: String,
    pub scope: String,
    pub given_at_us: Timestamp,
}

/// Everything a person allowed, by client and scope.
pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Given>, StoreError> {
    const SQL: &str = "SELECT client_id, scope, given_at_us FROM scope_consents \
        WHERE account_id = $1 ORDER BY client_id, scope";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// Takes back what a client was allowed; how many scopes.
pub async fn withdraw(tx: &mut Tx, account: AccountId, client_id: &str) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM scope_consents WHERE account_id = $1 AND client_id = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(client_id).execute(c).await?.rows_affected()))
}
