//! Registrations that wait for the code from the mail.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::interaction::InteractionId;
use crate::domain::throttle::CODE_TRIES;

/// A registration to be written. It replaces an earlier one of the same interaction.
#[derive(Clone, Copy)]
pub struct NewRegistration<'a> {
    pub interaction: InteractionId,
    pub address_hash: &'a [u8; 32],
    pub address_sealed: &'a [u8],
    /// PHC string of the chosen password.
    pub password: &'a str,
    /// Absent when the address has an account: then no code is right.
    pub code_hash: Option<&'a [u8; 32]>,
    /// `de` or `en`.
    pub locale: &'a str,
    pub expires_at: Timestamp,
}

/// A registration one of whose tries was just taken.
#[derive(sqlx::FromRow)]
pub struct Registration {
    pub address_hash: Vec<u8>,
    pub address_sealed: Vec<u8>,
    pub password: String,
    pub code_hash: Option<Vec<u8>>,
    pub tries: i64,
    pub locale: String,
}

/// Writes the registration with all its tries.
pub async fn put(tx: &mut Tx, new: &NewRegistration<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO registrations (interaction_id, address_hash, address_sealed, \
            password, code_hash, tries, locale, expires_at_us) \
        VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT (interaction_id) DO UPDATE SET \
            address_hash = excluded.address_hash, address_sealed = excluded.address_sealed, \
            password = excluded.password, code_hash = excluded.code_hash, tries = 0, \
            locale = excluded.locale, expires_at_us = excluded.expires_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.interaction).bind(&new.address_hash[..]).bind(new.address_sealed)
        .bind(new.password).bind(new.code_hash.map(|h| &h[..])).bind(new.locale)
        .bind(new.expires_at).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes one try, before the code is looked at; `None` when none is left or the time is over.
pub async fn take_try(
    tx: &mut Tx,
    interaction: InteractionId,
    now: Timestamp,
) -> Result<Option<Registration>, StoreError> {
    const SQL: &str = "UPDATE registrations SET tries = tries + 1 \
        WHERE interaction_id = $1 AND tries < $2 AND expires_at_us > $3 \
        RETURNING address_hash, address_sealed, password, code_hash, tries, locale";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(interaction).bind(CODE_TRIES).bind(now).fetch_optional(c).await?))
}

/// Whether a code may still be entered.
pub async fn waits(
    tx: &mut Tx,
    interaction: InteractionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT tries FROM registrations \
        WHERE interaction_id = $1 AND tries < $2 AND expires_at_us > $3";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(interaction).bind(CODE_TRIES).bind(now).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Forgets a registration: it became an account.
pub async fn remove(tx: &mut Tx, interaction: InteractionId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM registrations WHERE interaction_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(interaction).execute(c).await?.rows_affected());
    Ok(())
}

/// Forgets what ran out before `now`.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM registrations WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
