//! "Log out everywhere": nothing that was issued for the account holds afterwards.

use siegel_db::{Attempt, IdempotencyKey, StoreError, Tx, audit, begin_request, finish_request};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp};

use super::security_events::{self, SecurityEvent};
use super::self_care::EndError;
use super::{revoke, sessions};
use crate::state::Identity;
use crate::store::revocations::{self, NotBefore};
use crate::store::{accounts, grants, sessions as stored};

/// Ends all sessions of the account, revokes all grants, offline ones too, and lets no token
/// issued until now hold. How many sessions ended; 0 for a repeated request.
pub async fn by_owner(
    state: &Identity,
    account: AccountId,
    key: &IdempotencyKey<'_>,
) -> Result<u32, EndError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    match begin_request(&mut tx, key, now).await? {
        Attempt::Fresh => {}
        Attempt::Repeated(_) => return Ok(0),
        Attempt::Conflict => return Err(EndError::Reused),
    }
    security_events::emit(&mut tx, account, &SecurityEvent::SessionsRevoked, now).await?;
    let ended = everything(&mut tx, account, "LOGGED_OUT_EVERYWHERE", now).await?;
    let name = audit_name(account);
    let entry = audit::Entry {
        kind: "identity.sessions.ended",
        actor: &format!("person:{name}"),
        subject: &name,
        level: None,
        outcome: "done",
        request_id: key.request_id,
        detail: "",
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    finish_request(&mut tx, key, &[]).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(ended)
}

/// The same inside another use case, such as disabling the account. The caller tells feed and
/// outbox after the commit.
pub async fn everything(
    tx: &mut Tx,
    account: AccountId,
    why: &str,
    now: Timestamp,
) -> Result<u32, StoreError> {
    // Who redeems a code holds the same lock until its grant can be seen.
    accounts::lock(tx, account).await?;
    // Before the grants go: tokens of any of them carry these subjects.
    let subjects = grants::subjects_of(tx, account, now).await?;
    let mut ended = 0;
    for session in stored::of_account(tx, account).await? {
        ended += u32::from(sessions::end(tx, &session, why, now).await?);
    }
    for grant in grants::live_of(tx, account, now).await? {
        revoke::grant(tx, grant, now).await?;
    }
    for subject in &subjects {
        revocations::set_not_before(tx, NotBefore::Subject(subject), now).await?;
    }
    Ok(ended)
}
