//! Logging in with the account of another: identity as a relying party (OpenID Connect Core §3.1,
//! RFC 9700 §4.4). A log-in goes through four steps, each of them once: `start` sends the browser
//! to the provider, `answer` keeps what it came back with, `finish` redeems and checks it, and
//! `link` binds it to an account by its person's word. A log-in with the account of an organisation
//! ends in `claim` instead: it logs nobody in.

mod account;
mod answer;
mod calls;
mod claim;
mod fault;
mod finish;
mod link;
pub mod mailbox;
mod provider;
mod redeem;
mod start;

pub use account::{BROKERED, open_brokered};
pub use answer::{Came, keep};
pub use claim::{NEEDED, Proved, begin_claim, prove_claim};
pub use fault::Fault;
pub use finish::{Outcome, Return, finish};
pub use link::{Confirm, confirm};
pub use provider::Providers;
pub use start::{Start, begin, destination, public_keys};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use siegel_crypto::SealError;
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_telemetry::metric;

use crate::app::refusal;
use crate::domain::upstream::{METHOD, Taken};
use crate::people::PeopleKeys;
use crate::state::Identity;
use crate::store::upstream_logins::UpstreamLoginId;

/// What must be known when the answer comes.
#[derive(Serialize, Deserialize)]
struct Attempt {
    /// A provider that was moved meanwhile answers nothing.
    issuer: String,
    nonce: String,
    verifier: String,
    /// A fresh log-in was demanded.
    again: bool,
    /// The oldest log-in that is taken, seconds; `true` when the provider must say when it was.
    max_age: u64,
    dated: bool,
    sent_at: Timestamp,
}

/// What a provider proved of a person, as it counts here.
#[derive(Serialize, Deserialize)]
struct Proof {
    subject_hash: [u8; 32],
    /// Whom it named, unless it left something out.
    holder_hash: Option<[u8; 32]>,
    level: TrustLevel,
    taken: Vec<Taken>,
    /// When the person logged in there.
    at: Timestamp,
}

/// Seals what belongs to one log-in.
fn seal(
    keys: &PeopleKeys,
    what: &str,
    id: UpstreamLoginId,
    value: &impl Serialize,
) -> Result<Vec<u8>, SealError> {
    let plain = serde_json::to_vec(value).map_err(|_| SealError::DoesNotOpen)?;
    keys.seal_job(&format!("upstream {what} {id}"), &plain)
}

fn unseal<T: DeserializeOwned>(
    keys: &PeopleKeys,
    what: &str,
    id: UpstreamLoginId,
    sealed: &[u8],
) -> Result<T, SealError> {
    let plain = keys.open_job(&format!("upstream {what} {id}"), sealed)?;
    serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)
}

/// Writes what was done with an account elsewhere.
async fn record(
    tx: &mut Tx,
    kind: &str,
    account: AccountId,
    level: TrustLevel,
    upstream: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let name = audit_name(account);
    let entry = audit::Entry {
        kind,
        actor: &format!("person:{name}"),
        subject: &name,
        level: Some(level),
        outcome: "done",
        request_id: "",
        detail: upstream,
        at,
    };
    audit::record(tx, &entry).await
}

/// Writes that a log-in elsewhere was not taken, in a transaction of its own.
pub async fn refused(
    state: &Identity,
    upstream: &str,
    account: Option<AccountId>,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const REFUSED: &str = "identity.upstream.refused";
    metric::LOGIN_FINISHED.count([METHOD, reason]);
    if !refusal::is_written(state, REFUSED, reason, METHOD, now) {
        return Ok(());
    }
    let name = account.map(audit_name).unwrap_or_default();
    let mut tx = state.outside.db.begin().await?;
    let entry = audit::Entry {
        kind: REFUSED,
        actor: "anyone",
        subject: &name,
        level: None,
        outcome: reason,
        request_id: "",
        detail: upstream,
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await
}
