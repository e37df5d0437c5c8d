//! Accounts that operators close to their owners, and open again. Closing ends everything that
//! holds for the account at once; what it owns stays.

use siegel_db::{Db, StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp};
use siegel_telemetry::metric;

use super::failure::Failure;
use super::log_out_everywhere::everything;
use super::manage_clients::Operator;
use super::security_events::{self, SecurityEvent};
use crate::domain::ageing::word;
use crate::domain::disabling::Reason;
use crate::domain::email::EmailAddress;
use crate::state::Identity;
use crate::store::credentials::{self, Listed};
use crate::store::disabled::{self, Disabled, Overview};
use crate::store::{accounts, email_changes, sessions};

#[derive(Debug, thiserror::Error)]
pub enum DisableError {
    #[error("there is no account {0}")]
    Unknown(AccountId),
    #[error("the account is being deleted")]
    BeingDeleted,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
}

/// What an operator sees of an account: nothing personal.
pub struct Shown {
    pub account: Overview,
    pub credentials: Vec<Listed>,
    /// Sessions that were not ended; some may have aged away.
    pub sessions: usize,
}

/// Shows an account.
pub async fn show(state: &Identity, id: AccountId) -> Result<Shown, DisableError> {
    let mut tx = state.outside.db.read().await?;
    let account = disabled::overview(&mut tx, id).await?.ok_or(DisableError::Unknown(id))?;
    let credentials = credentials::list(&mut tx, id).await?;
    let sessions = sessions::of_account(&mut tx, id).await?.len();
    Ok(Shown { account, credentials, sessions })
}

/// The account behind an address somebody wrote from. Written down, whatever comes of it.
pub async fn find(
    state: &Identity,
    address: &EmailAddress,
    by: &Operator,
) -> Result<Option<AccountId>, StoreError> {
    let now = state.now();
    let hash = state.people.keys.address_hash(address);
    let mut tx = state.outside.db.begin().await?;
    let found = accounts::by_address(&mut tx, &hash).await?;
    let name = found.map(audit_name).unwrap_or_default();
    let outcome = if found.is_some() { "done" } else { "NOT_FOUND" };
    let entry = entry("identity.account.looked_up", &name, outcome, now);
    audit::record(&mut tx, &audit::Entry { actor: &by.actor(), ..entry }).await?;
    tx.commit().await?;
    Ok(found)
}

/// Closes the account: sessions, grants and tokens end now, and no credential lets anybody in.
/// `false` when it was closed already.
#[tracing::instrument(name = "identity.account.disable", skip_all)]
pub async fn disable(
    state: &Identity,
    id: AccountId,
    reason: Reason,
    by: &Operator,
) -> Result<bool, DisableError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    // Locked before anything is counted up: whoever logs in this moment is among it.
    accounts::lock(&mut tx, id).await?;
    let told = security_events::hearers(&mut tx, id, now).await?;
    let new = Disabled { at: now, reason: reason.to_string(), by: by.actor(), told };
    if !disabled::close(&mut tx, id, &new).await? {
        return known(&mut tx, id).await.map(|()| false);
    }
    let event = SecurityEvent::AccountDisabled { reason: reason.told().map(str::to_owned) };
    security_events::tell(&mut tx, &new.told, id, &event, now).await?;
    everything(&mut tx, id, "ACCOUNT_DISABLED", now).await?;
    email_changes::remove(&mut tx, id).await?;
    let name = audit_name(id);
    let entry = entry("identity.account.disabled", &name, "done", now);
    let (actor, detail) = (by.actor(), reason.as_str());
    audit::record(&mut tx, &audit::Entry { actor: &actor, detail, ..entry }).await?;
    tx.commit().await?;
    state.feed.committed();
    state.outbox.committed();
    Ok(true)
}

/// Opens the account again: its credentials are worth what they were, nothing that ended comes
/// back. `false` when it was not closed.
#[tracing::instrument(name = "identity.account.enable", skip_all)]
pub async fn enable(state: &Identity, id: AccountId, by: &Operator) -> Result<bool, DisableError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    accounts::lock(&mut tx, id).await?;
    let before = disabled::overview(&mut tx, id).await?.ok_or(DisableError::Unknown(id))?;
    let Some(before) = before.disabled else { return Ok(false) };
    if before.reason == disabled::DELETION {
        return Err(DisableError::BeingDeleted);
    }
    disabled::reopen(&mut tx, id).await?;
    let event = SecurityEvent::AccountEnabled;
    security_events::tell(&mut tx, &before.told, id, &event, now).await?;
    let name = audit_name(id);
    let entry = entry("identity.account.enabled", &name, "done", now);
    let (actor, detail) = (by.actor(), before.reason.as_str());
    audit::record(&mut tx, &audit::Entry { actor: &actor, detail, ..entry }).await?;
    tx.commit().await?;
    state.outbox.committed();
    Ok(true)
}

/// Lets nobody in whose account is closed; call it once a credential was found right, before
/// anything is done on its word. The transaction is to be dropped then. The refusal is written down
/// beside the answer, in a transaction of its own: to wait for it would hold two connections.
/// # Errors
/// [`Failure::AccountDisabled`]
pub async fn admit(
    state: &Identity,
    tx: &mut Tx,
    account: AccountId,
    method: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    if !disabled::holds(tx, account).await? {
        return Ok(());
    }
    metric::LOGIN_FINISHED.count([word(method), "ACCOUNT_DISABLED"]);
    let (db, method) = (state.outside.db.clone(), method.to_owned());
    tokio::spawn(async move {
        if let Err(error) = write_refusal(&db, account, &method, now).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "a refusal is missing in the audit trail");
        }
    });
    Err(Failure::AccountDisabled)
}

async fn write_refusal(
    db: &Db,
    account: AccountId,
    method: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = audit_name(account);
    let entry = entry("identity.login.refused", &name, "ACCOUNT_DISABLED", now);
    let mut tx = db.begin().await?;
    audit::record(&mut tx, &audit::Entry { actor: "anyone", detail: method, ..entry }).await?;
    tx.commit().await
}

async fn known(tx: &mut Tx, id: AccountId) -> Result<(), DisableError> {
    match disabled::overview(tx, id).await? {
        Some(_) => Ok(()),
        None => Err(DisableError::Unknown(id)),
    }
}

const fn entry<'a>(
    kind: &'a str,
    subject: &'a str,
    outcome: &'a str,
    at: Timestamp,
) -> audit::Entry<'a> {
    audit::Entry { kind, actor: "", subject, level: None, outcome, request_id: "", detail: "", at }
}
