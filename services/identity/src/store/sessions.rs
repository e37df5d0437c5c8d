//! Sessions, the credentials used in them, and the sectors they entered.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};

use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::ageing::{Proof, aged};

/// A session as stored, without its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Session {
    pub id: SessionId,
    pub account_id: AccountId,
    pub started_at_us: Timestamp,
    pub last_seen_at_us: Timestamp,
}

#[derive(sqlx::FromRow)]
struct ProofRow {
    sector: String,
    method: String,
    level: TrustLevel,
    proven_at_us: Timestamp,
    limits: Json<serde_json::Value>,
}

/// A proof and the realm it was made for ([`AuthRequest::realm`]).
///
/// [`AuthRequest::realm`]: crate::domain::interaction::AuthRequest::realm
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub realm: String,
    pub proof: Proof,
}

/// Starts a session without any proof.
pub async fn insert(
    tx: &mut Tx,
    id: SessionId,
    token_hash: &[u8; 32],
    account: AccountId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sessions \
        (id, token_hash, account_id, started_at_us, last_seen_at_us) VALUES ($1, $2, $3, $4, $4)";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(&token_hash[..]).bind(account).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// The session that did not end, by the hash of its cookie.
pub async fn by_token(tx: &mut Tx, token_hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
    const SQL: &str = "SELECT id, account_id, started_at_us, last_seen_at_us FROM sessions \
        WHERE token_hash = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(&token_hash[..]).fetch_optional(c).await?))
}

/// The session that did not end.
pub async fn find(tx: &mut Tx, id: SessionId) -> Result<Option<Session>, StoreError> {
    const SQL: &str = "SELECT id, account_id, started_at_us, last_seen_at_us FROM sessions \
        WHERE id = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// An account's sessions that were not ended, newest first. Some may have aged away.
pub async fn of_account(tx: &mut Tx, account: AccountId) -> Result<Vec<Session>, StoreError> {
    const SQL: &str = "SELECT id, account_id, started_at_us, last_seen_at_us FROM sessions \
        WHERE account_id = $1 AND ended_at_us IS NULL ORDER BY started_at_us DESC, id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_all(c).await?))
}

/// The credentials used in a session, in all realms.
pub async fn proofs(tx: &mut Tx, id: SessionId) -> Result<Vec<Held>, StoreError> {
    const SQL: &str = "SELECT sector, method, level, proven_at_us, limits FROM sector_proofs \
        WHERE session_id = $1 ORDER BY sector, method";
    let rows: Vec<ProofRow> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_all(c).await?);
    let held = |r: ProofRow| {
        let limits = read_json(r.limits.0, "limits of a session")?;
        let proof = Proof { level: r.level, method: r.method, at: r.proven_at_us, limits };
        Ok(Held { realm: r.sector, proof })
    };
    rows.into_iter().map(held).collect()
}

/// Writes that a credential was used for a realm; an earlier use of the same method is replaced.
pub async fn prove(
    tx: &mut Tx,
    id: SessionId,
    realm: &str,
    proof: &Proof,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sector_proofs \
        (session_id, sector, method, level, proven_at_us, limits) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (session_id, sector, method) DO UPDATE SET level = excluded.level, \
            proven_at_us = excluded.proven_at_us, limits = excluded.limits";
    let limits = write_json(&proof.limits, "limits of a session")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(realm).bind(&proof.method).bind(proof.level).bind(proof.at).bind(limits)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets every credential used for a realm: its level starts anew.
pub async fn forget_proofs(tx: &mut Tx, id: SessionId, realm: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM sector_proofs WHERE session_id = $1 AND sector = $2";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(realm).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes a sign of the person. Proofs that aged until now stay aged: activity revives nothing.
pub async fn touch(tx: &mut Tx, session: &Session, now: Timestamp) -> Result<(), StoreError> {
    const LOWER: &str = "UPDATE sector_proofs SET level = $4 \
        WHERE session_id = $1 AND sector = $2 AND method = $3";
    const GONE: &str =
        "DELETE FROM sector_proofs WHERE session_id = $1 AND sector = $2 AND method = $3";
    const SEEN: &str =
        "UPDATE sessions SET last_seen_at_us = $2 WHERE id = $1 AND last_seen_at_us < $2";
    for Held { realm, proof } in proofs(tx, session.id).await? {
        match aged(&proof, session.last_seen_at_us, now) {
            Some(held) if held.level == proof.level => {}
            Some(held) => {
                on!(&mut *tx, c => sqlx::query(LOWER)
                    .bind(session.id).bind(&realm).bind(&held.method).bind(held.level)
                    .execute(c).await?.rows_affected());
            }
            None => {
                on!(&mut *tx, c => sqlx::query(GONE)
                    .bind(session.id).bind(&realm).bind(&proof.method)
                    .execute(c).await?.rows_affected());
            }
        }
    }
    on!(tx, c => sqlx::query(SEEN).bind(session.id).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Gives the session a new cookie; the old one is worth nothing from the commit on.
pub async fn renew_token(
    tx: &mut Tx,
    id: SessionId,
    token_hash: &[u8; 32],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE sessions SET token_hash = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(&token_hash[..]).execute(c).await?.rows_affected());
    Ok(())
}

/// Notes that the session logged in to a sector.
pub async fn enter(
    tx: &mut Tx,
    id: SessionId,
    sector: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO session_sectors (session_id, sector, entered_at_us) \
        VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(sector).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether the session logged in to this sector.
pub async fn entered(tx: &mut Tx, id: SessionId, sector: &str) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT entered_at_us FROM session_sectors WHERE session_id = $1 AND sector = $2";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(id).bind(sector).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Ends a session; `false` when it had ended or never was.
pub async fn end(tx: &mut Tx, id: SessionId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET ended_at_us = $2 WHERE id = $1 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// Removes sessions started before `before`: they have ended or aged away.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE started_at_us < $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(before).execute(c).await?.rows_affected()))
}
