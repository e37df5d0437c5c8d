//! Browsers that logged in to an account before.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// Whether the browser with this cookie logged in to the account of an address before.
pub async fn is_known(
    tx: &mut Tx,
    token_hash: &[u8; 32],
    address_hash: &[u8; 32],
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT d.added_at_us FROM known_devices d \
        JOIN accounts a ON a.id = d.account_id WHERE d.token_hash = $1 AND a.address_hash = $2";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&token_hash[..]).bind(&address_hash[..]).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Notes that a browser logged in to an account.
pub async fn note(
    tx: &mut Tx,
    token_hash: &[u8; 32],
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO known_devices \
            (token_hash, account_id, added_at_us, last_used_at_us) VALUES ($1, $2, $3, $3) \
        ON CONFLICT (token_hash, account_id) DO UPDATE SET last_used_at_us = excluded.last_used_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(&token_hash[..]).bind(account).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets all browsers of an account: somebody may have had its password.
pub async fn forget(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM known_devices WHERE account_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(account).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets browsers that did not log in since `before`.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM known_devices WHERE last_used_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
