//! Authorization codes.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, GrantId, Timestamp};
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::grant::Granted;

/// A code as stored; the code itself is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// SHA-256 of the code.
    pub hash: [u8; 32],
    /// The grant that redeeming it makes.
    pub grant: GrantId,
    pub client_id: String,
    pub granted: Granted,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub redeemed_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    grant_id: GrantId,
    client_id: String,
    context: Json<serde_json::Value>,
    issued_at_us: Timestamp,
    expires_at_us: Timestamp,
    redeemed_at_us: Option<Timestamp>,
}

pub async fn insert(tx: &mut Tx, code: &Code) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO codes \
        (code, grant_id, client_id, context, issued_at_us, expires_at_us, account_id, session_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (context, session) = (write_json(&code.granted, "code")?, &code.granted.session);
    on!(tx, c => sqlx::query(SQL)
        .bind(&code.hash[..]).bind(code.grant).bind(&code.client_id).bind(context)
        .bind(code.issued_at).bind(code.expires_at).bind(session.account).bind(session.id)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The code of this client, used or not.
pub async fn find(
    tx: &mut Tx,
    hash: &[u8; 32],
    client_id: &str,
) -> Result<Option<Code>, StoreError> {
    const SQL: &str = "SELECT grant_id, client_id, context, issued_at_us, expires_at_us, \
        redeemed_at_us FROM codes WHERE code = $1 AND client_id = $2";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(&hash[..]).bind(client_id).fetch_optional(c).await?);
    row.map(|row| {
        Ok(Code {
            hash: *hash,
            grant: row.grant_id,
            client_id: row.client_id,
            granted: read_json(row.context.0, "code")?,
            issued_at: row.issued_at_us,
            expires_at: row.expires_at_us,
            redeemed_at: row.redeemed_at_us,
        })
    })
    .transpose()
}

/// Uses the code up. Of any number of callers at once exactly one gets `true`.
pub async fn redeem(tx: &mut Tx, hash: &[u8; 32], now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE codes SET redeemed_at_us = $2 \
        WHERE code = $1 AND redeemed_at_us IS NULL AND expires_at_us > $2";
    let redeemed = on!(tx, c => sqlx::query(SQL)
        .bind(&hash[..]).bind(now).execute(c).await?.rows_affected());
    Ok(redeemed == 1)
}

/// Removes a person's codes at a client that were not redeemed; how many. Codes name the person in
/// their context only, and there are few at any moment.
pub async fn forget(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    const OPEN: &str = "SELECT code, context FROM codes \
        WHERE client_id = $1 AND redeemed_at_us IS NULL AND expires_at_us > $2";
    const REMOVE: &str = "DELETE FROM codes WHERE code = $1 AND redeemed_at_us IS NULL";
    let open: Vec<(Vec<u8>, Json<serde_json::Value>)> = on!(&mut *tx, c => sqlx::query_as(OPEN)
        .bind(client_id).bind(now).fetch_all(c).await?);
    let mut gone = 0;
    for (code, context) in open {
        let granted: Granted = read_json(context.0, "code")?;
        if granted.session.account == account {
            on!(&mut *tx, c =>
                sqlx::query(REMOVE).bind(code).execute(c).await?.rows_affected());
            gone += 1;
        }
    }
    Ok(gone)
}

/// Removes codes that expired: used ones, whose second use is recognised, once that was before
/// `before`; others, which are worth nothing any more, by `now`.
pub async fn sweep(tx: &mut Tx, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM codes WHERE expires_at_us < $1 \
        OR (redeemed_at_us IS NULL AND expires_at_us < $2)";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).bind(now).execute(c).await?.rows_affected()))
}
