//! Rows that change their account. What is sealed is sealed anew before.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};
use uuid::Uuid;

use super::consents::ConsentId;
use super::document_grants::DocumentGrantId;
use super::documents::DocumentId;

/// Consents of an account with their receipts, ended ones as well.
pub async fn consents(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Vec<(ConsentId, Option<Vec<u8>>)>, StoreError> {
    const SQL: &str = "SELECT id, receipt FROM consents WHERE account_id = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

pub async fn standing_consents(tx: &mut Tx, account: AccountId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM consents WHERE account_id = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).fetch_one(c).await?))
}

/// Gives a consent to another account, ended.
pub async fn move_consent(
    tx: &mut Tx,
    id: ConsentId,
    into: AccountId,
    receipt: Option<&[u8]>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE consents SET account_id = $2, receipt = $3, \
        ended_at_us = COALESCE(ended_at_us, $4), ended_by = COALESCE(ended_by, 'merged') \
        WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(into).bind(receipt).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Lines of the disclosure log that name a document: number, document, sealed name.
pub async fn handed_documents(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Vec<(i64, Uuid, Vec<u8>)>, StoreError> {
    const SQL: &str = "SELECT id, document_id, document_name FROM disclosures \
        WHERE account_id = $1 AND document_id IS NOT NULL AND document_name IS NOT NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

pub async fn rename_handed(tx: &mut Tx, id: i64, name: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE disclosures SET document_name = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(name).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn move_disclosures(
    tx: &mut Tx,
    from: AccountId,
    into: AccountId,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE disclosures SET account_id = $2 WHERE account_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(from).bind(into).execute(c).await?.rows_affected());
    Ok(())
}

/// Looks of staff: number, time, sealed reason.
pub async fn looks(
    tx: &mut Tx,
    account: AccountId,
) -> Result<Vec<(i64, Timestamp, Vec<u8>)>, StoreError> {
    const SQL: &str = "SELECT id, accessed_at_us, reason FROM staff_accesses WHERE account_id = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

pub async fn move_look(
    tx: &mut Tx,
    id: i64,
    into: AccountId,
    reason: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE staff_accesses SET account_id = $2, reason = $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(into).bind(reason).execute(c).await?
        .rows_affected());
    Ok(())
}

pub async fn move_document(
    tx: &mut Tx,
    id: DocumentId,
    into: AccountId,
    (wrapped_key, description): (&[u8], &[u8]),
) -> Result<(), StoreError> {
    const SQL: &str =
        "UPDATE documents SET account_id = $2, wrapped_key = $3, description = $4 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(into).bind(wrapped_key).bind(description)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Permissions to fetch a document, with their sealed terms.
pub async fn grants_of(
    tx: &mut Tx,
    document: DocumentId,
) -> Result<Vec<(DocumentGrantId, Vec<u8>)>, StoreError> {
    const SQL: &str = "SELECT id, terms FROM document_grants WHERE document_id = $1";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(document).fetch_all(c).await?))
}

pub async fn move_grant(
    tx: &mut Tx,
    id: DocumentGrantId,
    into: AccountId,
    terms: &[u8],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE document_grants SET account_id = $2, terms = $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(into).bind(terms).execute(c).await?
        .rows_affected());
    Ok(())
}

/// Destroys the key of an account: nobody writes to it again, and its deletion follows.
pub async fn close(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE accounts SET data_key = NULL WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(account).execute(c).await?.rows_affected());
    Ok(())
}
