//! Passkeys.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use uuid::Uuid;

use super::credentials::CredentialId;

/// A passkey to be added.
#[derive(Clone, Copy)]
pub struct NewPasskey<'a> {
    pub id: CredentialId,
    pub account: AccountId,
    /// SHA-256 of its credential id.
    pub handle: &'a [u8; 32],
    pub sealed: &'a [u8],
    /// Signature counter.
    pub counter: i64,
    pub level: TrustLevel,
    /// AAGUID of the model its maker vouched for.
    pub model: Option<Uuid>,
    pub label: &'a str,
    pub at: Timestamp,
}

/// A passkey with its sealed public key.
#[derive(sqlx::FromRow)]
pub struct Stored {
    pub id: CredentialId,
    pub account_id: AccountId,
    pub sealed: Vec<u8>,
    pub level: TrustLevel,
    /// AAGUID of the model its maker vouched for.
    pub model: Option<Uuid>,
}

/// Adds a passkey; `false` when some account has it already (WebAuthn §7.1 step 26).
pub async fn add(tx: &mut Tx, new: &NewPasskey<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO credentials \
        (id, account_id, kind, handle, sealed, counter, level, label, added_at_us, model) \
        VALUES ($1, $2, 'passkey', $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (handle) DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.account).bind(&new.handle[..]).bind(new.sealed)
        .bind(new.counter).bind(new.level).bind(new.label).bind(new.at).bind(new.model)
        .execute(c).await?.rows_affected())
        == 1)
}

/// The passkey of this credential id.
pub async fn by_handle(tx: &mut Tx, handle: &[u8; 32]) -> Result<Option<Stored>, StoreError> {
    const SQL: &str = "SELECT id, account_id, sealed, level, model FROM credentials \
        WHERE handle = $1 AND kind = 'passkey' AND state = 'active'";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&handle[..]).fetch_optional(c).await?))
}

/// The account's passkeys.
pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str = "SELECT id, account_id, sealed, level, model FROM credentials \
        WHERE account_id = $1 AND kind = 'passkey' AND state = 'active' ORDER BY id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// Notes a use; `false` when the counter did not rise (WebAuthn §7.2 step 22): two devices may have
/// the same key. Passkeys without a counter always say 0.
pub async fn used(
    tx: &mut Tx,
    id: CredentialId,
    sealed: &[u8],
    counter: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE credentials SET sealed = $2, counter = $3, last_used_at_us = $4 \
        WHERE id = $1 AND state = 'active' AND (counter < $3 OR (counter = 0 AND $3 = 0))";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(sealed).bind(counter).bind(at).execute(c).await?.rows_affected())
        == 1)
}
