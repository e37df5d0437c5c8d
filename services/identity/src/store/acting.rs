//! For whom people act: chosen in sessions, and under which grants.

use siegel_crypto::sha256;
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{GrantId, SessionId, Timestamp};
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::acting::Choice;
use crate::domain::grant::{Grant, Holder};

/// Remembers a choice for the clients of a sector, in place of an earlier one.
pub async fn remember(
    tx: &mut Tx,
    session: SessionId,
    sector: &str,
    choice: &Choice,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO session_acting (session_id, sector, choice, chosen_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (session_id, sector) DO UPDATE \
        SET choice = excluded.choice, chosen_at_us = excluded.chosen_at_us";
    let choice = write_json(choice, "choice")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(session).bind(sector).bind(choice).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// What was chosen last in a session for a sector.
pub async fn remembered(
    tx: &mut Tx,
    session: SessionId,
    sector: &str,
) -> Result<Option<Choice>, StoreError> {
    const SQL: &str = "SELECT choice FROM session_acting WHERE session_id = $1 AND sector = $2";
    let found: Option<Json<serde_json::Value>> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(session).bind(sector).fetch_optional(c).await?);
    found.map(|Json(value)| read_json(value, "choice")).transpose()
}

/// Makes a grant found by what the right to act under it rests on; nothing for those without.
pub async fn index(tx: &mut Tx, grant: &Grant) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO acting_grants (basis, grant_id) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    let basis = match &grant.holder {
        Holder::Person { account, granted, .. } => {
            let chosen = granted.request.acts_for(*account);
            chosen.map(|chosen| chosen.basis(*account)).unwrap_or_default()
        }
        Holder::Program(held) => held.basis().to_vec(),
        Holder::Client | Holder::Service => Vec::new(),
    };
    for id in basis {
        let basis = sha256(id.as_bytes());
        on!(&mut *tx, c => sqlx::query(SQL)
            .bind(&basis[..]).bind(grant.id).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Up to `limit` living grants whose right to act rests on this id, after one, in order.
pub async fn resting_on(
    tx: &mut Tx,
    id: &str,
    after: GrantId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "SELECT g.id FROM acting_grants a JOIN grants g ON g.id = a.grant_id \
        WHERE a.basis = $1 AND a.grant_id > $2 AND g.revoked_at_us IS NULL \
        AND g.expires_at_us > $3 ORDER BY a.grant_id LIMIT $4";
    let basis = sha256(id.as_bytes());
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(&basis[..]).bind(after).bind(now).bind(limit).fetch_all(c).await?))
}

/// The same of all grants under which anybody acts for another.
pub async fn all(
    tx: &mut Tx,
    after: GrantId,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<GrantId>, StoreError> {
    const SQL: &str = "SELECT DISTINCT g.id FROM acting_grants a \
        JOIN grants g ON g.id = a.grant_id WHERE a.grant_id > $1 AND g.revoked_at_us IS NULL \
        AND g.expires_at_us > $2 ORDER BY g.id LIMIT $3";
    Ok(on!(tx, c => sqlx::query_scalar(SQL)
        .bind(after).bind(now).bind(limit).fetch_all(c).await?))
}
