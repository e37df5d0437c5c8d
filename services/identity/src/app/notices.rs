//! Mails that tell somebody that his log-in changed, ordered in the transaction of the change.

use serde::{Deserialize, Serialize};
use siegel_crypto::random_token;
use siegel_db::{Tx, outbox};
use siegel_kernel::{AccountId, Timestamp};

use super::failure::Failure;
use crate::state::Identity;

/// Kind of the jobs that order a notice. They name an account and no address.
pub const NOTICE: &str = "mail.notice";

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    CredentialAdded,
    CredentialRemoved,
    PasswordChanged,
    RecoveryCodesCreated,
    RecoveryCodeUsed,
    AccountLinked,
    AccountUnlinked,
    /// Nobody logged in for a long time; days until the account is deleted.
    Inactive {
        days: u32,
    },
    /// Days until it begins.
    DeletionAsked {
        days: u32,
    },
    DeletionCancelled,
    /// What another account of the same person held is in this one, or the other way round.
    AccountsMerged,
}

/// A notice to be ordered.
#[derive(Serialize, Deserialize)]
pub struct NoticeJob {
    pub request_id: String,
    pub account: String,
    pub change: Change,
}

/// Orders a notice; the caller wakes the outbox after the commit.
pub async fn order(
    state: &Identity,
    tx: &mut Tx,
    account: AccountId,
    change: Change,
    now: Timestamp,
) -> Result<(), Failure> {
    let request_id = random_token(&*state.outside.entropy)?;
    let job = NoticeJob { request_id, account: account.to_string(), change };
    let payload = serde_json::to_vec(&job).unwrap_or_default();
    Ok(outbox::put(tx, NOTICE, &payload, now).await?)
}
