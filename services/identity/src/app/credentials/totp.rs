//! One-time codes: adding a generator, and using one as a second factor.

use std::time::Duration;

use siegel_crypto::{random_token, sha256};
use siegel_db::{Tx, audit};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};
use siegel_telemetry::metric;
use zeroize::Zeroizing;

use super::{NotChanged, Person, account_subject, changed, locked, record, refused};
use crate::app::failure::Failure;
use crate::app::login;
use crate::app::notices::Change;
use crate::app::sessions::{self, LoggedIn};
use crate::domain::ageing::Proof;
use crate::domain::factors::{self, Kind};
use crate::domain::interaction::{AuthRequest, SessionView};
use crate::domain::throttle::code_wait;
use crate::domain::totp::{Generator, SECRET_BYTES};
use crate::state::Identity;
use crate::store::credentials::CredentialId;
use crate::store::throttle::{self, Counter};
use crate::store::{accounts, sessions as stored, totp};

/// How long an enrolment may take.
pub const ENROLMENT: Duration = Duration::from_mins(15);
/// Of the counter of wrong codes.
const SCOPE: &str = "totp";

/// Begins to add a generator, in place of one that was not finished.
pub async fn begin(state: &Identity, person: &Person<'_>) -> Result<(), NotChanged> {
    let now = state.now();
    let secret: [u8; SECRET_BYTES] = state.outside.entropy.array()?;
    let secret = Zeroizing::new(secret);
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let sealed = state.people.keys.seal_secret(&id.to_string(), &secret[..])?;
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    if let Err(why) = factors::may_add(TrustLevel::Low, person.level, &held) {
        drop(tx);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    totp::begin(&mut tx, id, person.account, &sealed, "", now).await?;
    record(&mut tx, person, "identity.credential.begun", "totp", now).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// The generator that is being added; `None` when none is, or it took too long.
pub async fn pending(state: &Identity, account: AccountId) -> Result<Option<Generator>, Failure> {
    let since = state.now().minus(ENROLMENT);
    let mut tx = state.outside.db.read().await?;
    let Some(stored) = totp::pending(&mut tx, account, since).await? else { return Ok(None) };
    let opening = accounts::opening(&mut tx, account).await?;
    drop(tx);
    let address = match opening {
        Some(o) => state.people.keys.open_address(&o.address_hash, &o.address_sealed)?,
        None => return Ok(None),
    };
    Ok(Some(generator(state, &stored, &address)?))
}

fn generator(state: &Identity, stored: &totp::Stored, address: &str) -> Result<Generator, Failure> {
    let secret = state.people.keys.open_secret(&stored.id.to_string(), &stored.sealed)?;
    Ok(Generator::new(&secret, &state.people.name, address)?)
}

/// Finishes with a first code: from now on the generator counts.
pub async fn finish(
    state: &Identity,
    person: &Person<'_>,
    code: &str,
    label: &str,
) -> Result<(), NotChanged> {
    let now = state.now();
    let subject = account_subject(person.account);
    let counter = Counter { scope: SCOPE, subject: &subject };
    let mut tx = state.outside.db.begin().await?;
    let counted = throttle::count(&mut tx, counter, now, code_wait).await?;
    tx.commit().await?;
    if counted.is_none() {
        return Err(refused(state, person, "BLOCKED", NotChanged::Blocked).await);
    }
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    if let Err(why) = factors::may_add(TrustLevel::Low, person.level, &held) {
        drop(tx);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let since = now.minus(ENROLMENT);
    let Some(stored) = totp::pending(&mut tx, person.account, since).await? else {
        return Err(NotChanged::NothingBegun);
    };
    let Some(step) = generator(state, &stored, "")?.step_of(code, now) else {
        drop(tx);
        return Err(refused(state, person, "WRONG_CODE", NotChanged::WrongCode).await);
    };
    if !totp::activate(&mut tx, stored.id, step, label, now).await? {
        return Err(NotChanged::NothingBegun);
    }
    throttle::clear(&mut tx, counter).await?;
    let what = ("identity.credential.added", "totp", Change::CredentialAdded);
    changed(state, &mut tx, person, what, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(())
}

/// How a code as second factor went.
pub enum Outcome {
    In(LoggedIn),
    Wrong,
    /// Too many wrong ones: the code was not looked at.
    Blocked,
    /// The session used nothing that a code could be the second factor of.
    NotAlone,
}

/// Raises a session with a one-time code. The attempt is counted for the account before the code is
/// looked at, over all its sessions and all replicas, and taken back when the code was right.
pub async fn raise(
    state: &Identity,
    session: &SessionView,
    code: &str,
    request: &AuthRequest,
) -> Result<Outcome, Failure> {
    let now = state.now();
    let account = session.account;
    let Some(level) = factors::proves(Kind::Totp, TrustLevel::Low, &session.amr) else {
        refuse(state, account, "SECOND_FACTOR_ALONE", now).await?;
        return Ok(Outcome::NotAlone);
    };
    let subject = account_subject(account);
    let counter = Counter { scope: SCOPE, subject: &subject };
    let mut tx = state.outside.db.begin().await?;
    let counted = throttle::count(&mut tx, counter, now, code_wait).await?;
    tx.commit().await?;
    if counted.is_none() {
        refuse(state, account, "BLOCKED", now).await?;
        return Ok(Outcome::Blocked);
    }
    let mut tx = state.outside.db.begin().await?;
    let mut spent = false;
    for stored in totp::active(&mut tx, account).await? {
        if let Some(step) = generator(state, &stored, "")?.step_of(code, now) {
            spent = totp::spend(&mut tx, stored.id, step, now).await?;
            break;
        }
    }
    if !spent {
        drop(tx);
        refuse(state, account, "WRONG_CODE", now).await?;
        return Ok(Outcome::Wrong);
    }
    throttle::clear(&mut tx, counter).await?;
    let Some(logged_in) = prove(state, &mut tx, session, level, request, now).await? else {
        drop(tx);
        refuse(state, account, "SECOND_FACTOR_ALONE", now).await?;
        return Ok(Outcome::NotAlone);
    };
    tx.commit().await?;
    state.feed.committed();
    Ok(Outcome::In(logged_in))
}

/// Adds the code to what this very session proves; `None` when it ended meanwhile. Never starts a
/// session: the code would stand alone in it.
async fn prove(
    state: &Identity,
    tx: &mut Tx,
    session: &SessionView,
    level: TrustLevel,
    request: &AuthRequest,
    now: Timestamp,
) -> Result<Option<LoggedIn>, Failure> {
    let Some(found) = stored::find(tx, session.id).await? else { return Ok(None) };
    let Some(view) = sessions::view_in(tx, session.id, request, now).await? else {
        return Ok(None);
    };
    if factors::proves(Kind::Totp, level, &view.amr) != Some(level) {
        return Ok(None);
    }
    let token = random_token(&*state.outside.entropy)?;
    stored::touch(tx, &found, now).await?;
    stored::renew_token(tx, session.id, &sha256(token.as_bytes())).await?;
    let limits = request.limits.clone();
    let proof = Proof { limits, ..Proof::new(level, Kind::Totp.method(), now) };
    sessions::prove(tx, session.id, request, &proof).await?;
    stored::enter(tx, session.id, &request.sector, now).await?;
    metric::LOGIN_FINISHED.count([Kind::Totp.method(), "done"]);
    let name = audit_name(session.account);
    let raised = view.level < level;
    let entry = audit::Entry {
        kind: if raised { "identity.session.raised" } else { "identity.session.renewed" },
        actor: &format!("person:{name}"),
        subject: &name,
        level: Some(level),
        outcome: "done",
        request_id: "",
        detail: &format!("{} {}", Kind::Totp.method(), request.sector),
        at: now,
    };
    audit::record(tx, &entry).await?;
    Ok(Some(LoggedIn { session: session.id, token, device: None }))
}

async fn refuse(
    state: &Identity,
    account: AccountId,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), Failure> {
    Ok(login::refused_by(state, Kind::Totp, Some(account), reason, now).await?)
}
