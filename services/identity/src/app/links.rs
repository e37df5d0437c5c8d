//! Accounts elsewhere as their owner sees them.

use siegel_db::{Attempt, IdempotencyKey, StoreError, audit, begin_request, finish_request};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, GrantId, TrustLevel};

use super::failure::Failure;
use super::{notices, sessions, upstreams};
use crate::domain::grant::Holder;
use crate::state::Identity;
use crate::store::upstream_links::{self, Link, LinkId};
use crate::store::{accounts, credentials, grants, upstreams as stored};

/// A link with the provider it leads to.
pub struct Shown {
    pub link: Link,
    /// Empty when the provider is no longer registered.
    pub name: String,
    pub enabled: bool,
}

/// A link could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum UnlinkError {
    /// Of somebody else, or never there: which of them is not told.
    #[error("the link does not exist")]
    Unknown,
    #[error("this request id was used for something else")]
    Reused,
    #[error("the link is protected at level {needed}, the session has {held}")]
    TrustTooLow { held: TrustLevel, needed: TrustLevel },
    #[error("the account has no other way to log in")]
    LastWayIn,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error("its mail could not be ordered")]
    Notice(#[from] Failure),
}

/// The account's links, oldest first.
pub async fn list(state: &Identity, account: AccountId) -> Result<Vec<Shown>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    let mut shown = Vec::new();
    for link in upstream_links::of_account(&mut tx, account).await? {
        let found = stored::find(&mut tx, &link.upstream_id).await?;
        let enabled = found.as_ref().is_some_and(stored::Stored::is_enabled);
        let name = found.map(|s| s.upstream.name).unwrap_or_default();
        shown.push(Shown { link, name, enabled });
    }
    Ok(shown)
}

/// Ends a link, and the sessions and grants that rest on it alone. The session of the caller's
/// grant must still have the level that the link protects.
pub async fn unlink(
    state: &Identity,
    account: AccountId,
    grant: GrantId,
    id: LinkId,
    key: &IdempotencyKey<'_>,
) -> Result<(), UnlinkError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    match begin_request(&mut tx, key, now).await? {
        Attempt::Fresh => {}
        Attempt::Repeated(_) => return Ok(()),
        Attempt::Conflict => return Err(UnlinkError::Reused),
    }
    accounts::lock(&mut tx, account).await?;
    let links = upstream_links::of_account(&mut tx, account).await?;
    let Some(link) = links.iter().find(|l| l.id == id) else { return Err(UnlinkError::Unknown) };
    let session = match grants::find(&mut tx, grant).await?.map(|g| g.holder) {
        Some(Holder::Person { session: Some(session), .. }) => {
            sessions::view(&mut tx, session, now).await?
        }
        _ => None,
    };
    let held = session.map_or(TrustLevel::Basic, |s| s.level);
    if held < link.level {
        return Err(UnlinkError::TrustTooLow { held, needed: link.level });
    }
    if links.len() == 1 && credentials::list(&mut tx, account).await?.is_empty() {
        return Err(UnlinkError::LastWayIn);
    }
    upstream_links::remove(&mut tx, id, account).await?;
    if !links.iter().any(|l| l.id != id && l.upstream_id == link.upstream_id) {
        upstreams::end_all(&mut tx, &link.upstream_id, Some(account), now).await?;
    }
    let name = audit_name(account);
    let entry = audit::Entry {
        kind: "identity.upstream.unlinked",
        actor: &format!("person:{name}"),
        subject: &name,
        level: Some(held),
        outcome: "done",
        request_id: key.request_id,
        detail: &link.upstream_id,
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    let change = notices::Change::AccountUnlinked;
    notices::order(state, &mut tx, account, change, now).await?;
    finish_request(&mut tx, key, &[]).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(())
}
