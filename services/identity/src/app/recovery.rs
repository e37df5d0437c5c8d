//! A forgotten password: a code by mail lets its owner choose another. It proves the mailbox and
//! nothing else, so the session it starts is basic, and no other credential changes.

use secrecy::{ExposeSecret as _, SecretString};
use siegel_crypto::{random_token, same_bytes};
use siegel_db::{StoreError, audit, outbox};
use siegel_grpc::audit_name;
use siegel_kernel::TrustLevel;

use super::deliver_outbox::{MAIL_CODE, MailJob, Purpose};
use super::devices;
use super::failure::Failure;
use super::login::refused;
use super::notices::{self, Change};
use super::passwords;
use super::register::{CODE_LIFETIME, Started, fresh_code};
use super::security_events::{self as events, SecurityEvent};
use super::sessions::{self, LogIn, LoggedIn};
use crate::domain::email::EmailAddress;
use crate::domain::factors::Kind;
use crate::domain::interaction::Interaction;
use crate::domain::password::{self, WeakPassword};
use crate::domain::throttle::{MAIL_WINDOW, MAILS};
use crate::state::Identity;
use crate::store::credentials::{self, CredentialId};
use crate::store::throttle::{self, Counter};
use crate::store::{accounts, devices as known, resets, sessions as stored};

const PURPOSE: &str = "reset";

/// Orders the code. The same happens whether or not the address has an account: without one, the
/// job in the outbox sends nothing, and no code is right.
pub async fn start(
    state: &Identity,
    interaction: &Interaction,
    address: &EmailAddress,
    locale: &str,
) -> Result<Started, Failure> {
    let now = state.now();
    let keys = &state.people.keys;
    let code = fresh_code(&*state.outside.entropy)?;
    let address_hash = keys.address_hash(address);
    let code_hash = keys.bound_code_hash(PURPOSE, interaction.id.as_uuid().as_bytes(), &code);
    let request_id = random_token(&*state.outside.entropy)?;
    let mut tx = state.outside.db.begin().await?;
    let counter = Counter { scope: "mail", subject: &address_hash };
    if !throttle::spend(&mut tx, counter, now, MAILS, MAIL_WINDOW).await? {
        tx.commit().await?;
        return Ok(Started::TooManyMails);
    }
    let taken = accounts::address_is_taken(&mut tx, &address_hash).await?;
    let right = taken.then_some(&code_hash);
    let expires_at = now.plus(CODE_LIFETIME);
    resets::put(&mut tx, interaction.id, &address_hash, right, expires_at).await?;
    let mail = MailJob {
        request_id,
        email: address.as_str().to_owned(),
        code,
        locale: locale.to_owned(),
        expires_at,
        purpose: if taken { Purpose::PasswordReset } else { Purpose::Nothing },
    };
    let job = keys.seal_job(MAIL_CODE, &mail.to_bytes())?;
    outbox::put(&mut tx, MAIL_CODE, &job, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    Ok(Started::Mailed)
}

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
    let typed: String = choice.code.chars().filter(char::is_ascii_digit).collect();
    let typed = state.people.keys.bound_code_hash(PURPOSE, id.as_uuid().as_bytes(), &typed);
    let mut tx = state.outside.db.begin().await?;
    let Some(found) = resets::take_try(&mut tx, id, now).await? else {
        drop(tx);
        refused(state, None, "CODE_SPENT", now).await?;
        return Ok(Outcome::Spent);
    };
    let expected = found.code_hash.as_deref().unwrap_or(&[0; 32]);
    let address_hash = <[u8; 32]>::try_from(found.address_hash.as_slice())
        .map_err(|_| StoreError::corrupt("address hash"))?;
    let account = accounts::by_address(&mut tx, &address_hash).await?;
    let right = same_bytes(&typed, expected) && found.code_hash.is_some();
    let Some(account) = account.filter(|_| right) else {
        tx.commit().await?;
        refused(state, None, "WRONG_CODE", now).await?;
        return Ok(Outcome::Wrong);
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
