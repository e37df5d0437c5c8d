//! Recovery codes: one set per account.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::credentials::CredentialId;

/// Writes a new set in place of the old one, whose codes are worth nothing any more.
pub async fn replace(
    tx: &mut Tx,
    id: CredentialId,
    account: AccountId,
    hashes: &[[u8; 32]],
    at: Timestamp,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM credentials WHERE account_id = $1 AND kind = 'recovery'";
    const ADD: &str = "INSERT INTO credentials (id, account_id, kind, level, label, added_at_us) \
        VALUES ($1, $2, 'recovery', $3, '', $4)";
    const CODE: &str = "INSERT INTO recovery_codes (credential_id, code_hash) VALUES ($1, $2)";
    on!(&mut *tx, c => sqlx::query(FORGET).bind(account).execute(c).await?.rows_affected());
    on!(&mut *tx, c => sqlx::query(ADD)
        .bind(id).bind(account).bind(TrustLevel::Basic).bind(at)
        .execute(c).await?.rows_affected());
    for hash in hashes {
        on!(&mut *tx, c => sqlx::query(CODE)
            .bind(id).bind(&hash[..]).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Uses up a code of the account with this address; `None` when it is none of its codes or was
/// used before. Of two uses at once one wins.
pub async fn spend(
    tx: &mut Tx,
    address_hash: &[u8; 32],
    code_hash: &[u8; 32],
    at: Timestamp,
) -> Result<Option<(AccountId, CredentialId)>, StoreError> {
    const FIND: &str = "SELECT a.id, c.id FROM credentials c \
        JOIN accounts a ON a.id = c.account_id \
        WHERE a.address_hash = $1 AND c.kind = 'recovery' AND c.state = 'active'";
    const SPEND: &str = "UPDATE recovery_codes SET used_at_us = $3 \
        WHERE credential_id = $1 AND code_hash = $2 AND used_at_us IS NULL";
    const USED: &str = "UPDATE credentials SET last_used_at_us = $2 WHERE id = $1";
    let set: Option<(AccountId, CredentialId)> = on!(&mut *tx, c => sqlx::query_as(FIND)
        .bind(&address_hash[..]).fetch_optional(c).await?);
    let Some((account, id)) = set else { return Ok(None) };
    let spent = on!(&mut *tx, c => sqlx::query(SPEND)
        .bind(id).bind(&code_hash[..]).bind(at).execute(c).await?.rows_affected());
    if spent != 1 {
        return Ok(None);
    }
    on!(tx, c => sqlx::query(USED).bind(id).bind(at).execute(c).await?.rows_affected());
    Ok(Some((account, id)))
}

/// How many codes of the account are left.
pub async fn left(tx: &mut Tx, account: AccountId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM recovery_codes r \
        JOIN credentials c ON c.id = r.credential_id \
        WHERE c.account_id = $1 AND r.used_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).fetch_one(c).await?))
}
