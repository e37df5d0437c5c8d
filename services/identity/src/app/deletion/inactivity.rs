//! Accounts that nobody logs in to: told twice, then deleted.

use siegel_db::StoreError;
use siegel_grpc::audit_name;
use siegel_kernel::AccountId;

use super::{by_service, saga};
use crate::app::failure::Failure;
use crate::app::notices::{self, Change};
use crate::domain::deletion::{Cause, Inactivity};
use crate::state::Identity;
use crate::store::activity;
use crate::store::deletions::{self, NewDeletion};

/// Accounts taken of each step in one round.
const BATCH: i64 = 100;
/// The notices, each by its number.
const NOTICES: [u32; 2] = [1, 2];

/// Sends what is due and begins what is; how many accounts it took. A log-in meanwhile wins: every
/// statement says since when nobody logged in.
pub async fn round(state: &Identity) -> Result<usize, Failure> {
    let Some(rule) = state.config.people.deletion.inactivity() else { return Ok(0) };
    let mut taken = 0;
    // From the last step back: one round takes an account one step further at most.
    taken += remove(state, &rule).await?;
    for number in NOTICES.into_iter().rev() {
        taken += tell(state, &rule, number).await?;
    }
    Ok(taken)
}

async fn tell(state: &Identity, rule: &Inactivity, number: u32) -> Result<usize, Failure> {
    let now = state.outside.legal_clock.now();
    let due = rule.due(number, now);
    let found = activity::to_tell(&state.outside.db, number, &due, BATCH).await?;
    for idle in &found {
        let mut tx = state.outside.db.begin().await?;
        // The row is the mark: who writes it orders the mail, in the same transaction.
        if activity::tell(&mut tx, idle, number, now).await? {
            let notice = Change::Inactive { days: rule.days_left(number) };
            notices::order(state, &mut tx, idle.account_id, notice, state.now()).await?;
            let detail = number.to_string();
            let line = ("identity.inactivity.told", "service:identity", detail.as_str());
            by_service(&mut tx, idle.account_id, line, state.now()).await?;
            tx.commit().await?;
            state.feed.committed();
            state.outbox.committed();
        }
    }
    Ok(found.len())
}

async fn remove(state: &Identity, rule: &Inactivity) -> Result<usize, Failure> {
    let now = state.outside.legal_clock.now();
    let found = activity::to_tell(&state.outside.db, 3, &rule.due(3, now), BATCH).await?;
    for idle in &found {
        let mut tx = state.outside.db.begin().await?;
        if !activity::hold(&mut tx, idle).await? {
            continue;
        }
        let name = audit_name(idle.account_id);
        let new = NewDeletion {
            name: &name,
            account: idle.account_id,
            cause: Cause::Inactivity.as_str(),
            asked_at: now,
            due_at: now,
        };
        deletions::ask(&mut tx, &new).await?;
        saga::begin_in(state, &mut tx, idle.account_id, now).await?;
        tx.commit().await?;
        state.feed.committed();
        state.outbox.committed();
    }
    Ok(found.len())
}

/// Notes a log-in in its transaction: whatever was counted begins anew.
pub async fn logged_in(
    state: &Identity,
    tx: &mut siegel_db::Tx,
    account: AccountId,
) -> Result<(), StoreError> {
    activity::logged_in(tx, account, state.outside.legal_clock.now()).await
}
