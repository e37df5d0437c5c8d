//! What the safe holds, and who may fetch of it.

use serde_json::{Value, json};
use siegel_crypto::b64;
use siegel_db::Tx;
use siegel_kernel::{AccountId, Timestamp};

use super::super::Failure;
use super::super::documents::open;
use super::super::grants::shown;
use super::super::vault::AccountKey;
use super::time;
use crate::store::{document_grants, documents};

/// What the safe holds; the documents themselves are downloaded one by one.
pub(super) async fn documents(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for row in documents::list(tx, account).await? {
        let document = open(key, &row)?;
        all.push(json!({
            "document_id": document.id.to_string(),
            "name": document.description.name,
            "media_type": document.description.media_type,
            "origin": document.origin.as_str(),
            "issuer": document.description.issuer,
            "letter": document.description.letter,
            "size_bytes": document.size,
            "sha256": b64::encode(&document.sha256),
            "stored_at": document.stored_at.to_rfc3339(),
        }));
    }
    Ok(all)
}

/// Every permission to fetch a document there ever was, oldest first.
pub(super) async fn grants(
    tx: &mut Tx,
    account: AccountId,
    key: &AccountKey,
    now: Timestamp,
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for row in document_grants::all(tx, account).await? {
        let grant = shown(key, row, now)?;
        all.push(json!({
            "grant_id": grant.row.id.to_string(),
            "document_id": grant.row.document_id.to_string(),
            "document_name": grant.terms.document_name,
            "client_id": grant.row.client_id,
            "client_name": grant.terms.client_name,
            "purpose": grant.terms.purpose,
            "level": grant.terms.level.as_str(),
            "many": grant.row.many,
            "given_at": grant.row.given_at.to_rfc3339(),
            "valid_until": grant.row.valid_until.to_rfc3339(),
            "revoked_at": time(grant.row.revoked_at),
            "fetches": grant.row.fetches,
            "last_fetched_at": time(grant.row.last_fetched_at),
        }));
    }
    Ok(all)
}
