//! The saga: begun, answered by every service, finished. Each step is one transaction and can be
//! the last before a crash; the next round goes on from there.

use std::time::Duration;

use siegel_crypto::random_token;
use siegel_db::{Lease, StoreError, Tx, take_lease};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp};

use super::{by_service, inactivity};
use crate::app::credentials::account_subject;
use crate::app::failure::Failure;
use crate::app::log_out_everywhere::everything;
use crate::app::security_events::{self, SecurityEvent};
use crate::state::Identity;
use crate::store::disabled::{self, DELETION, Disabled};
use crate::store::{accounts, deletions, erase};

/// Between two rounds; an answer that was the last one does not wait for it.
const PAUSE: Duration = Duration::from_secs(2);
/// Accounts taken in one round.
const BATCH: i64 = 100;
/// Who writes what no person did.
const SELF: &str = "service:identity";

/// Goes on with every deletion until the task is dropped. Every replica may: what is due is taken
/// by a statement that only one of them succeeds with.
pub async fn run(state: Identity) {
    let holder = random_token(&*state.outside.entropy).unwrap_or_default();
    let lease = Lease { name: "inactivity", holder: &holder, span: 5 * PAUSE };
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(failure) = all(&state, lease).await {
            let error = &failure as &dyn std::error::Error;
            tracing::error!(error, "deletions of accounts cannot go on");
        }
    }
}

async fn all(state: &Identity, lease: Lease<'_>) -> Result<(), Failure> {
    round(state).await?;
    if take_lease(&state.outside.db, lease, state.now()).await? {
        inactivity::round(state).await?;
    }
    Ok(())
}

/// Begins what is due and finishes what every service has answered.
pub async fn round(state: &Identity) -> Result<(), StoreError> {
    let now = state.outside.legal_clock.now();
    for account in deletions::due(&state.outside.db, now, BATCH).await? {
        begin(state, account, now).await?;
    }
    for account in deletions::answered(&state.outside.db, BATCH).await? {
        finish(state, account).await?;
    }
    Ok(())
}

async fn begin(state: &Identity, account: AccountId, now: Timestamp) -> Result<(), StoreError> {
    let mut tx = state.outside.db.begin().await?;
    begin_in(state, &mut tx, account, now).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(())
}

/// Closes the account for good, ends what holds for it, tells clients, and lets every service know.
/// Nothing happens when that was done, or the deletion was called off.
pub async fn begin_in(
    state: &Identity,
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    begin_as(state, tx, account, (Ending::Person, now)).await
}

/// The same for an account that became part of another one: its person is still there, so clients
/// are not told to forget them.
pub async fn begin_merged(
    state: &Identity,
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    begin_as(state, tx, account, (Ending::Account, now)).await
}

/// Who is gone for a client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Person,
    Account,
}

async fn begin_as(
    state: &Identity,
    tx: &mut Tx,
    account: AccountId,
    (ending, now): (Ending, Timestamp),
) -> Result<(), StoreError> {
    accounts::lock(tx, account).await?;
    let services = state.config.people.deletion.services();
    if !deletions::begin(tx, &audit_name(account), &services, now).await? {
        return Ok(());
    }
    let at = state.now();
    // Before the grants go: whoever has one hears of it.
    if ending == Ending::Person {
        security_events::emit(tx, account, &SecurityEvent::AccountPurged, at).await?;
    }
    disabled::reopen(tx, account).await?;
    let closed =
        Disabled { at, reason: DELETION.to_owned(), by: SELF.to_owned(), told: Vec::new() };
    disabled::close(tx, account, &closed).await?;
    everything(tx, account, "ACCOUNT_DELETED", at).await?;
    by_service(tx, account, ("identity.deletion.begun", SELF, ""), at).await
}

/// A service says that it is done, or what it waits for. The last answer ends the account.
pub async fn acknowledge(
    state: &Identity,
    account: AccountId,
    service: &str,
    waits_for: &str,
) -> Result<(), StoreError> {
    let at = state.now();
    let mut tx = state.outside.db.begin().await?;
    let name = audit_name(account);
    if !deletions::answer(&mut tx, &name, service, waits_for, at).await? {
        return Ok(());
    }
    if waits_for.is_empty() {
        let actor = format!("service:{service}");
        by_service(&mut tx, account, ("identity.deletion.acknowledged", &actor, ""), at).await?;
    }
    tx.commit().await?;
    // It may be another's turn now.
    state.feed.committed();
    if waits_for.is_empty() {
        finish(state, account).await?;
    }
    Ok(())
}

/// Removes what identity itself holds, once every service has said that it holds nothing.
pub async fn finish(state: &Identity, account: AccountId) -> Result<(), StoreError> {
    let at = state.now();
    let name = audit_name(account);
    let mut tx = state.outside.db.begin().await?;
    if !deletions::finish(&mut tx, &name, at).await? {
        return Ok(());
    }
    forget_jobs(state, &mut tx, account).await?;
    let counters = account_subject(account);
    erase::account(&mut tx, account, &format!("person:{name}"), &counters).await?;
    by_service(&mut tx, account, ("identity.account.deleted", SELF, ""), at).await?;
    tx.commit().await?;
    state.feed.committed();
    tracing::info!("the deletion of an account is finished");
    Ok(())
}

/// Removes what still waits to be done for the account. Pushes stay: they tell clients of its end.
async fn forget_jobs(state: &Identity, tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    let (text, mut after) = (account.to_string(), 0);
    let names = |plain: &[u8]| plain.windows(text.len()).any(|part| part == text.as_bytes());
    loop {
        let jobs = erase::jobs(tx, after, BATCH).await?;
        let Some(last) = jobs.last().map(|job| job.id) else { return Ok(()) };
        for job in jobs {
            let opened = state.people.keys.open_job(&job.kind, &job.payload);
            if names(&job.payload) || opened.is_ok_and(|plain| names(&plain)) {
                erase::job(tx, job.id).await?;
            }
        }
        after = last;
    }
}
