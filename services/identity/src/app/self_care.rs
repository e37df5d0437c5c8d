//! Credentials and sessions as their owner sees them.

use siegel_db::{Attempt, IdempotencyKey, StoreError, begin_request, finish_request};
use siegel_kernel::{AccountId, GrantId, SessionId, Timestamp, TrustLevel};

use super::sessions;
use crate::domain::grant::Holder;
use crate::state::Identity;
use crate::store::credentials::{self, Listed};
use crate::store::sign_ins::{self, SignIn};
use crate::store::{grants, sessions as stored};

/// No more log-ins are shown at once.
const SHOWN: i64 = 500;

/// A session that still lives.
pub struct Live {
    pub id: SessionId,
    pub started_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub level: TrustLevel,
    /// The session that the caller's token came from.
    pub current: bool,
    /// Browser and system of the latest log-in in it; empty when they could not be told.
    pub device: String,
}

/// A session could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// Of somebody else, over, or never there: which of them is not told.
    #[error("the session does not exist")]
    Unknown,
    #[error("this request id was used for something else")]
    Reused,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
}

/// The account's credentials, oldest first.
pub async fn credentials(state: &Identity, account: AccountId) -> Result<Vec<Listed>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    credentials::list(&mut tx, account).await
}

/// The account's sessions that still live, newest first.
pub async fn list(
    state: &Identity,
    account: AccountId,
    grant: GrantId,
) -> Result<Vec<Live>, StoreError> {
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let own = match grants::find(&mut tx, grant).await?.map(|g| g.holder) {
        Some(Holder::Person { session, .. }) => session,
        _ => None,
    };
    let mut live = Vec::new();
    for session in stored::of_account(&mut tx, account).await? {
        let Some(view) = sessions::view(&mut tx, session.id, now).await? else { continue };
        live.push(Live {
            id: session.id,
            started_at: session.started_at_us,
            last_seen_at: session.last_seen_at_us,
            level: view.level,
            current: own == Some(session.id),
            device: sign_ins::device_of(&mut tx, session.id).await?,
        });
    }
    Ok(live)
}

/// The account's log-ins of the last 90 days, newest first.
pub async fn sign_ins(state: &Identity, account: AccountId) -> Result<Vec<SignIn>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    sign_ins::newest(&mut tx, account, SHOWN).await
}

/// Ends one of the account's sessions and revokes its grants.
pub async fn end(
    state: &Identity,
    account: AccountId,
    session: SessionId,
    key: &IdempotencyKey<'_>,
) -> Result<(), EndError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    match begin_request(&mut tx, key, now).await? {
        Attempt::Fresh => {}
        Attempt::Repeated(_) => return Ok(()),
        Attempt::Conflict => return Err(EndError::Reused),
    }
    let found = stored::find(&mut tx, session).await?.filter(|s| s.account_id == account);
    let Some(found) = found else { return Err(EndError::Unknown) };
    sessions::end(&mut tx, &found, "ENDED_BY_OWNER", now).await?;
    finish_request(&mut tx, key, &[]).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(())
}
