//! Two accounts on their way to one, and as whom services knew those that ended.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, typed_id};

typed_id! {
    /// Two accounts that become one.
    MergeId = "mrg", random
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Merge {
    pub id: MergeId,
    /// Stays.
    pub into_account: AccountId,
    /// Ends; `None` until somebody logged in to it.
    pub from_account: Option<AccountId>,
    #[sqlx(rename = "expires_at_us")]
    pub expires_at: Timestamp,
}

/// Begins a merge; one that was begun before for this account is forgotten.
pub async fn begin(
    tx: &mut Tx,
    new: &Merge,
    code_hash: &[u8; 32],
    at: Timestamp,
) -> Result<(), StoreError> {
    const OLD: &str = "DELETE FROM merges WHERE into_account = $1 AND confirmed_at_us IS NULL";
    const SQL: &str = "INSERT INTO merges \
        (id, code_hash, into_account, begun_at_us, expires_at_us) VALUES ($1, $2, $3, $4, $5)";
    on!(&mut *tx, c => sqlx::query(OLD).bind(new.into_account).execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(&code_hash[..]).bind(new.into_account).bind(at).bind(new.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The merge that this code is for, while it may be confirmed.
pub async fn by_code(
    tx: &mut Tx,
    code_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Merge>, StoreError> {
    const SQL: &str = "SELECT id, into_account, from_account, expires_at_us FROM merges \
        WHERE code_hash = $1 AND confirmed_at_us IS NULL AND expires_at_us > $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&code_hash[..]).bind(now).fetch_optional(c).await?))
}

/// Binds the code to the account that ends; `false` when it is bound to another one.
pub async fn bind(tx: &mut Tx, id: MergeId, from: AccountId) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE merges SET from_account = $2 \
        WHERE id = $1 AND (from_account IS NULL OR from_account = $2)";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(from).execute(c).await?.rows_affected()) == 1)
}

/// Takes the code; `false` when it was taken, ran out, or is for other accounts.
pub async fn confirm(
    tx: &mut Tx,
    merge: &Merge,
    from: AccountId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE merges SET confirmed_at_us = $4, code_hash = NULL \
        WHERE id = $1 AND into_account = $2 AND from_account = $3 \
        AND confirmed_at_us IS NULL AND expires_at_us > $4";
    Ok(on!(tx, c => sqlx::query(SQL).bind(merge.id).bind(merge.into_account).bind(from).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// A confirmed merge of which nothing has been noted as moved.
pub async fn confirmed(tx: &mut Tx, id: MergeId) -> Result<Option<Merge>, StoreError> {
    const SQL: &str = "SELECT id, into_account, from_account, expires_at_us FROM merges \
        WHERE id = $1 AND confirmed_at_us IS NOT NULL AND moved_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// `false` when that was noted before.
pub async fn moved(tx: &mut Tx, id: MergeId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE merges SET moved_at_us = $2 \
        WHERE id = $1 AND confirmed_at_us IS NOT NULL AND moved_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// Removes a merge that came to nothing.
pub async fn forget(tx: &mut Tx, id: MergeId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM merges WHERE id = $1 AND moved_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected());
    Ok(())
}

/// Removes codes that nobody used.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM merges WHERE confirmed_at_us IS NULL AND expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}

/// Clients that know an account by a subject: that were granted or allowed something.
pub async fn clients_of(tx: &mut Tx, account: AccountId) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT client_id FROM grants WHERE account_id = $1 \
        UNION SELECT client_id FROM scope_consents WHERE account_id = $1 \
        UNION SELECT client_id FROM claim_choices WHERE account_id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).fetch_all(c).await?))
}

/// Sectors that an account logged in to of late.
pub async fn sectors_of(tx: &mut Tx, account: AccountId) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT DISTINCT sector FROM sign_ins WHERE account_id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).fetch_all(c).await?))
}

/// Remembers as whom a sector knew an account that is part of this one now.
pub async fn add_subject(
    tx: &mut Tx,
    account: AccountId,
    (sector, subject): (&str, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO merged_subjects (account_id, sector, subject, merged_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(account).bind(sector).bind(subject).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The same for what an account that ends had inherited itself.
pub async fn inherit(tx: &mut Tx, from: AccountId, into: AccountId) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO merged_subjects (account_id, sector, subject, merged_at_us) \
        SELECT $2, m.sector, m.subject, m.merged_at_us FROM merged_subjects m \
        WHERE m.account_id = $1 ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(from).bind(into).execute(c).await?.rows_affected());
    Ok(())
}

/// As whom a sector knew accounts that are part of this one, the oldest first.
pub async fn subjects(
    tx: &mut Tx,
    account: AccountId,
    sector: &str,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT subject FROM merged_subjects WHERE account_id = $1 AND sector = $2 \
        ORDER BY merged_at_us, subject";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(sector).fetch_all(c).await?))
}
