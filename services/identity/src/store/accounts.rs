//! Accounts as identity knows them: an id and an address. Personal data is the account service's.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// An account to be written.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    pub id: AccountId,
    /// Keyed hash of the address as it is looked up.
    pub address_hash: &'a [u8; 32],
    pub address_sealed: &'a [u8],
    /// `de` or `en`.
    pub locale: &'a str,
    pub at: Timestamp,
}

/// How far an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// The account service has not confirmed it yet.
    Pending,
    Open,
}

/// Writes a pending account; `false` when the address has one already.
pub async fn insert(tx: &mut Tx, new: &NewAccount<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO accounts \
        (id, state, address_hash, address_sealed, locale, created_at_us) \
        VALUES ($1, 'pending', $2, $3, $4, $5) ON CONFLICT (address_hash) DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(&new.address_hash[..]).bind(new.address_sealed).bind(new.locale)
        .bind(new.at).execute(c).await?.rows_affected())
        == 1)
}

/// Whether an account has this address.
pub async fn address_is_taken(tx: &mut Tx, address_hash: &[u8; 32]) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT id FROM accounts WHERE address_hash = $1";
    let found: Option<AccountId> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&address_hash[..]).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// The account of an address.
pub async fn by_address(
    tx: &mut Tx,
    address_hash: &[u8; 32],
) -> Result<Option<AccountId>, StoreError> {
    const SQL: &str = "SELECT id FROM accounts WHERE address_hash = $1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(&address_hash[..]).fetch_optional(c).await?))
}

/// Gives the account another address; `false` when it is gone or the address is taken.
pub async fn change_address(
    tx: &mut Tx,
    id: AccountId,
    address_hash: &[u8; 32],
    address_sealed: &[u8],
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE accounts SET address_hash = $2, address_sealed = $3 WHERE id = $1 \
        AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.address_hash = $2)";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(&address_hash[..]).bind(address_sealed).execute(c).await?.rows_affected())
        == 1)
}

/// Keeps others from changing what belongs to the account until the transaction ends.
pub async fn lock(tx: &mut Tx, id: AccountId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE accounts SET state = state WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected());
    Ok(())
}

/// How far the account is; `None` when there is none.
pub async fn state(tx: &mut Tx, id: AccountId) -> Result<Option<AccountState>, StoreError> {
    const SQL: &str = "SELECT state FROM accounts WHERE id = $1";
    let found: Option<String> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await?);
    Ok(found.map(|s| if s == "open" { AccountState::Open } else { AccountState::Pending }))
}

/// What the account service is told about a new account.
#[derive(sqlx::FromRow)]
pub struct Opening {
    pub address_hash: Vec<u8>,
    pub address_sealed: Vec<u8>,
    pub locale: String,
}

/// The address of an account, sealed.
pub async fn opening(tx: &mut Tx, id: AccountId) -> Result<Option<Opening>, StoreError> {
    const SQL: &str = "SELECT address_hash, address_sealed, locale FROM accounts WHERE id = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Notes that the account service has the account; `false` when that was known.
pub async fn open(tx: &mut Tx, id: AccountId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE accounts SET state = 'open', opened_at_us = $2 WHERE id = $1 AND state = 'pending'";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}
