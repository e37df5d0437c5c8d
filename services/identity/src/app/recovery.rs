//! A forgotten password: a code by mail lets its owner choose another. It proves the mailbox and
//! nothing else, so the session it starts is basic, and no other credential changes.

use secrecy::{ExposeSecret as _, SecretString};
use siegel_db::audit;
use siegel_grpc::audit_name;
use siegel_kernel::TrustLevel;

use super::devices;
use super::failure::Failure;
use super::login::refused;
use super::mailed_code::{self, Taken, What};
use super::notices::{self, Change};
use super::passwords;
use super::security_events::{self as events, SecurityEvent};
use super::sessions::{self, LogIn, LoggedIn};
use crate::domain::factors::Kind;
use crate::domain::interaction::Interaction;
use crate::domain::password::{self, WeakPassword};
use crate::state::Identity;
use crate::store::credentials::{self, CredentialId};
use crate::store::throttle::{self, Counter};
use crate::store::{accounts, devices as known, resets, sessions as stored};

/// A code and the new password.
pub struct Choice<'a> {
    pub interaction: &'a Interaction,
    pub code: &'a str,
    pub password: SecretString,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
    /// The device's cookie that came with it.
    pub device: Option<&'a str>,
}

/// What became of a code.
pub enum Outcome {
    In(LoggedIn),
    Wrong,
    /// No try is left, or the time is over.
    Spent,
    /// No try was taken.
    Weak(WeakPassword),
}

/// Takes a try and, when the code is right, sets the password, ends all sessions of the account and
/// starts one at level basic. One password is hashed, whatever the code.
pub async fn finish(state: &Identity, choice: Choice<'_>) -> Result<Outcome, Failure> {
    let now = state.now();
    let id = choice.interaction.id;
    if let Err(weak) = passwords::acceptable(state, &choice.password, "").await {
        return Ok(Outcome::Weak(weak));
    }
    let typed_password = choice.password.clone();
    let phc = state.people.passwords.hash(choice.password).await?;
    let mut tx = state.outside.db.begin().await?;
    let taken = mailed_code::take(state, &mut tx, What::Reset, id, choice.code).await?;
    let (account, address_hash) = match taken {
        Taken::Right(account, address_hash) => (account, address_hash),
        Taken::Wrong => {
            tx.commit().await?;
            refused(state, None, "WRONG_CODE", now).await?;
            return Ok(Outcome::Wrong);
        }
        Taken::Spent => {
            drop(tx);
            refused(state, None, "CODE_SPENT", now).await?;
            return Ok(Outcome::Spent);
        }
    };
    if let Some(opening) = accounts::opening(&mut tx, account).await? {
        let keys = &state.people.keys;
        let address = keys.open_address(&opening.address_hash, &opening.address_sealed)?;
        if let Err(weak) = password::check(typed_password.expose_secret(), &address) {
            return Ok(Outcome::Weak(weak));
        }
    }
    if !resets::remove(&mut tx, id).await? {
        return Ok(Outcome::Spent);
    }
    accounts::lock(&mut tx, account).await?;
    let credential = CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?;
    credentials::put_password(&mut tx, credential, account, &phc, now).await?;
    known::forget(&mut tx, account).await?;
    // Before the sessions end, and with them what says who is to be told.
    let event = SecurityEvent::credential("password", events::Change::Update);
    events::emit(&mut tx, account, &event, now).await?;
    for session in stored::of_account(&mut tx, account).await? {
        sessions::end(&mut tx, &session, "PASSWORD_RESET", now).await?;
    }
    throttle::clear(&mut tx, Counter { scope: "password", subject: &address_hash }).await?;
    let login = LogIn {
        account,
        method: Kind::Password.method(),
        level: TrustLevel::Basic,
        request: &choice.interaction.request,
        again: true,
        presented: choice.presented,
    };
    let mut logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    logged_in.device = Some(devices::remember(state, &mut tx, choice.device, account, now).await?);
    let name = audit_name(account);
    let entry = audit::Entry {
        kind: "identity.password.reset",
        actor: "anyone",
        subject: &name,
        level: Some(TrustLevel::Basic),
        outcome: "done",
        request_id: "",
        detail: "",
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    notices::order(state, &mut tx, account, Change::PasswordChanged, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(Outcome::In(logged_in))
}
