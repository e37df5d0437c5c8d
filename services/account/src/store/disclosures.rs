use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::documents::DocumentId;
use crate::domain::{Asked, Names};

/// One release of attributes to a client.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// Place in the log; the newer, the greater.
    pub id: i64,
    /// Client, purpose, and the attributes that it received.
    pub to: Asked,
    /// Level of the session under which it happened.
    pub level: TrustLevel,
    pub at: Timestamp,
    /// A document instead of attributes.
    pub document: Option<Handed>,
}

/// A document that was handed out.
#[derive(Clone, Debug)]
pub struct Handed {
    pub id: DocumentId,
    /// Its name at that time, sealed under the account's key.
    pub name: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    client_id: String,
    client_name: String,
    attributes: String,
    purpose: String,
    level: TrustLevel,
    disclosed_at_us: Timestamp,
    document_id: Option<DocumentId>,
    document_name: Option<Vec<u8>>,
}

impl From<Row> for Disclosure {
    fn from(row: Row) -> Self {
        let to = Asked {
            client_id: row.client_id,
            client_name: row.client_name,
            attributes: Names::from_text(&row.attributes),
            purpose: row.purpose,
        };
        let document = row.document_id.zip(row.document_name);
        let document = document.map(|(id, name)| Handed { id, name });
        Self { id: row.id, to, level: row.level, at: row.disclosed_at_us, document }
    }
}

/// Writes a line in the transaction of the release.
pub async fn add(
    tx: &mut Tx,
    account: AccountId,
    to: &Asked,
    level: TrustLevel,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO disclosures \
        (account_id, client_id, client_name, attributes, purpose, level, disclosed_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(&to.client_id).bind(&to.client_name).bind(to.attributes.to_text())
        .bind(&to.purpose).bind(level).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes a line in the transaction in which a document is handed out.
pub async fn add_document(
    tx: &mut Tx,
    account: AccountId,
    to: &Asked,
    level: TrustLevel,
    document: &Handed,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO disclosures (account_id, client_id, client_name, attributes, \
        purpose, level, disclosed_at_us, document_id, document_name) \
        VALUES ($1, $2, $3, '', $4, $5, $6, $7, $8)";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(&to.client_id).bind(&to.client_name).bind(&to.purpose).bind(level)
        .bind(at).bind(document.id).bind(&document.name[..])
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Up to `limit` lines older than `before`, newest first.
pub async fn before(
    tx: &mut Tx,
    account: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<Disclosure>, StoreError> {
    const SQL: &str = "SELECT id, client_id, client_name, attributes, purpose, level, \
        disclosed_at_us, document_id, document_name FROM disclosures WHERE account_id = $1 AND id < $2 \
        ORDER BY id DESC LIMIT $3";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(before).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(Disclosure::from).collect())
}
