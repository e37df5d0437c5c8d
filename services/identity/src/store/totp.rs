//! Generators of one-time codes.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::credentials::CredentialId;

/// A generator with its sealed secret.
#[derive(sqlx::FromRow)]
pub struct Stored {
    pub id: CredentialId,
    pub sealed: Vec<u8>,
    pub label: String,
    /// The last step that was accepted.
    pub counter: i64,
}

/// Begins an enrolment, in place of an earlier one that was not finished.
pub async fn begin(
    tx: &mut Tx,
    id: CredentialId,
    account: AccountId,
    sealed: &[u8],
    label: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const FORGET: &str =
        "DELETE FROM credentials WHERE account_id = $1 AND kind = 'totp' AND state = 'pending'";
    const ADD: &str = "INSERT INTO credentials \
        (id, account_id, kind, state, sealed, level, label, added_at_us) \
        VALUES ($1, $2, 'totp', 'pending', $3, $4, $5, $6)";
    on!(&mut *tx, c => sqlx::query(FORGET).bind(account).execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(ADD)
        .bind(id).bind(account).bind(sealed).bind(TrustLevel::Low).bind(label).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The enrolment under way that began after `since`.
pub async fn pending(
    tx: &mut Tx,
    account: AccountId,
    since: Timestamp,
) -> Result<Option<Stored>, StoreError> {
    const SQL: &str = "SELECT id, sealed, label, counter FROM credentials \
        WHERE account_id = $1 AND kind = 'totp' AND state = 'pending' AND added_at_us > $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).bind(since).fetch_optional(c).await?))
}

/// Finishes an enrolment with the step of its first code; `false` when it was finished or replaced.
pub async fn activate(
    tx: &mut Tx,
    id: CredentialId,
    step: i64,
    label: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE credentials \
        SET state = 'active', counter = $2, label = $3, added_at_us = $4 \
        WHERE id = $1 AND kind = 'totp' AND state = 'pending'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(step).bind(label).bind(at).execute(c).await?.rows_affected())
        == 1)
}

/// The account's finished generators.
pub async fn active(tx: &mut Tx, account: AccountId) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str = "SELECT id, sealed, label, counter FROM credentials \
        WHERE account_id = $1 AND kind = 'totp' AND state = 'active' ORDER BY id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// Uses up a step; `false` when it or a later one was accepted before, here or at another replica.
pub async fn spend(
    tx: &mut Tx,
    id: CredentialId,
    step: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE credentials SET counter = $2, last_used_at_us = $3 \
        WHERE id = $1 AND state = 'active' AND counter < $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(step).bind(at).execute(c).await?.rows_affected())
        == 1)
}

/// Forgets enrolments begun before `before` that nobody finished.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM credentials WHERE state = 'pending' AND added_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
