//! New addresses that wait for the codes from both mailboxes.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

use crate::domain::throttle::CODE_TRIES;

/// A change to be written. It replaces an earlier one of the same account.
#[derive(Clone, Copy)]
pub struct NewChange<'a> {
    pub account: AccountId,
    pub address_hash: &'a [u8; 32],
    pub address_sealed: &'a [u8],
    pub old_code_hash: &'a [u8; 32],
    /// Absent when another account has the address: then no code is right.
    pub new_code_hash: Option<&'a [u8; 32]>,
    pub expires_at: Timestamp,
}

/// A change one of whose tries was just taken.
#[derive(sqlx::FromRow)]
pub struct Change {
    pub address_hash: Vec<u8>,
    pub address_sealed: Vec<u8>,
    pub old_code_hash: Vec<u8>,
    pub new_code_hash: Option<Vec<u8>>,
}

/// Writes the change with all its tries.
pub async fn put(tx: &mut Tx, new: &NewChange<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO email_changes (account_id, address_hash, address_sealed, \
            old_code_hash, new_code_hash, tries, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (account_id) DO UPDATE SET \
            address_hash = excluded.address_hash, address_sealed = excluded.address_sealed, \
            old_code_hash = excluded.old_code_hash, new_code_hash = excluded.new_code_hash, \
            tries = 0, expires_at_us = excluded.expires_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.account).bind(&new.address_hash[..]).bind(new.address_sealed)
        .bind(&new.old_code_hash[..]).bind(new.new_code_hash.map(|h| &h[..]))
        .bind(new.expires_at).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes one try, before the codes are looked at; `None` when none is left or the time is over.
pub async fn take_try(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<Change>, StoreError> {
    const SQL: &str = "UPDATE email_changes SET tries = tries + 1 \
        WHERE account_id = $1 AND tries < $2 AND expires_at_us > $3 \
        RETURNING address_hash, address_sealed, old_code_hash, new_code_hash";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(CODE_TRIES).bind(now).fetch_optional(c).await?))
}

/// Whether codes may still be entered.
pub async fn waits(tx: &mut Tx, account: AccountId, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT tries FROM email_changes \
        WHERE account_id = $1 AND tries < $2 AND expires_at_us > $3";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(account).bind(CODE_TRIES).bind(now).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Forgets a change: it was made. `false` when somebody else was faster.
pub async fn remove(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM email_changes WHERE account_id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(account).execute(c).await?.rows_affected()) == 1)
}

/// Forgets what ran out before `now`.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM email_changes WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
