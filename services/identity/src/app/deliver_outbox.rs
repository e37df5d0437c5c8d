//! What leaves the house after a commit: code mails, and new accounts for the account service.

use serde::{Deserialize, Serialize};
use siegel_db::outbox::{Done, Job};
use siegel_kernel::{AccountId, Timestamp};
use tonic::{Code, Status};

use super::failure::Failure;
use super::notices::{NOTICE, NoticeJob};
use super::{merge, push, seed_person, upstream};
use crate::ports::notification::CodeMail;
use crate::ports::{accounts as account_service, notification};
use crate::state::Identity;
use crate::store::accounts;

/// Kind of the jobs that order a code mail; the payload is sealed.
pub const MAIL_CODE: &str = "mail.code";
/// Kind of the jobs that open an account at the account service; the payload is its id.
pub const OPEN_ACCOUNT: &str = "account.open";

/// Kind of the jobs that hand over what was written down about a person of a sandbox; sealed.
pub const SEED_ATTRIBUTES: &str = "account.seed";

/// Kind of the jobs that tell the account service a new address; the payload names the account.
pub const CHANGE_EMAIL: &str = "account.email";

/// What a mail is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    #[default]
    Registration,
    /// Says so, without a code.
    AlreadyRegistered,
    PasswordReset,
    /// To the new address.
    EmailChangeNew,
    /// To the old one.
    EmailChangeOld,
    DeviceRelease,
    /// Is not sent: nobody has an account there, and nobody is to learn it.
    Nothing,
}

/// An account whose address changed.
#[derive(Serialize, Deserialize)]
pub struct EmailJob {
    pub request_id: String,
    pub account: String,
}

impl EmailJob {
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A mail to be ordered.
#[derive(Serialize, Deserialize)]
pub struct MailJob {
    pub request_id: String,
    pub email: String,
    /// Empty when the address has an account.
    pub code: String,
    pub locale: String,
    /// The code is worth nothing afterwards, so the mail is neither.
    pub expires_at: Timestamp,
    /// Absent in jobs of an earlier release, which were registrations.
    #[serde(default)]
    pub purpose: Purpose,
}

impl MailJob {
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Does one job. Idempotent: every call carries a request id that stays the same.
pub async fn handle(state: Identity, job: Job) -> Done {
    let done = match job.kind.as_str() {
        MAIL_CODE => mail(&state, &job.payload).await,
        OPEN_ACCOUNT => open_account(&state, &job.payload).await,
        SEED_ATTRIBUTES => seed_person::hand_over(&state, &job.payload).await,
        push::LOGOUT | push::EVENT => return push::handle(&state, job).await,
        upstream::BROKERED => upstream::open_brokered(&state, &job.payload).await,
        NOTICE => notice(&state, &job.payload).await,
        merge::MOVE => merge::carry_out(&state, &job.payload).await,
        CHANGE_EMAIL => change_email(&state, &job.payload).await,
        other => {
            tracing::error!(kind = other, "the outbox holds a job that nobody does");
            return Done::Remove;
        }
    };
    match done {
        Ok(()) => Done::Remove,
        Err(Failure::Sibling(service, status)) if is_final(&status) => {
            tracing::error!(kind = %job.kind, service, code = ?status.code(), "a job was refused");
            Done::Remove
        }
        Err(error) => {
            tracing::warn!(
                kind = %job.kind,
                attempts = job.attempts,
                error = &error as &dyn std::error::Error,
                "a job will be tried again"
            );
            Done::Retry
        }
    }
}

/// Asking again cannot help.
fn is_final(status: &Status) -> bool {
    matches!(status.code(), Code::InvalidArgument | Code::Unimplemented)
}

async fn mail(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let plain = state.people.keys.open_job(MAIL_CODE, payload)?;
    let Ok(job) = serde_json::from_slice::<MailJob>(&plain) else {
        tracing::error!("a mail job does not parse");
        return Ok(());
    };
    if job.expires_at <= state.now() || job.purpose == Purpose::Nothing || job.email.is_empty() {
        return Ok(());
    }
    let mail = CodeMail {
        request_id: &job.request_id,
        email: &job.email,
        code: &job.code,
        purpose: job.purpose,
        locale: &job.locale,
    };
    let sent = notification::send_code(&state.outside.siblings, mail).await;
    sent.map_err(|status| Failure::Sibling("notification", status))
}

async fn open_account(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let id = std::str::from_utf8(payload).ok().and_then(|t| t.parse::<AccountId>().ok());
    let Some(id) = id else {
        tracing::error!("an account job does not parse");
        return Ok(());
    };
    let mut tx = state.outside.db.read().await?;
    let opening = accounts::opening(&mut tx, id).await?;
    drop(tx);
    let Some(opening) = opening else { return Ok(()) };
    let email = state.people.keys.open_address(&opening.address_hash, &opening.address_sealed)?;
    account_service::open_account(&state.outside.siblings, id, &email, &opening.locale)
        .await
        .map_err(|status| Failure::Sibling("account", status))?;
    let mut tx = state.outside.db.begin().await?;
    accounts::open(&mut tx, id, state.now()).await?;
    tx.commit().await?;
    Ok(())
}

async fn notice(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let Ok(job) = serde_json::from_slice::<NoticeJob>(payload) else {
        tracing::error!("a notice job does not parse");
        return Ok(());
    };
    // Who came from another provider may have no address: there is nobody to write to.
    let mut tx = state.outside.db.read().await?;
    let opening = match job.account.parse::<AccountId>() {
        Ok(account) => accounts::opening(&mut tx, account).await?,
        Err(_) => None,
    };
    drop(tx);
    if opening.is_none_or(|o| o.address_sealed.is_empty()) {
        return Ok(());
    }
    let sent = notification::notify(&state.outside.siblings, &job).await;
    sent.map_err(|status| Failure::Sibling("notification", status))
}

async fn change_email(state: &Identity, payload: &[u8]) -> Result<(), Failure> {
    let job = serde_json::from_slice::<EmailJob>(payload).ok();
    let account = job.as_ref().and_then(|j| j.account.parse::<AccountId>().ok());
    let (Some(job), Some(account)) = (job, account) else {
        tracing::error!("an address job does not parse");
        return Ok(());
    };
    let mut tx = state.outside.db.read().await?;
    let opening = accounts::opening(&mut tx, account).await?;
    drop(tx);
    let Some(opening) = opening else { return Ok(()) };
    let email = state.people.keys.open_address(&opening.address_hash, &opening.address_sealed)?;
    if email.is_empty() {
        return Ok(());
    }
    // Of two changes the later address is told twice: the request id stands for the job.
    account_service::change_email(&state.outside.siblings, &job.request_id, account, &email)
        .await
        .map_err(|status| Failure::Sibling("account", status))
}
