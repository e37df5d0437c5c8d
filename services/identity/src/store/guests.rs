//! Sessions of guests, with what their cards said.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, SessionId, Timestamp, TrustLevel};
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::interaction::InteractionId;
use crate::domain::tenant::LevelLimits;

/// A guest's session as stored, without its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    pub id: SessionId,
    /// Stands where an account would; made for this one session.
    pub guest: AccountId,
    pub client_id: String,
    /// What the card still proves.
    pub level: TrustLevel,
    /// The limits of the tenant it was shown for.
    pub limits: Vec<LevelLimits>,
    /// What the card said, sealed.
    pub card: Vec<u8>,
    pub started_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SessionId,
    guest_id: AccountId,
    client_id: String,
    level: TrustLevel,
    limits: Json<serde_json::Value>,
    card: Vec<u8>,
    started_at_us: Timestamp,
    last_seen_at_us: Timestamp,
    expires_at_us: Timestamp,
}

impl Row {
    fn guest(self) -> Result<Guest, StoreError> {
        Ok(Guest {
            id: self.id,
            guest: self.guest_id,
            client_id: self.client_id,
            level: self.level,
            limits: read_json(self.limits.0, "limits of a guest")?,
            card: self.card,
            started_at: self.started_at_us,
            last_seen_at: self.last_seen_at_us,
            expires_at: self.expires_at_us,
        })
    }
}

/// Starts a session.
pub async fn insert(tx: &mut Tx, token_hash: &[u8; 32], guest: &Guest) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO guest_sessions (id, token_hash, guest_id, client_id, level, \
        limits, card, started_at_us, last_seen_at_us, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let limits = write_json(&guest.limits, "limits of a guest")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(guest.id).bind(&token_hash[..]).bind(guest.guest).bind(&guest.client_id)
        .bind(guest.level).bind(limits).bind(&guest.card).bind(guest.started_at)
        .bind(guest.last_seen_at).bind(guest.expires_at).execute(c).await?.rows_affected());
    Ok(())
}

/// The session that is not over, by the hash of its cookie.
pub async fn by_token(
    tx: &mut Tx,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Guest>, StoreError> {
    const SQL: &str = "SELECT id, guest_id, client_id, level, limits, card, started_at_us, \
        last_seen_at_us, expires_at_us FROM guest_sessions \
        WHERE token_hash = $1 AND expires_at_us > $2";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(&token_hash[..]).bind(now).fetch_optional(c).await?);
    row.map(Row::guest).transpose()
}

/// The session that is not over, and not given up for an account.
pub async fn find(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<Option<Guest>, StoreError> {
    const SQL: &str = "SELECT id, guest_id, client_id, level, limits, card, started_at_us, \
        last_seen_at_us, expires_at_us FROM guest_sessions \
        WHERE id = $1 AND expires_at_us > $2 AND keep_for IS NULL";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(now).fetch_optional(c).await?);
    row.map(Row::guest).transpose()
}

/// Notes a sign of the person; a level that aged until now stays aged.
pub async fn touch(
    tx: &mut Tx,
    id: SessionId,
    level: TrustLevel,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE guest_sessions SET last_seen_at_us = $3, level = $2 \
        WHERE id = $1 AND last_seen_at_us < $3 AND level >= $2";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(level).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends a session and forgets what its card said; `false` when it had ended.
pub async fn remove(tx: &mut Tx, id: SessionId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM guest_sessions WHERE id = $1 AND keep_for IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected()) == 1)
}

/// Ends a session and keeps its card for an account that is made in this interaction, until
/// `expires_at`; `false` when it had ended.
pub async fn keep(
    tx: &mut Tx,
    id: SessionId,
    interaction: InteractionId,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE guest_sessions SET keep_for = $2, expires_at_us = $3, \
        token_hash = NULL WHERE id = $1 AND keep_for IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(interaction).bind(expires_at).execute(c).await?.rows_affected())
        == 1)
}

/// Notes which account was made in an interaction: what was kept for it is this account's.
pub async fn destine(
    tx: &mut Tx,
    interaction: InteractionId,
    account: AccountId,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE guest_sessions SET keep_account = $2 WHERE keep_for = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(interaction).bind(account).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether what was kept for an interaction is for this account.
pub async fn is_for(
    tx: &mut Tx,
    interaction: InteractionId,
    account: AccountId,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM guest_sessions WHERE keep_for = $1 AND keep_account = $2";
    let found: Option<i32> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(interaction).bind(account).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// What was kept for an interaction.
pub async fn kept(
    tx: &mut Tx,
    interaction: InteractionId,
    now: Timestamp,
) -> Result<Option<Guest>, StoreError> {
    const SQL: &str = "SELECT id, guest_id, client_id, level, limits, card, started_at_us, \
        last_seen_at_us, expires_at_us FROM guest_sessions \
        WHERE keep_for = $1 AND expires_at_us > $2";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(interaction).bind(now).fetch_optional(c).await?);
    row.map(Row::guest).transpose()
}

/// Forgets what was kept for an interaction.
pub async fn forget_kept(tx: &mut Tx, interaction: InteractionId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM guest_sessions WHERE keep_for = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(interaction).execute(c).await?.rows_affected()) == 1)
}

/// What names a session of a guest besides its row, in an order in which nothing is asked for that
/// is gone; `$1` is the session. Its codes and tokens are then as unknown as any that never were.
const TRACES: [&str; 5] = [
    "DELETE FROM codes WHERE session_id = $1 \
        OR grant_id IN (SELECT id FROM grants WHERE session_id = $1)",
    "DELETE FROM refresh_tokens WHERE grant_id IN (SELECT id FROM grants WHERE session_id = $1)",
    "DELETE FROM session_clients WHERE session_id = $1",
    "UPDATE interactions SET session_id = NULL WHERE session_id = $1",
    "DELETE FROM grants WHERE session_id = $1",
];

/// Forgets what a session that is over leaves elsewhere.
pub async fn forget_traces(tx: &mut Tx, id: SessionId) -> Result<(), StoreError> {
    for sql in TRACES {
        on!(&mut *tx, c => sqlx::query(sql).bind(id).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Removes sessions that are over, with their traces.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const OVER: &str = "SELECT id FROM guest_sessions WHERE expires_at_us <= $1";
    const SQL: &str = "DELETE FROM guest_sessions WHERE expires_at_us <= $1";
    let over: Vec<SessionId> =
        on!(&mut *tx, c => sqlx::query_scalar(OVER).bind(now).fetch_all(c).await?);
    for id in over {
        forget_traces(tx, id).await?;
    }
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
