//! Addresses that accounts gave up.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// Notes that the account gave the address up.
pub async fn put(
    tx: &mut Tx,
    address_hash: &[u8],
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO freed_addresses (address_hash, account_id, freed_at_us) \
        VALUES ($1, $2, $3) ON CONFLICT (address_hash) DO UPDATE \
        SET account_id = excluded.account_id, freed_at_us = excluded.freed_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(address_hash).bind(account).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Whose the address was; forgotten with it.
pub async fn take(tx: &mut Tx, address_hash: &[u8]) -> Result<Option<AccountId>, StoreError> {
    const SQL: &str = "DELETE FROM freed_addresses WHERE address_hash = $1 RETURNING account_id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(address_hash).fetch_optional(c).await?))
}
