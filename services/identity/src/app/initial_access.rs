//! Initial access tokens: who may register clients (RFC 7591 §1.2), as operators decide.

use std::time::Duration;

use siegel_crypto::{random_token, sha256};
use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::{EntropyUnavailable, Timestamp};

use super::manage_clients::Operator;
use crate::domain::client::Environment;
use crate::state::Identity;
use crate::store::initial_tokens::{self, InitialToken, InitialTokenId};

#[derive(Debug, thiserror::Error)]
pub enum InitialAccessError {
    #[error("a token registers 1 to 10000 clients, for 1 to 366 days")]
    Range,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// What a token is to register.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub tenant: &'a str,
    pub environment: Environment,
    /// How many clients.
    pub uses: u32,
    /// How long it is good.
    pub days: u32,
}

/// Makes a token for so many clients of a tenant. The text is shown once.
pub async fn create(
    state: &Identity,
    wanted: &Wanted<'_>,
    by: &Operator,
) -> Result<(InitialToken, String), InitialAccessError> {
    let Wanted { tenant, environment, uses, days } = *wanted;
    if !(1..=10_000).contains(&uses) || !(1..=366).contains(&days) {
        return Err(InitialAccessError::Range);
    }
    let (clock, entropy, now) = (&*state.outside.clock, &*state.outside.entropy, state.now());
    let text = random_token(entropy)?;
    let new = InitialToken {
        id: InitialTokenId::new(clock, entropy)?,
        tenant: tenant.to_owned(),
        environment: environment.as_str().to_owned(),
        uses_left: i64::from(uses),
        created_by: by.name().to_owned(),
        created_key: by.key().map(str::to_owned),
        created_at_us: now,
        expires_at_us: now.plus(Duration::from_hours(24 * u64::from(days))),
    };
    let mut tx = state.outside.db.begin().await?;
    initial_tokens::insert(&mut tx, &new, &sha256(text.as_bytes())).await?;
    record(&mut tx, "identity.registration_token.created", new.id, by, now).await?;
    tx.commit().await?;
    Ok((new, text))
}

/// Ends a token; `false` when there is none. Clients it registered stay.
pub async fn revoke(
    state: &Identity,
    id: InitialTokenId,
    by: &Operator,
) -> Result<bool, StoreError> {
    let mut tx = state.outside.db.begin().await?;
    if !initial_tokens::remove(&mut tx, id).await? {
        return Ok(false);
    }
    record(&mut tx, "identity.registration_token.revoked", id, by, state.now()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn record(
    tx: &mut Tx,
    kind: &str,
    id: InitialTokenId,
    by: &Operator,
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        kind,
        actor: &by.actor(),
        subject: &id.to_string(),
        level: None,
        outcome: "done",
        request_id: "",
        detail: "",
        at,
    };
    audit::record(tx, &entry).await
}
