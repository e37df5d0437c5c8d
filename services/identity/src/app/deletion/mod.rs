//! The end of an account: its owner's order, or that nobody used it; then a saga through all
//! services, which identity drives and ends.

pub mod feed;
pub mod inactivity;
pub mod matters;
pub mod saga;

use std::time::Duration;

use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::credentials::{NotChanged, Person, locked, record, refused};
use super::failure::Failure;
use super::notices::{self, Change};
use crate::domain::deletion::Cause;
use crate::domain::factors::{self, Forbidden};
use crate::state::Identity;
use crate::store::credentials;
use crate::store::deletions::{self, Deletion, NewDeletion, Step};

const HOUR: Duration = Duration::from_hours(1);

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It has begun: nobody can log in any more.
    Begun,
    /// It begins then, unless it is called off.
    Waits(Timestamp),
}

/// The level a session needs: that of the best credential the account has.
pub async fn level_needed(state: &Identity, account: AccountId) -> Result<TrustLevel, Failure> {
    let mut tx = state.outside.db.read().await?;
    Ok(factors::highest(&credentials::held(&mut tx, account).await?))
}

/// The deletion of an account that waits for its time, if there is one.
pub async fn standing(state: &Identity, account: AccountId) -> Result<Option<Deletion>, Failure> {
    let mut tx = state.outside.db.read().await?;
    Ok(deletions::find(&mut tx, &audit_name(account)).await?)
}

/// Orders the deletion of the person's own account. Again: the same answer.
#[tracing::instrument(name = "identity.deletion.ask", skip_all)]
pub async fn ask(state: &Identity, person: &Person<'_>) -> Result<Asked, NotChanged> {
    let now = state.outside.legal_clock.now();
    let cooling = HOUR.saturating_mul(state.config.people.deletion.cooling_hours);
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    let needed = factors::highest(&held);
    if person.level < needed {
        drop(tx);
        let why = Forbidden::TooLow(needed);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let name = audit_name(person.account);
    let new = NewDeletion {
        name: &name,
        account: person.account,
        cause: Cause::Owner.as_str(),
        asked_at: now,
        due_at: now.plus(cooling),
    };
    if !deletions::ask(&mut tx, &new).await? {
        let before = deletions::find(&mut tx, &name).await?;
        return Ok(Asked::Waits(before.map_or(new.due_at, |d| d.due_at)));
    }
    record(&mut tx, person, "identity.deletion.asked", "", state.now()).await?;
    let days = u32::try_from(cooling.as_secs().div_ceil(24 * 3600)).unwrap_or(u32::MAX);
    let notice = Change::DeletionAsked { days };
    notices::order(state, &mut tx, person.account, notice, state.now()).await?;
    let begun = cooling.is_zero();
    if begun {
        saga::begin_in(state, &mut tx, person.account, now).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(if begun { Asked::Begun } else { Asked::Waits(new.due_at) })
}

/// Calls it off before it has begun; nothing happens when there is nothing to call off.
pub async fn cancel(state: &Identity, person: &Person<'_>) -> Result<(), NotChanged> {
    let mut tx = state.outside.db.begin().await?;
    locked(&mut tx, person.account).await?;
    if deletions::cancel(&mut tx, &audit_name(person.account)).await? {
        record(&mut tx, person, "identity.deletion.cancelled", "", state.now()).await?;
        let notice = Change::DeletionCancelled;
        notices::order(state, &mut tx, person.account, notice, state.now()).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(())
}

/// How far the deletion of an account is, for operators; `None` when nobody asked for it.
pub async fn progress(
    state: &Identity,
    account: AccountId,
) -> Result<Option<(Deletion, Vec<Step>)>, StoreError> {
    let name = audit_name(account);
    let mut tx = state.outside.db.read().await?;
    let Some(deletion) = deletions::find(&mut tx, &name).await? else { return Ok(None) };
    Ok(Some((deletion, deletions::steps(&mut tx, &name).await?)))
}

/// A line of the audit trail that no person caused.
async fn by_service(
    tx: &mut Tx,
    account: AccountId,
    (kind, actor, detail): (&str, &str, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    let entry = audit::Entry {
        kind,
        actor,
        subject: &audit_name(account),
        level: None,
        outcome: "done",
        request_id: "",
        detail,
        at,
    };
    audit::record(tx, &entry).await
}
