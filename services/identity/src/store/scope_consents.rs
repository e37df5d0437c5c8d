//! Which scopes a person allowed a client, and which attributes they chose. The consent to
//! attributes itself is the account service's.

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

/// Remembers which attributes were allowed of those asked for.
pub async fn choose(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    asked: &[u8; 32],
    allowed: &[String],
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO consent_choices \
        (account_id, client_id, asked, allowed, given_at_us) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (account_id, client_id, asked) DO UPDATE SET \
            allowed = excluded.allowed, given_at_us = excluded.given_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(client_id).bind(&asked[..]).bind(allowed.join(" ")).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// What was allowed the last time exactly this was asked for.
pub async fn choice(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    asked: &[u8; 32],
) -> Result<Option<Vec<String>>, StoreError> {
    const SQL: &str = "SELECT allowed FROM consent_choices \
        WHERE account_id = $1 AND client_id = $2 AND asked = $3";
    let found: Option<String> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(account).bind(client_id).bind(&asked[..]).fetch_optional(c).await?);
    Ok(found.map(|names| names.split_whitespace().map(str::to_owned).collect()))
}
