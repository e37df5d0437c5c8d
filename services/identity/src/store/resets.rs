//! What waits for a code from the mail: new passwords, and devices to be released.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::interaction::InteractionId;
use crate::domain::throttle::CODE_TRIES;

/// A waiting code, one of whose tries was just taken.
#[derive(sqlx::FromRow)]
pub struct Reset {
    pub address_hash: Vec<u8>,
    /// Absent when the address has no account: then no code is right.
    pub code_hash: Option<Vec<u8>>,
}

/// A code to be waited for.
#[derive(Clone, Copy)]
pub struct NewReset<'a> {
    pub interaction: InteractionId,
    /// `reset` or `release`.
    pub purpose: &'a str,
    pub address_hash: &'a [u8; 32],
    /// Absent when the address has no account: then no code is right.
    pub code_hash: Option<&'a [u8; 32]>,
    pub expires_at: Timestamp,
}

/// Writes it with all its tries, in place of an earlier one of the same interaction.
pub async fn put(tx: &mut Tx, new: &NewReset<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO password_resets \
            (interaction_id, purpose, address_hash, code_hash, tries, expires_at_us) \
        VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (interaction_id) DO UPDATE SET \
            purpose = excluded.purpose, address_hash = excluded.address_hash, \
            code_hash = excluded.code_hash, tries = 0, expires_at_us = excluded.expires_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.interaction).bind(new.purpose).bind(&new.address_hash[..])
        .bind(new.code_hash.map(|h| &h[..])).bind(new.expires_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Takes one try, before the code is looked at; `None` when none is left, the time is over, or it
/// is for something else.
pub async fn take_try(
    tx: &mut Tx,
    interaction: InteractionId,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<Reset>, StoreError> {
    const SQL: &str = "UPDATE password_resets SET tries = tries + 1 \
        WHERE interaction_id = $1 AND purpose = $2 AND tries < $3 AND expires_at_us > $4 \
        RETURNING address_hash, code_hash";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(interaction).bind(purpose).bind(CODE_TRIES).bind(now).fetch_optional(c).await?))
}

/// Whether a code may still be entered.
pub async fn waits(
    tx: &mut Tx,
    interaction: InteractionId,
    purpose: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT tries FROM password_resets \
        WHERE interaction_id = $1 AND purpose = $2 AND tries < $3 AND expires_at_us > $4";
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(SQL)
        .bind(interaction).bind(purpose).bind(CODE_TRIES).bind(now).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Forgets it: the code was right. `false` when somebody else was faster.
pub async fn remove(tx: &mut Tx, interaction: InteractionId) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM password_resets WHERE interaction_id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(interaction).execute(c).await?.rows_affected()) == 1)
}

/// Forgets what ran out before `now`.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM password_resets WHERE expires_at_us <= $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected()))
}
