use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, typed_id};

use super::documents::DocumentId;

typed_id! {
    /// A permission to fetch a document: the link that a service is given.
    DocumentGrantId = "dgr", random
}

/// A grant as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Row {
    pub id: DocumentGrantId,
    pub account_id: AccountId,
    pub document_id: DocumentId,
    pub client_id: String,
    /// What was shown to the person; sealed under the account's key.
    pub terms: Vec<u8>,
    pub many: bool,
    #[sqlx(rename = "given_at_us")]
    pub given_at: Timestamp,
    #[sqlx(rename = "valid_until_us")]
    pub valid_until: Timestamp,
    #[sqlx(rename = "revoked_at_us")]
    pub revoked_at: Option<Timestamp>,
    pub fetches: i64,
    #[sqlx(rename = "last_fetched_at_us")]
    pub last_fetched_at: Option<Timestamp>,
    /// Request id of the last fetch.
    pub last_request: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, document_id, client_id, terms, many, given_at_us, ",
            "valid_until_us, revoked_at_us, fetches, last_fetched_at_us, last_request ",
            "FROM document_grants ",
            $rest
        )
    };
}

pub async fn add(tx: &mut Tx, new: &Row) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO document_grants (id, account_id, document_id, client_id, \
        terms, many, given_at_us, valid_until_us, fetches) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.account_id).bind(new.document_id).bind(&new.client_id)
        .bind(&new.terms[..]).bind(new.many).bind(new.given_at).bind(new.valid_until)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The grants of an account, newest first; at most 500.
pub async fn list(tx: &mut Tx, account: AccountId) -> Result<Vec<Row>, StoreError> {
    const SQL: &str = select!("WHERE account_id = $1 ORDER BY given_at_us DESC, id DESC LIMIT 500");
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// Every grant of an account there ever was, oldest first.
pub async fn all(tx: &mut Tx, account: AccountId) -> Result<Vec<Row>, StoreError> {
    const SQL: &str = select!("WHERE account_id = $1 ORDER BY given_at_us, id");
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// A grant by its id; whose it is, is for the caller to check.
pub async fn find(tx: &mut Tx, id: DocumentGrantId) -> Result<Option<Row>, StoreError> {
    const SQL: &str = select!("WHERE id = $1");
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Notes a new fetch. `false` when another was faster, or the grant ended meanwhile.
pub async fn fetch(
    tx: &mut Tx,
    grant: &Row,
    request_id: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE document_grants SET fetches = fetches + 1, \
        last_fetched_at_us = $3, last_request = $2 WHERE id = $1 AND fetches = $4 \
        AND revoked_at_us IS NULL AND valid_until_us > $3 AND (many = $5 OR fetches = 0)";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(grant.id).bind(request_id).bind(at).bind(grant.fetches).bind(true)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Ends a grant; one that has ended stays ended. `false` when the account gave no such grant.
pub async fn revoke(
    tx: &mut Tx,
    account: AccountId,
    id: DocumentGrantId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE document_grants SET revoked_at_us = COALESCE(revoked_at_us, $3) \
        WHERE id = $1 AND account_id = $2";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(account).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Ends what one client may fetch of an account's safe.
pub async fn end_of_client(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE document_grants SET revoked_at_us = $3 \
        WHERE account_id = $1 AND client_id = $2 AND revoked_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL).bind(account).bind(client_id).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Ends the grants of a document that is destroyed; all of the account's when it names none.
pub async fn end(
    tx: &mut Tx,
    account: AccountId,
    document: Option<DocumentId>,
    at: Timestamp,
) -> Result<(), StoreError> {
    const ONE: &str = "UPDATE document_grants SET revoked_at_us = $2 \
        WHERE account_id = $1 AND revoked_at_us IS NULL AND document_id = $3";
    const ALL: &str = "UPDATE document_grants SET revoked_at_us = $2 \
        WHERE account_id = $1 AND revoked_at_us IS NULL";
    match document {
        Some(document) => on!(tx, c => sqlx::query(ONE).bind(account).bind(at).bind(document)
            .execute(c).await?.rows_affected()),
        None => on!(tx, c => sqlx::query(ALL).bind(account).bind(at)
            .execute(c).await?.rows_affected()),
    };
    Ok(())
}
