use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, typed_id};

typed_id! {
    /// A document of a safe.
    DocumentId = "doc", random
}

/// A document as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    pub id: DocumentId,
    pub account_id: AccountId,
    /// `person`, `issued` or `letter`.
    pub origin: String,
    /// The tenant of who issued it; empty for one's own, and for what is older than this column.
    pub tenant: String,
    /// Name, media type, issuer, letter; sealed under the account's key.
    pub description: Vec<u8>,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub object_key: String,
    /// Wrapped under the account's key.
    pub wrapped_key: Vec<u8>,
    #[sqlx(rename = "begun_at_us")]
    pub begun_at: Timestamp,
    #[sqlx(rename = "stored_at_us")]
    pub stored_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, origin, tenant, description, size_bytes, sha256, object_key, ",
            "wrapped_key, begun_at_us, stored_at_us FROM documents ",
            $rest
        )
    };
}

/// Begins a document. The account must be locked and its safe have room.
pub async fn begin(tx: &mut Tx, new: &Row) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO documents (id, account_id, origin, tenant, description, \
        size_bytes, sha256, object_key, wrapped_key, begun_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.account_id).bind(&new.origin).bind(&new.tenant)
        .bind(&new.description[..]).bind(new.size_bytes).bind(&new.sha256[..])
        .bind(&new.object_key).bind(&new.wrapped_key[..]).bind(new.begun_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The bytes are all there; `false` when the upload was given up meanwhile.
pub async fn stored(tx: &mut Tx, id: DocumentId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE documents SET stored_at_us = $2 \
        WHERE id = $1 AND stored_at_us IS NULL AND deleted_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// The documents of an account, newest first.
pub async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<Row>, StoreError> {
    const SQL: &str = select!(
        "WHERE account_id = $1 AND stored_at_us IS NOT NULL AND deleted_at_us IS NULL \
         ORDER BY begun_at_us DESC, id DESC"
    );
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// One document of an account.
pub async fn find(
    tx: &mut Tx,
    account: AccountId,
    id: DocumentId,
) -> Result<Option<Row>, StoreError> {
    const SQL: &str = select!(
        "WHERE id = $1 AND account_id = $2 AND stored_at_us IS NOT NULL AND deleted_at_us IS NULL"
    );
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(id).bind(account).fetch_optional(c).await?))
}

/// Whether a document is there, whosever it is by now.
pub async fn is_stored(tx: &mut Tx, id: DocumentId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM documents \
        WHERE id = $1 AND stored_at_us IS NOT NULL AND deleted_at_us IS NULL";
    let found: i64 = on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_one(c).await?);
    Ok(found == 1)
}

/// Bytes that an account's safe holds, uploads on their way included.
pub async fn used(tx: &mut Tx, account: AccountId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COALESCE(CAST(SUM(size_bytes) AS BIGINT), 0) FROM documents \
        WHERE account_id = $1 AND deleted_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).fetch_one(c).await?))
}

/// Of these, those that one tenant's letters brought.
pub async fn used_by(tx: &mut Tx, account: AccountId, tenant: &str) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COALESCE(CAST(SUM(size_bytes) AS BIGINT), 0) FROM documents \
        WHERE account_id = $1 AND tenant = $2 AND deleted_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(tenant).fetch_one(c).await?))
}

/// Replaces the sealed description.
pub async fn describe(tx: &mut Tx, id: DocumentId, description: &[u8]) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE documents SET description = $2 \
        WHERE id = $1 AND deleted_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(description).execute(c).await?.rows_affected())
        == 1)
}

/// Destroys key, description and digest of a document; its object key, when there was one to
/// destroy. With the key nobody reads the object, wherever a copy of it lies.
pub async fn destroy(
    tx: &mut Tx,
    account: AccountId,
    id: DocumentId,
    at: Timestamp,
) -> Result<Option<String>, StoreError> {
    const SQL: &str = "UPDATE documents SET wrapped_key = NULL, description = NULL, \
        sha256 = NULL, deleted_at_us = $3 WHERE id = $1 AND account_id = $2 \
        AND deleted_at_us IS NULL RETURNING object_key";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(id).bind(account).bind(at).fetch_optional(c).await?))
}

/// Destroys all documents of an account, uploads on their way included; their object keys.
pub async fn destroy_all(
    tx: &mut Tx,
    account: AccountId,
    at: Timestamp,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "UPDATE documents SET wrapped_key = NULL, description = NULL, \
        sha256 = NULL, deleted_at_us = $2 WHERE account_id = $1 \
        AND deleted_at_us IS NULL RETURNING object_key";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(account).bind(at).fetch_all(c).await?))
}

/// Uploads that began before `before` and never ended: whose they are.
pub async fn abandoned(
    tx: &mut Tx,
    before: Timestamp,
) -> Result<Vec<(AccountId, DocumentId)>, StoreError> {
    const SQL: &str = "SELECT account_id, id FROM documents WHERE stored_at_us IS NULL \
        AND deleted_at_us IS NULL AND begun_at_us < $1 ORDER BY begun_at_us LIMIT 100";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(before).fetch_all(c).await?))
}

/// Accounts whose key is destroyed and that still have documents.
pub async fn ownerless(tx: &mut Tx) -> Result<Vec<AccountId>, StoreError> {
    const SQL: &str = "SELECT id FROM accounts WHERE data_key IS NULL AND EXISTS (SELECT 1 \
        FROM documents WHERE account_id = accounts.id AND deleted_at_us IS NULL) LIMIT 100";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_all(c).await?))
}
