//! Recovery codes: making a set, and logging in with one of them, at level basic and no higher.

use siegel_kernel::TrustLevel;
use zeroize::Zeroizing;

use super::{NotChanged, Person, changed, locked, refused};
use crate::app::failure::Failure;
use crate::app::notices::{self, Change};
use crate::app::sessions::{self, LogIn, LoggedIn};
use crate::app::{devices, login};
use crate::domain::email::EmailAddress;
use crate::domain::factors::{self, Kind};
use crate::domain::interaction::AuthRequest;
use crate::domain::recovery::{CODES, fresh, normal};
use crate::domain::throttle::code_wait;
use crate::state::Identity;
use crate::store::credentials::CredentialId;
use crate::store::{recovery_codes, throttle};

/// What a code is hashed for.
const PURPOSE: &str = "recovery";

/// Makes ten new codes in place of the old ones. They are told once.
pub async fn create(
    state: &Identity,
    person: &Person<'_>,
) -> Result<Vec<Zeroizing<String>>, NotChanged> {
    let now = state.now();
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let (mut codes, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..CODES {
        let code = fresh(&*state.outside.entropy)?;
        hashes.push(hash(state, &normal(&code).unwrap_or_default()));
        codes.push(code);
    }
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    if let Err(why) = factors::may_add(TrustLevel::Basic, person.level, &held) {
        drop(tx);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    recovery_codes::replace(&mut tx, id, person.account, &hashes, now).await?;
    let what = ("identity.recovery_codes.created", "", Change::RecoveryCodesCreated);
    changed(state, &mut tx, person, what, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(codes)
}

fn hash(state: &Identity, normal: &str) -> [u8; 32] {
    // 60 random bits need no slow hash: the key keeps a stolen table from being searched.
    state.people.keys.bound_code_hash(PURPOSE, b"", normal)
}

/// Somebody typed an address and a recovery code.
pub struct Attempt<'a> {
    pub address: &'a EmailAddress,
    pub code: &'a str,
    pub request: &'a AuthRequest,
    /// The session cookie that came with the request.
    pub presented: Option<&'a str>,
    /// The device's cookie that came with it.
    pub device: Option<&'a str>,
}

/// How it went. The same for a wrong code and an address nobody registered.
pub enum Outcome {
    In(LoggedIn),
    Wrong,
    /// Too many wrong ones: the code was not looked at.
    Blocked,
}

/// Uses up a code and starts a session that proves nothing but this: what other credentials
/// protect has to be proven again.
pub async fn log_in(state: &Identity, attempt: Attempt<'_>) -> Result<Outcome, Failure> {
    let now = state.now();
    let address_hash = state.people.keys.address_hash(attempt.address);
    let mut tx = state.outside.db.begin().await?;
    let scopes = ["recovery", "recovery.device"];
    let gate = devices::gate(&mut tx, scopes, &address_hash, attempt.device).await?;
    let counted = throttle::count(&mut tx, gate.counter(), now, code_wait).await?;
    tx.commit().await?;
    if counted.is_none() {
        login::refused_by(state, Kind::Recovery, None, "BLOCKED", now).await?;
        return Ok(Outcome::Blocked);
    }
    let typed = hash(state, &normal(attempt.code).unwrap_or_default());
    let mut tx = state.outside.db.begin().await?;
    let Some((account, _)) = recovery_codes::spend(&mut tx, &address_hash, &typed, now).await?
    else {
        drop(tx);
        login::refused_by(state, Kind::Recovery, None, "WRONG_CODE", now).await?;
        return Ok(Outcome::Wrong);
    };
    throttle::clear(&mut tx, gate.counter()).await?;
    let login = LogIn {
        account,
        method: Kind::Recovery.method(),
        level: TrustLevel::Basic,
        request: attempt.request,
        again: true,
        presented: attempt.presented,
    };
    let logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    notices::order(state, &mut tx, account, Change::RecoveryCodeUsed, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(Outcome::In(logged_in))
}
