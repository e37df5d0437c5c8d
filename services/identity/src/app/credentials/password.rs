//! Choosing another password, knowing the old one or having proven more.

use secrecy::{ExposeSecret as _, SecretString};
use siegel_kernel::TrustLevel;

use super::{NotChanged, Person, account_subject, changed, refused};
use crate::app::notices::Change;
use crate::app::{passwords, sessions};
use crate::domain::email::EmailAddress;
use crate::domain::factors::Forbidden;
use crate::domain::throttle::password_wait;
use crate::state::Identity;
use crate::store::credentials::{self, CredentialId};
use crate::store::throttle::{self, Counter};
use crate::store::{accounts, devices, sessions as stored};

/// Sets another password. The account's other sessions end: one of them may be why. Without the old
/// password the session must have proven more than a password does.
pub async fn change(
    state: &Identity,
    person: &Person<'_>,
    old: Option<SecretString>,
    new: SecretString,
) -> Result<(), NotChanged> {
    let now = state.now();
    let old = old.filter(|o| !o.expose_secret().is_empty());
    if old.is_none() && person.level <= TrustLevel::Basic {
        let why = Forbidden::TooLow(TrustLevel::Low);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let mut tx = state.outside.db.read().await?;
    let Some(opening) = accounts::opening(&mut tx, person.account).await? else {
        return Err(NotChanged::Unknown);
    };
    drop(tx);
    let keys = &state.people.keys;
    let address = keys.open_address(&opening.address_hash, &opening.address_sealed)?;
    let login = EmailAddress::parse(&address).map(|a| a.lookup()).unwrap_or_default();
    passwords::acceptable(state, &new, &login).await?;
    if let Some(old) = old {
        check(state, person, old).await?;
    }
    let phc = state.people.passwords.hash(new).await?;
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let mut tx = state.outside.db.begin().await?;
    accounts::lock(&mut tx, person.account).await?;
    credentials::put_password(&mut tx, id, person.account, &phc, now).await?;
    devices::forget(&mut tx, person.account).await?;
    for session in stored::of_account(&mut tx, person.account).await? {
        if session.id != person.session {
            sessions::end(&mut tx, &session, "PASSWORD_CHANGED", now).await?;
        }
    }
    let what = ("identity.password.changed", "", Change::PasswordChanged);
    changed(state, &mut tx, person, what, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(())
}

/// Checks the old password, counted like every other attempt at it.
async fn check(state: &Identity, person: &Person<'_>, old: SecretString) -> Result<(), NotChanged> {
    let now = state.now();
    let subject = account_subject(person.account);
    let counter = Counter { scope: "password.change", subject: &subject };
    let mut tx = state.outside.db.begin().await?;
    let counted = throttle::count(&mut tx, counter, now, password_wait).await?;
    let known = credentials::password_of_account(&mut tx, person.account).await?;
    tx.commit().await?;
    if counted.is_none() {
        return Err(refused(state, person, "BLOCKED", NotChanged::Blocked).await);
    }
    if !state.people.passwords.verify(old, known.map(|k| k.secret)).await? {
        return Err(refused(state, person, "WRONG_CREDENTIALS", NotChanged::WrongPassword).await);
    }
    let mut tx = state.outside.db.begin().await?;
    throttle::clear(&mut tx, counter).await?;
    Ok(tx.commit().await?)
}
