//! What people log in with.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::upstream_links;
use crate::domain::factors::{Held, Kind};

siegel_kernel::typed_id! {
    /// A credential of a person.
    CredentialId = "crd", random
}

/// A password as it is checked.
#[derive(sqlx::FromRow)]
pub struct Password {
    pub id: CredentialId,
    pub account_id: AccountId,
    /// PHC string.
    pub secret: String,
    pub level: TrustLevel,
}

/// A card to be bound.
#[derive(Clone, Copy)]
pub struct NewCard<'a> {
    pub id: CredentialId,
    pub account: AccountId,
    /// Keyed hash of source and pseudonym.
    pub card_hash: &'a [u8; 32],
    /// Keyed hash of whose card it is.
    pub holder_hash: &'a [u8; 32],
    pub level: TrustLevel,
    pub label: &'a str,
    pub at: Timestamp,
}

/// A card that is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Card {
    pub id: CredentialId,
    pub account_id: AccountId,
}

/// A credential as its owner sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Listed {
    pub id: CredentialId,
    pub kind: String,
    pub label: String,
    pub level: TrustLevel,
    pub added_at_us: Timestamp,
    pub last_used_at_us: Option<Timestamp>,
}

/// Adds the account's password; `false` when it has one.
pub async fn add_password(
    tx: &mut Tx,
    id: CredentialId,
    account: AccountId,
    phc: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO credentials \
        (id, account_id, kind, secret, level, label, added_at_us) \
        VALUES ($1, $2, 'password', $3, $4, '', $5) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(account).bind(phc).bind(TrustLevel::Basic).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// The password behind an address.
pub async fn password_of(
    tx: &mut Tx,
    address_hash: &[u8; 32],
) -> Result<Option<Password>, StoreError> {
    const SQL: &str = "SELECT c.id, c.account_id, c.secret, c.level FROM credentials c \
        JOIN accounts a ON a.id = c.account_id WHERE a.address_hash = $1 AND c.kind = 'password'";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&address_hash[..]).fetch_optional(c).await?))
}

/// Binds a card; `false` when it belongs to an account already.
pub async fn add_card(tx: &mut Tx, new: &NewCard<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO credentials \
        (id, account_id, kind, card_hash, holder_hash, level, label, added_at_us) \
        VALUES ($1, $2, 'eid', $3, $4, $5, $6, $7) ON CONFLICT (card_hash) DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.account).bind(&new.card_hash[..]).bind(&new.holder_hash[..])
        .bind(new.level).bind(new.label).bind(new.at).execute(c).await?.rows_affected())
        == 1)
}

/// Whose card this is.
pub async fn by_card(tx: &mut Tx, card_hash: &[u8; 32]) -> Result<Option<Card>, StoreError> {
    const SQL: &str = "SELECT id, account_id FROM credentials WHERE card_hash = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&card_hash[..]).fetch_optional(c).await?))
}

/// Keyed hashes of the holders of an account's cards.
pub async fn holders(tx: &mut Tx, account: AccountId) -> Result<Vec<Vec<u8>>, StoreError> {
    const SQL: &str =
        "SELECT holder_hash FROM credentials WHERE account_id = $1 AND holder_hash IS NOT NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).fetch_all(c).await?))
}

/// Notes that a credential was used.
pub async fn used(tx: &mut Tx, id: CredentialId, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE credentials SET last_used_at_us = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// An account's finished credentials, oldest first.
pub async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<Listed>, StoreError> {
    const SQL: &str = "SELECT id, kind, label, level, added_at_us, last_used_at_us \
        FROM credentials WHERE account_id = $1 AND state = 'active' ORDER BY added_at_us, id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

impl Listed {
    /// As rules see it.
    pub fn held(&self) -> Result<Held, StoreError> {
        let kind = self.kind.parse::<Kind>().map_err(|_| StoreError::corrupt("credential kind"))?;
        Ok(Held { kind: Some(kind), level: self.level })
    }
}

/// What protects an account as rules see it: its finished credentials, and what is linked.
pub async fn held(tx: &mut Tx, account: AccountId) -> Result<Vec<Held>, StoreError> {
    let own = list(tx, account).await?;
    let mut all: Vec<Held> = own.iter().map(Listed::held).collect::<Result<_, _>>()?;
    let links = upstream_links::of_account(tx, account).await?;
    all.extend(links.iter().map(|l| Held { kind: None, level: l.level }));
    Ok(all)
}

/// The account's password; `None` when it has none.
pub async fn password_of_account(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Option<Password>, StoreError> {
    const SQL: &str = "SELECT id, account_id, secret, level FROM credentials \
        WHERE account_id = $1 AND kind = 'password'";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_optional(c).await?))
}

/// Sets the account's password, replacing the one it has.
pub async fn put_password(
    tx: &mut Tx,
    id: CredentialId,
    account: AccountId,
    phc: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE credentials SET secret = $2, added_at_us = $3 \
        WHERE account_id = $1 AND kind = 'password'";
    let changed = on!(&mut *tx, c => sqlx::query(SQL)
        .bind(account).bind(phc).bind(at).execute(c).await?.rows_affected());
    if changed == 0 {
        add_password(tx, id, account, phc, at).await?;
    }
    Ok(())
}

/// Gives a finished credential of the account another name; `false` when there is none.
pub async fn rename(
    tx: &mut Tx,
    account: AccountId,
    id: CredentialId,
    label: &str,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE credentials SET label = $3 \
        WHERE id = $1 AND account_id = $2 AND state = 'active'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(account).bind(label).execute(c).await?.rows_affected())
        == 1)
}

/// Removes a credential of the account; `false` when there is none.
pub async fn remove(tx: &mut Tx, account: AccountId, id: CredentialId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM credentials WHERE id = $1 AND account_id = $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(account).execute(c).await?.rows_affected())
        == 1)
}
