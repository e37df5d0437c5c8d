//! `WebAuthn` ceremonies under way.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::SessionId;
use siegel_kernel::Timestamp;

use crate::domain::interaction::InteractionId;

/// To whom a ceremony belongs: nobody else's answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A passkey is used for this authorization request.
    Use(InteractionId),
    /// A passkey is added in this session.
    Enrol(SessionId),
}

/// A ceremony to be begun.
#[derive(Clone, Copy)]
pub struct NewCeremony<'a> {
    pub owner: Owner,
    /// The name of the passkey to be added.
    pub label: &'a str,
    /// What the browser gets, JSON.
    pub options: &'a str,
    /// What its answer is checked against, JSON.
    pub state: &'a str,
    pub expires_at: Timestamp,
}

/// A ceremony that was begun.
#[derive(Debug, sqlx::FromRow)]
pub struct Ceremony {
    pub label: String,
    pub options: String,
    pub state: String,
}

macro_rules! bind_owner {
    ($query:expr, $owner:expr) => {
        match $owner {
            Owner::Use(id) => $query.bind(id.as_uuid()).bind("use"),
            Owner::Enrol(id) => $query.bind(id.as_uuid()).bind("enrol"),
        }
    };
}

/// Begins a ceremony, in place of an earlier one of the same owner.
pub async fn put(tx: &mut Tx, new: &NewCeremony<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO ceremonies \
            (owner, kind, label, options, state, expires_at_us) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (owner, kind) DO UPDATE SET label = excluded.label, \
            options = excluded.options, state = excluded.state, \
            expires_at_us = excluded.expires_at_us";
    on!(tx, c => bind_owner!(sqlx::query(SQL), new.owner)
        .bind(new.label).bind(new.options).bind(new.state).bind(new.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// The ceremony under way, to be shown.
pub async fn find(
    tx: &mut Tx,
    owner: Owner,
    now: Timestamp,
) -> Result<Option<Ceremony>, StoreError> {
    const SQL: &str = "SELECT label, options, state FROM ceremonies \
        WHERE owner = $1 AND kind = $2 AND expires_at_us > $3";
    Ok(on!(tx, c => bind_owner!(sqlx::query_as(SQL), owner).bind(now).fetch_optional(c).await?))
}

/// Takes the ceremony: its challenge has been answered, rightly or not. `None` for whoever comes
/// second.
pub async fn take(
    tx: &mut Tx,
    owner: Owner,
    now: Timestamp,
) -> Result<Option<Ceremony>, StoreError> {
    const SQL: &str = "DELETE FROM ceremonies WHERE owner = $1 AND kind = $2 \
        AND expires_at_us > $3 RETURNING label, options, state";
    Ok(on!(tx, c => bind_owner!(sqlx::query_as(SQL), owner).bind(now).fetch_optional(c).await?))
}

/// Forgets what ran out before `now`.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM ceremonies WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
