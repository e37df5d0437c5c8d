//! Two accounts of one person become one. The person proves both, one log-in after the other in one
//! browser; sees what moves and what hinders it; then the account service moves it, and the account
//! that ends goes through the saga of deletions.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_crypto::{random_token, sha256};
use siegel_db::{StoreError, Tx, outbox};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp};
use siegel_proto::account::v1::account_merge_service_client::AccountMergeServiceClient;
use siegel_proto::account::v1::{CompareAccountsRequest, MergeAccountsRequest};
use siegel_proto::organisation::v1::CountTiesRequest;
use siegel_proto::organisation::v1::tie_service_client::TieServiceClient;

use super::credentials::{NotChanged, Person, locked, record, refused};
use super::deletion::{matters, saga};
use super::failure::Failure;
use super::notices::{self, Change};
use crate::domain::deletion::Cause;
use crate::domain::factors::{self, Forbidden};
use crate::state::Identity;
use crate::store::deletions::{self, NewDeletion};
use crate::store::merges::{self, Merge, MergeId};
use crate::store::{accounts, clients};

/// How long the person has from the first log-in to the last word.
pub const LIFETIME: Duration = Duration::from_mins(10);
/// Kind of the jobs that move what a confirmed merge moves.
pub const MOVE: &str = "account.merge";

/// Reasons of the account service that no repetition mends: something changed since the comparison.
const FINAL: [&str; 4] =
    ["MERGE_OTHER_PERSON", "MERGE_OFFER_WAITS", "QUOTA_EXCEEDED", "ACCOUNT_UNKNOWN"];

/// What would become of the account that ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Attributes that come, and those of which the account that stays has another value.
    pub comes: Vec<String>,
    pub differs: Vec<String>,
    pub documents: i64,
    pub consents: i64,
    /// Why it cannot be; stable reasons.
    pub hindrances: Vec<String>,
}

/// The job; nothing personal besides the id of the merge.
#[derive(Serialize, Deserialize)]
pub struct Job {
    pub merge: String,
}

