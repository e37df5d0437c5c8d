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
