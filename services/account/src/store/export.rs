//! Everything about an account, for its owner: what stands and what stood.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::attributes::Stored;
use super::documents::DocumentId;

/// A line of the disclosure log.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Disclosure {
    pub id: i64,
    pub client_id: String,
    pub client_name: String,
    pub attributes: String,
    pub purpose: String,
    pub level: TrustLevel,
    #[sqlx(rename = "disclosed_at_us")]
    pub at: Timestamp,
    /// Of a document that was handed out instead of attributes; its name is sealed.
    pub document_id: Option<DocumentId>,
    pub document_name: Option<Vec<u8>>,
}

/// Every value there ever was, oldest first.
pub async fn attributes(tx: &mut Tx, account: AccountId) -> Result<Vec<Stored>, StoreError> {
    super::attributes::all(tx, account).await
}

/// Lines of the disclosure log after a place, oldest first.
pub async fn disclosures(
    tx: &mut Tx,
    account: AccountId,
    after: i64,
    limit: i64,
) -> Result<Vec<Disclosure>, StoreError> {
    const SQL: &str = "SELECT id, client_id, client_name, attributes, purpose, level, \
        disclosed_at_us, document_id, document_name FROM disclosures \
        WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(after).bind(limit).fetch_all(c).await?))
}