/// First proof: the account that stays, at its best credential. The code is for the browser alone.
pub async fn begin(state: &Identity, person: &Person<'_>) -> Result<String, NotChanged> {
    let (now, code) = (state.now(), random_token(&*state.outside.entropy)?);
    let mut tx = state.outside.db.begin().await?;
    let needed = factors::highest(&locked(&mut tx, person.account).await?);
    if person.level < needed {
        drop(tx);
        let why = Forbidden::TooLow(needed);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let id = MergeId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let expires_at = now.plus(LIFETIME);
    let new = Merge { id, into_account: person.account, from_account: None, expires_at };
    merges::begin(&mut tx, &new, &sha256(code.as_bytes()), now).await?;
    record(&mut tx, person, "identity.merge.begun", "", now).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(code)
}

/// Second proof: another account, at its best credential. Binds the code to it.
/// # Errors
/// `NothingBegun` for a code that is not known, ran out, or is bound to a third account; `Unknown`
/// for the account that began.
pub async fn prove(state: &Identity, code: &str, person: &Person<'_>) -> Result<Merge, NotChanged> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let found = merges::by_code(&mut tx, &sha256(code.as_bytes()), now).await?;
    let merge = found.ok_or(NotChanged::NothingBegun)?;
    if merge.into_account == person.account {
        return Err(NotChanged::Unknown);
    }
    let needed = factors::highest(&locked(&mut tx, person.account).await?);
    if person.level < needed {
        drop(tx);
        let why = Forbidden::TooLow(needed);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    if !merges::bind(&mut tx, merge.id, person.account).await? {
        return Err(NotChanged::NothingBegun);
    }
    tx.commit().await?;
    Ok(merge)
}

/// What would move, and what hinders it: asked of everybody who keeps something.
pub async fn compare(
    state: &Identity,
    into: AccountId,
    from: AccountId,
) -> Result<Comparison, Failure> {
    let siblings = &state.outside.siblings;
    let request = CompareAccountsRequest {
        into_account_id: into.to_string(),
        from_account_id: from.to_string(),
    };
    let found = AccountMergeServiceClient::new(siblings.channel("account"))
        .compare_accounts(request)
        .await
        .map_err(|status| Failure::Sibling("account", status))?
        .into_inner();
    let mut hindrances = found.hindrances;
    // A letter is delivered to one mailbox for good: its receipts name it, its periods run there.
    if matters::open(state, from).await?.letters > 0 {
        hindrances.push("MERGE_MAILBOX_NOT_EMPTY".to_owned());
    }
    let ties = TieServiceClient::new(siblings.channel("organisation"))
        .count_ties(CountTiesRequest { account_id: from.to_string() })
        .await
        .map_err(|status| Failure::Sibling("organisation", status))?
        .into_inner();
    // Others agreed to somebody: a membership, a mandate names this account and its level.
    if ties.memberships + ties.mandates + ties.facts > 0 {
        hindrances.push("MERGE_ORGANISATIONS_LEFT".to_owned());
    }
    let (comes, differs) = (found.comes, found.differs);
    Ok(Comparison {
        comes,
        differs,
        documents: found.documents,
        consents: found.consents,
        hindrances,
    })
}

/// The person's word, in the session of the account that ends.
pub async fn confirm(
    state: &Identity,
    code: &str,
    person: &Person<'_>,
) -> Result<Comparison, NotChanged> {
    let merge = prove(state, code, person).await?;
    let comparison = compare(state, merge.into_account, person.account).await?;
    if let Some(reason) = comparison.hindrances.first() {
        note(state, person, reason).await?;
        return Ok(comparison);
    }
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    lock_both(&mut tx, merge.into_account, person.account).await?;
    if !merges::confirm(&mut tx, &merge, person.account, now).await? {
        return Err(NotChanged::NothingBegun);
    }
    record(&mut tx, person, "identity.merge.confirmed", "", now).await?;
    let job = Job { merge: merge.id.to_string() };
    let payload = serde_json::to_vec(&job).unwrap_or_default();
    outbox::put(&mut tx, MOVE, &payload, now).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(comparison)
}

/// A refusal, in the audit trail.
async fn note(state: &Identity, person: &Person<'_>, reason: &str) -> Result<(), StoreError> {
    let mut tx = state.outside.db.begin().await?;
    record(&mut tx, person, "identity.merge.refused", reason, state.now()).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// Always in the same order: of two merges at once one waits.
async fn lock_both(tx: &mut Tx, a: AccountId, b: AccountId) -> Result<(), StoreError> {
    accounts::lock(tx, a.min(b)).await?;
    accounts::lock(tx, a.max(b)).await?;
    Ok(())
}

/// Moves what is kept elsewhere, then ends the other account. Idempotent; what the account service
/// refuses for good leaves both accounts as they were.
pub async fn carry_out(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let id = serde_json::from_slice(payload).ok().and_then(|job: Job| job.merge.parse().ok());
    let Some(id) = id else { return Ok(()) };
    let mut tx = state.outside.db.read().await?;
    let found = merges::confirmed(&mut tx, id).await?;
    drop(tx);
    let Some((merge, from)) = found.and_then(|m| Some((m, m.from_account?))) else {
        return Ok(());
    };
    let request = MergeAccountsRequest {
        request_id: format!("merge-{id}"),
        into_account_id: merge.into_account.to_string(),
        from_account_id: from.to_string(),
    };
    let channel = state.outside.siblings.channel("account");
    let moved = AccountMergeServiceClient::new(channel).merge_accounts(request).await;
    if let Err(status) = moved {
        let reason = siegel_grpc::reason(&status).unwrap_or_default();
        if !FINAL.contains(&reason.as_str()) {
            return Err(Failure::Sibling("account", status));
        }
        tracing::warn!(reason, "a merge that was confirmed was refused; both accounts stay");
        let mut tx = state.outside.db.begin().await?;
        merges::forget(&mut tx, id).await?;
        return Ok(tx.commit().await?);
    }
    end(state, &merge, from).await
}

/// Everything has moved: remembers as whom services knew the account, and lets it end.
async fn end(state: &Identity, merge: &Merge, from: AccountId) -> Result<(), Failure> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    lock_both(&mut tx, merge.into_account, from).await?;
    if !merges::moved(&mut tx, merge.id, now).await? {
        return Ok(());
    }
    remember(state, &mut tx, merge.into_account, from, now).await?;
    for account in [merge.into_account, from] {
        notices::order(state, &mut tx, account, Change::AccountsMerged, now).await?;
    }
    let (name, asked_at) = (audit_name(from), state.outside.legal_clock.now());
    let new = NewDeletion {
        name: &name,
        account: from,
        cause: Cause::Owner.as_str(),
        asked_at,
        due_at: asked_at,
    };
    // One that waits for its time already is begun now.
    deletions::ask(&mut tx, &new).await?;
    saga::begin_merged(state, &mut tx, from, asked_at).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(())
}

/// The subjects by which sectors know the account that ends; what is derived from its id cannot be
/// derived any more once that is forgotten.
async fn remember(
    state: &Identity,
    tx: &mut Tx,
    into: AccountId,
    from: AccountId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut sectors = merges::sectors_of(tx, from).await?;
    for client in merges::clients_of(tx, from).await? {
        sectors.extend(clients::find(tx, &client).await?.map(|found| found.sector));
    }
    sectors.sort();
    sectors.dedup();
    for sector in sectors.iter().filter(|sector| !sector.is_empty()) {
        let subject = state.subject(sector, from);
        merges::add_subject(tx, into, (sector, &subject), now).await?;
    }
    merges::inherit(tx, from, into).await
}
