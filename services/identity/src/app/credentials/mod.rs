//! Credentials of a person: added and removed at the level they protect, each change audited and
//! mailed.

pub mod attempt;
pub mod certificate;
pub mod manage;
pub mod passkey;
pub mod password;
pub mod recovery;
pub mod totp;

use siegel_crypto::{SealError, sha256_fields};
use siegel_db::{StoreError, Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, EntropyUnavailable, SessionId, Timestamp, TrustLevel};

use super::failure::Failure;
use super::notices::{self, Change};
use super::passwords::HashError;
use super::security_events::{self, Change as Happened, SecurityEvent};
use crate::domain::factors::{self, Forbidden, Held, Kind};
use crate::domain::interaction::SessionView;
use crate::domain::password::WeakPassword;
use crate::domain::totp::BadGenerator;
use crate::passkeys::CeremonyError;
use crate::state::Identity;
use crate::store::{accounts, credentials, disabled};

/// A person who changes his credentials.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    pub account: AccountId,
    pub session: SessionId,
    /// What the session proves now.
    pub level: TrustLevel,
    /// The caller's request id; empty on the pages.
    pub request_id: &'a str,
}

impl Person<'_> {
    /// The person behind a session.
    pub fn of(session: &SessionView) -> Self {
        let SessionView { id, account, level, .. } = *session;
        Self { account, session: id, level, request_id: "" }
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Of somebody else, removed, or never there: which of them is not told.
    #[error("the credential does not exist")]
    Unknown,
    /// The enrolment ran out or was finished elsewhere.
    #[error("there is nothing to finish")]
    NothingBegun,
    #[error("the code is wrong, or was used before")]
    WrongCode,
    #[error("the old password is wrong")]
    WrongPassword,
    #[error("too many attempts failed")]
    Blocked,
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// An account has it already.
    #[error("the certificate is not acceptable")]
    Certificate,
    /// The device answered wrongly, or its passkey belongs to an account already.
    #[error("the passkey is not acceptable")]
    Passkey,
    /// A tenant of this session takes other models of devices only.
    #[error("passkeys of this device are not taken here")]
    PasskeyModel,
    #[error(transparent)]
    Failure(#[from] Failure),
}

macro_rules! failures {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for NotChanged {
            fn from(error: $error) -> Self {
                Self::Failure(error.into())
            }
        }
    )+};
}

failures!(StoreError, SealError, EntropyUnavailable, HashError, BadGenerator);

/// A ceremony that came to nothing is the person's matter, or ours.
pub(super) fn ceremony(error: CeremonyError) -> Result<&'static str, Failure> {
    match error {
        CeremonyError::Malformed => Ok("PASSKEY_MALFORMED"),
        CeremonyError::Refused(cause) => {
            tracing::info!(error = &cause as &dyn std::error::Error, "a passkey was refused");
            Ok("PASSKEY_REFUSED")
        }
        CeremonyError::Cloned => Ok("PASSKEY_CLONED"),
        other => Err(other.into()),
    }
}

/// What counts wrong codes of an account, whatever was typed and wherever.
pub(super) fn account_subject(account: AccountId) -> [u8; 32] {
    sha256_fields(&[b"account", account.as_uuid().as_bytes()])
}

/// Locks the account: of two changes at once one waits for the other. A request that was let in
/// before an operator closed the account changes nothing after that.
pub(super) async fn lock(tx: &mut Tx, account: AccountId) -> Result<(), Failure> {
    accounts::lock(tx, account).await?;
    if disabled::holds(tx, account).await? {
        return Err(Failure::AccountDisabled);
    }
    Ok(())
}

/// What protects the account, behind its lock.
pub(super) async fn locked(tx: &mut Tx, account: AccountId) -> Result<Vec<Held>, Failure> {
    lock(tx, account).await?;
    Ok(credentials::held(tx, account).await?)
}

/// The level a session must have to add a credential of this kind to the account.
pub async fn level_to_add(
    state: &Identity,
    account: AccountId,
    kind: Kind,
) -> Result<TrustLevel, Failure> {
    let mut tx = state.outside.db.read().await?;
    let held = credentials::held(&mut tx, account).await?;
    let level = match kind {
        Kind::Password | Kind::Recovery => TrustLevel::Basic,
        Kind::Totp | Kind::Passkey => TrustLevel::Low,
        Kind::X509 => factors::CERTIFICATE_LEVEL,
        Kind::Eid => TrustLevel::High,
    };
    Ok(factors::level_to_add(level, &held))
}

/// A line of the audit trail about a change.
pub(super) async fn record(
    tx: &mut Tx,
    person: &Person<'_>,
    kind: &str,
    detail: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = audit_name(person.account);
    let entry = audit::Entry {
        kind,
        actor: &format!("person:{name}"),
        subject: &name,
        level: Some(person.level),
        outcome: "done",
        request_id: person.request_id,
        detail,
        at: now,
    };
    audit::record(tx, &entry).await
}

/// The same with a mail to the owner, and an event to clients that want such.
pub(super) async fn changed(
    state: &Identity,
    tx: &mut Tx,
    person: &Person<'_>,
    (kind, detail, change): (&str, &str, Change),
    now: Timestamp,
) -> Result<(), Failure> {
    record(tx, person, kind, detail, now).await?;
    let what = match change {
        Change::PasswordChanged => "password",
        Change::RecoveryCodesCreated => "recovery",
        _ => detail,
    };
    let how = match change {
        Change::CredentialAdded | Change::RecoveryCodesCreated => Happened::Create,
        Change::CredentialRemoved => Happened::Delete,
        _ => Happened::Update,
    };
    let event = SecurityEvent::credential(what, how);
    security_events::emit(tx, person.account, &event, now).await?;
    notices::order(state, tx, person.account, change, now).await
}

/// Writes that a change was refused, in a transaction of its own; gives the refusal back.
pub(super) async fn refused(
    state: &Identity,
    person: &Person<'_>,
    reason: &str,
    why: NotChanged,
) -> NotChanged {
    let written = async {
        let name = audit_name(person.account);
        let mut tx = state.outside.db.begin().await?;
        let entry = audit::Entry {
            kind: "identity.credential.refused",
            actor: &format!("person:{name}"),
            subject: &name,
            level: Some(person.level),
            outcome: reason,
            request_id: person.request_id,
            detail: "",
            at: state.now(),
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await
    };
    match written.await {
        Ok(()) => why,
        Err(error) => NotChanged::from(error),
    }
}

/// A name given by its owner: at most 60 characters, no control characters.
pub fn label(typed: &str) -> String {
    typed.trim().chars().filter(|c| !c.is_control()).take(60).collect()
}
