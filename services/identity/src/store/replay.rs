//! Ids that may be seen once, across replicas and restarts.

use siegel_crypto::sha256_fields;
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

/// What an id belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// `jti` of a client assertion (RFC 7523 §3).
    Assertion,
    /// `jti` of a DPoP proof (RFC 9449 §11.1).
    DpopProof,
    /// `jti` of an operator's statement.
    Statement,
}

/// Notes an id until `expires_at`; `false` when it was there already. `owner` is the client or key
/// it came from: ids are theirs to choose, and may meet.
pub async fn first_use(
    tx: &mut Tx,
    kind: Seen,
    owner: &str,
    id: &str,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO seen_ids (kind, digest, expires_at_us) VALUES ($1, $2, $3) \
        ON CONFLICT DO NOTHING";
    let name = match kind {
        Seen::Assertion => "assertion",
        Seen::DpopProof => "dpop",
        Seen::Statement => "operator",
    };
    let digest = sha256_fields(&[owner.as_bytes(), id.as_bytes()]);
    let added = on!(tx, c => sqlx::query(SQL)
        .bind(name).bind(&digest[..]).bind(expires_at).execute(c).await?.rows_affected());
    Ok(added == 1)
}

/// Removes what can no longer be presented.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM seen_ids WHERE expires_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
