//! Logging in with address and password.

use secrecy::SecretString;
use siegel_db::{StoreError, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_telemetry::metric;

use super::devices;
use super::failure::Failure;
use super::refusal;
use super::sessions::{self, LogIn, LoggedIn};
use crate::domain::email::EmailAddress;
use crate::domain::factors::Kind;
use crate::domain::interaction::AuthRequest;
use crate::domain::throttle::password_wait;
use crate::state::Identity;
use crate::store::credentials;
use crate::store::throttle;

/// Counters of wrong passwords: of strangers, and of each known browser.
pub const PASSWORD_SCOPES: [&str; 2] = ["password", "password.device"];

/// Somebody typed an address and a password.
pub struct Attempt<'a> {
    pub address: &'a EmailAddress,
    pub password: SecretString,
    /// What for.
    pub request: &'a AuthRequest,
    /// A fresh log-in was demanded.
    pub again: bool,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
    /// The device's cookie that came with it.
    pub device: Option<&'a str>,
}

/// How it went. The same for a wrong password and an address nobody registered.
pub enum Outcome {
    In(LoggedIn),
    Wrong,
    /// Too many wrong ones: the password was not looked at.
    Blocked,
}

/// Checks the password and starts a session. The attempt is counted as failed before the hash is
/// looked at, so parallel guesses count too; it is taken back when the password was right.
pub async fn with_password(state: &Identity, attempt: Attempt<'_>) -> Result<Outcome, Failure> {
    let now = state.now();
    let hash = state.people.keys.address_hash(attempt.address);
    let mut tx = state.outside.db.singly().await?;
    let gate = devices::gate(&mut tx, PASSWORD_SCOPES, &hash, attempt.device).await?;
    let mut counted = throttle::count_free(&mut tx, gate.counter(), now, password_wait).await?;
    let known = credentials::password_of(&mut tx, &hash).await?;
    drop(tx);
    if counted.is_none() {
        let mut tx = state.outside.db.begin().await?;
        counted = throttle::count(&mut tx, gate.counter(), now, password_wait).await?;
        tx.commit().await?;
    }
    let account = known.as_ref().map(|k| k.account_id);
    if counted.is_none() {
        refused(state, account, "BLOCKED", now).await?;
        return Ok(Outcome::Blocked);
    }

    let phc = known.as_ref().map(|k| k.secret.clone());
    let right = state.people.passwords.verify(attempt.password, phc).await?;
    let Some(known) = known.filter(|_| right) else {
        refused(state, account, "WRONG_CREDENTIALS", now).await?;
        return Ok(Outcome::Wrong);
    };

    // Only in a sandbox can a password be worth more: there people are written down.
    let worth = if state.outside.profile.is_production() { TrustLevel::Basic } else { known.level };
    let mut tx = state.outside.db.begin().await?;
    throttle::clear(&mut tx, gate.counter()).await?;
    credentials::used(&mut tx, known.id, now).await?;
    let login = LogIn {
        account: known.account_id,
        method: "pwd",
        level: worth,
        request: attempt.request,
        again: attempt.again,
        presented: attempt.presented,
    };
    let mut logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    logged_in.device =
        Some(devices::remember(state, &mut tx, attempt.device, known.account_id, now).await?);
    tx.commit().await?;
    state.feed.committed();
    Ok(Outcome::In(logged_in))
}

/// Writes that a log-in was refused, in a transaction of its own.
pub async fn refused(
    state: &Identity,
    account: Option<AccountId>,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    refused_by(state, Kind::Password, account, reason, now).await
}

/// The same for any kind of credential.
pub async fn refused_by(
    state: &Identity,
    kind: Kind,
    account: Option<AccountId>,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    const REFUSED: &str = "identity.login.refused";
    metric::LOGIN_FINISHED.count([kind.method(), reason]);
    if !refusal::is_written(state, REFUSED, reason, kind.method(), now) {
        return Ok(());
    }
    let name = account.map(audit_name).unwrap_or_default();
    let mut tx = state.outside.db.begin().await?;
    audit::record(
        &mut tx,
        &audit::Entry {
            kind: REFUSED,
            actor: "anyone",
            subject: &name,
            level: None,
            outcome: reason,
            request_id: "",
            detail: kind.method(),
            at: now,
        },
    )
    .await?;
    tx.commit().await
}
