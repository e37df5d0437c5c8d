//! Following organisation's stream: a right to act that ended takes the grants with it within a
//! second. While the stream is lost, each refresh asks all the same, and access tokens live five
//! minutes; when it is back, all that could have changed meanwhile is asked about.

use std::time::Duration;

use siegel_db::{StoreError, audit};
use siegel_grpc::audit_name;
use siegel_kernel::GrantId;
use siegel_proto::organisation::v1::AccessChange;
use tonic::Status;

use super::{Verdict, Wish, judge, programs};
use crate::app::revoke;
use crate::domain::grant::{Grant, Holder};
use crate::state::Identity;
use crate::store::{acting, grants};

/// A stream without a message for this long is lost.
const SILENCE: Duration = Duration::from_secs(10);
/// Until the stream is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// Time alone ends rights too: all are asked about this often.
const ROUND: Duration = Duration::from_mins(5);
/// Grants looked at at once.
const BATCH: i64 = 500;

#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error("organisation does not answer")]
    Sibling(#[from] Box<Status>),
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
}

impl From<Status> for FollowError {
    fn from(status: Status) -> Self {
        Self::Sibling(Box::new(status))
    }
}

/// Follows until the task is dropped.
pub async fn run(state: Identity) {
    loop {
        match listen(&state).await {
            Ok(()) => {}
            Err(error @ FollowError::Store(_)) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "rights to act cannot be looked after");
            }
            Err(FollowError::Sibling(status)) => {
                tracing::debug!(status.code = ?status.code(), "organisation's stream ended");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Listens until the stream ends. Nothing is missed: all is asked about once it has caught up.
pub async fn listen(state: &Identity) -> Result<(), FollowError> {
    let mut stream = crate::ports::organisation::changes(&state.outside.siblings).await?;
    let mut asked_all: Option<tokio::time::Instant> = None;
    loop {
        let next = tokio::time::timeout(SILENCE, stream.message()).await;
        let Some(message) = next.map_err(|_| Status::unavailable("silent"))?? else {
            return Ok(());
        };
        match message.change {
            Some(change) => changed(state, &change).await?,
            None if asked_all.is_none_or(|at| at.elapsed() >= ROUND) => {
                look_after(state, None).await?;
                asked_all = Some(tokio::time::Instant::now());
            }
            None => {}
        }
    }
}

/// Asks about every grant that a change may concern.
pub async fn changed(state: &Identity, change: &AccessChange) -> Result<(), FollowError> {
    let ids = [
        &change.mandate_id,
        &change.organisation_id,
        &change.principal_account_id,
        &change.account_id,
    ];
    if ids.iter().all(|id| id.is_empty()) {
        return look_after(state, None).await;
    }
    for id in ids.into_iter().filter(|id| !id.is_empty()) {
        look_after(state, Some(id)).await?;
    }
    Ok(())
}

/// Asks about the grants that rest on this id, or about all, and revokes those whose right ended.
async fn look_after(state: &Identity, id: Option<&str>) -> Result<(), FollowError> {
    let mut after = GrantId::from_uuid(<_>::default());
    loop {
        let some = next(state, id, after).await?;
        let Some(last) = some.last() else { return Ok(()) };
        after = last.id;
        let mut ended = people(state, &some).await?;
        let held = some.iter().filter_map(|grant| match &grant.holder {
            Holder::Program(held) => Some((grant.id, &**held)),
            _ => None,
        });
        ended.extend(programs::ended(state, &held.collect::<Vec<_>>()).await?);
        end(state, &ended).await?;
    }
}

/// The grants of persons among these whose right ended, and whom that concerns.
async fn people(state: &Identity, some: &[Grant]) -> Result<Vec<(GrantId, String)>, FollowError> {
    let acting: Vec<(GrantId, Wish<'_>)> =
        some.iter().filter_map(|grant| Some((grant.id, wish(&grant.holder)?))).collect();
    let wishes: Vec<Wish<'_>> = acting.iter().map(|(_, wish)| *wish).collect();
    let verdicts = judge(state, &wishes).await?;
    let ended = acting.iter().zip(&verdicts).filter(|((_, wish), verdict)| !holds(wish, verdict));
    Ok(ended.map(|((id, wish), _)| (*id, audit_name(wish.account))).collect())
}

/// Whether it is still the same right.
fn holds(wish: &Wish<'_>, verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Allowed(now) if now.mandate.as_deref() == wish.mandate)
}

/// What a person who acts for another wants. The level is that of the log-in: what the session is
/// worth by now, each refresh looks at.
fn wish(holder: &Holder) -> Option<Wish<'_>> {
    let Holder::Person { account, granted, .. } = holder else { return None };
    let request = &granted.request;
    let chosen = request.acts_for(*account)?;
    Some(Wish {
        request,
        account: *account,
        level: granted.session.level,
        party: chosen.party,
        mandate: chosen.mandate.as_deref(),
        is_use: false,
    })
}

async fn next(
    state: &Identity,
    id: Option<&str>,
    after: GrantId,
) -> Result<Vec<Grant>, StoreError> {
    let now = state.now();
    let mut tx = state.outside.db.read().await?;
    let ids = match id {
        Some(id) => acting::resting_on(&mut tx, id, after, now, BATCH).await?,
        None => acting::all(&mut tx, after, now, BATCH).await?,
    };
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(grants::find(&mut tx, id).await?);
    }
    Ok(found)
}

/// Revokes grants whose right to act ended; with each, whom the audit line concerns.
pub async fn end(state: &Identity, ended: &[(GrantId, String)]) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    for (id, subject) in ended {
        if !revoke::grant(&mut tx, *id, now).await? {
            continue;
        }
        let entry = audit::Entry {
            kind: "identity.grant.revoked",
            actor: "service:organisation",
            subject,
            level: None,
            outcome: "done",
            request_id: &id.to_string(),
            detail: "ACTING_ENDED",
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}
