//! People who were written down instead of registering.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, TrustLevel};

/// A person's account, and its password when there is one.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Known {
    pub account_id: AccountId,
    /// PHC string.
    pub secret: Option<String>,
    pub level: Option<TrustLevel>,
    /// Keyed hash of the attributes that were written down last.
    pub digest: Option<Vec<u8>>,
}

pub async fn find(tx: &mut Tx, address_hash: &[u8; 32]) -> Result<Option<Known>, StoreError> {
    const SQL: &str = "SELECT a.id AS account_id, c.secret, c.level, s.digest FROM accounts a \
        LEFT JOIN credentials c ON c.account_id = a.id AND c.kind = 'password' \
        LEFT JOIN seeded_persons s ON s.account_id = a.id WHERE a.address_hash = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&address_hash[..]).fetch_optional(c).await?))
}

/// Gives the account's password this worth, and another text when there is one.
pub async fn set_password(
    tx: &mut Tx,
    account: AccountId,
    phc: Option<&str>,
    level: TrustLevel,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE credentials SET secret = COALESCE($2, secret), level = $3 \
        WHERE account_id = $1 AND kind = 'password'";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(phc).bind(level).execute(c).await?.rows_affected());
    Ok(())
}

/// Remembers what was written down.
pub async fn remember(
    tx: &mut Tx,
    account: AccountId,
    digest: &[u8; 32],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO seeded_persons (account_id, digest) VALUES ($1, $2) \
        ON CONFLICT (account_id) DO UPDATE SET digest = excluded.digest";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(&digest[..]).execute(c).await?.rows_affected());
    Ok(())
}

/// How many jobs of these two kinds wait.
pub async fn waiting(tx: &mut Tx, one: &str, other: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE kind = $1 OR kind = $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(one).bind(other).fetch_one(c).await?))
}
