//! Passkeys: adding one, and logging in with one.

use std::time::Duration;

use siegel_db::{StoreError, Tx};
use siegel_kernel::{SessionId, Timestamp, TrustLevel};

use super::attempt::{Attempt, Outcome};
use super::{NotChanged, Person, ceremony, changed, locked, refused};
use crate::app::failure::Failure;
use crate::app::notices::Change;
use crate::app::sessions::{self, LogIn};
use crate::app::{devices, login};
use crate::domain::factors::{self, Kind};
use crate::domain::interaction::InteractionId;
use crate::domain::passkey_models::PasskeyModels;
use crate::passkeys::{Passkeys, Used};
use crate::state::Identity;
use crate::store::accounts;
use crate::store::ceremonies::{self, Ceremony, NewCeremony, Owner};
use crate::store::credentials::CredentialId;
use crate::store::passkeys::{self, NewPasskey, Stored};
use crate::store::session_clients::{self, SessionClient};
use crate::store::{clients, tenants};

/// How long a challenge may be answered.
const CEREMONY: Duration = Duration::from_mins(5);

/// Begins to add a passkey named `label`. `false` when this origin has none.
pub async fn begin_adding(
    state: &Identity,
    person: &Person<'_>,
    label: &str,
) -> Result<bool, NotChanged> {
    let Some(ours) = &state.people.passkeys else { return Ok(false) };
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    if let Err(why) = factors::may_add(TrustLevel::Low, person.level, &held) {
        drop(tx);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let mut known = Vec::new();
    for stored in passkeys::of_account(&mut tx, person.account).await? {
        known.push(key(state, &stored)?);
    }
    let Some(opening) = accounts::opening(&mut tx, person.account).await? else {
        return Err(NotChanged::Unknown);
    };
    let keys = &state.people.keys;
    let name = keys.open_address(&opening.address_hash, &opening.address_sealed)?;
    let user = keys.passkey_user(person.account);
    let vouched = wanted(&mut tx, person.session).await?.iter().any(PasskeyModels::asks);
    let challenge = ours.begin_making(user, &name, &known, vouched).map_err(Failure::from)?;
    let new = NewCeremony {
        owner: Owner::Enrol(person.session),
        label,
        options: &challenge.options,
        state: &challenge.state,
        expires_at: now.plus(CEREMONY),
    };
    ceremonies::put(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(true)
}

/// The ceremony under way, for the page that performs it.
pub async fn under_way(state: &Identity, owner: Owner) -> Result<Option<Ceremony>, Failure> {
    let mut tx = state.outside.db.read().await?;
    Ok(ceremonies::find(&mut tx, owner, state.now()).await?)
}

/// Adds the passkey that the browser's answer proves. The challenge is spent, whatever comes of it.
pub async fn finish_adding(
    state: &Identity,
    person: &Person<'_>,
    answer: &str,
) -> Result<(), NotChanged> {
    let Some(ours) = &state.people.passkeys else { return Err(NotChanged::NothingBegun) };
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let begun = ceremonies::take(&mut tx, Owner::Enrol(person.session), now).await?;
    tx.commit().await?;
    let Some(begun) = begun else { return Err(NotChanged::NothingBegun) };
    let made = match ours.finish_making(&begun.state, answer) {
        Ok(made) => made,
        Err(error) => {
            let reason = ceremony(error)?;
            return Err(refused(state, person, reason, NotChanged::Passkey).await);
        }
    };
    let mut tx = state.outside.db.read().await?;
    let wanted = wanted(&mut tx, person.session).await?;
    drop(tx);
    if !wanted.iter().all(|models| models.take(made.model)) {
        return Err(refused(state, person, "PASSKEY_MODEL", NotChanged::PasskeyModel).await);
    }
    let id = CredentialId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let sealed = state.people.keys.seal_secret(&id.to_string(), made.key.as_bytes())?;
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    if let Err(why) = factors::may_add(made.level, person.level, &held) {
        drop(tx);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let new = NewPasskey {
        id,
        account: person.account,
        handle: &made.handle,
        sealed: &sealed,
        counter: i64::from(made.counter),
        level: made.level,
        model: made.model,
        label: &begun.label,
        at: now,
    };
    if !passkeys::add(&mut tx, &new).await? {
        drop(tx);
        return Err(refused(state, person, "PASSKEY_EXISTS", NotChanged::Passkey).await);
    }
    let what = ("identity.credential.added", "passkey", Change::CredentialAdded);
    changed(state, &mut tx, person, what, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(())
}

/// What the tenants demand whose clients the person logged in to in this session.
async fn wanted(tx: &mut Tx, session: SessionId) -> Result<Vec<PasskeyModels>, StoreError> {
    let mut all = Vec::new();
    for SessionClient { client_id, .. } in session_clients::of(tx, session).await? {
        if let Some(client) = clients::find(tx, &client_id).await? {
            all.push(tenants::get(tx, &client.tenant).await?.passkeys());
        }
    }
    Ok(all)
}

/// Asks this browser for a passkey. `false` when this origin has none.
pub async fn begin_use(state: &Identity, interaction: InteractionId) -> Result<bool, Failure> {
    let Some(ours) = &state.people.passkeys else { return Ok(false) };
    let challenge = ours.begin_use()?;
    let new = NewCeremony {
        owner: Owner::Use(interaction),
        label: "",
        options: &challenge.options,
        state: &challenge.state,
        expires_at: state.now().plus(CEREMONY),
    };
    let mut tx = state.outside.db.begin().await?;
    ceremonies::put(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(true)
}

/// Checks the answer and starts or raises a session. The challenge is spent, whatever comes of it.
pub async fn log_in(state: &Identity, attempt: Attempt<'_>) -> Result<Outcome, Failure> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let begun = ceremonies::take(&mut tx, Owner::Use(attempt.interaction), now).await?;
    tx.commit().await?;
    let (Some(begun), Some(ours)) = (begun, &state.people.passkeys) else {
        return Ok(Outcome::NothingBegun);
    };
    let (stored, used) = match check(state, ours, &begun, &attempt).await? {
        Ok(found) => found,
        Err(reason) => return refuse(state, reason, now).await,
    };
    let sealed = state.people.keys.seal_secret(&stored.id.to_string(), used.key.as_bytes())?;
    let mut tx = state.outside.db.begin().await?;
    let counter = i64::from(used.counter);
    if !passkeys::used(&mut tx, stored.id, &sealed, counter, now).await? {
        drop(tx);
        return refuse(state, "PASSKEY_CLONED", now).await;
    }
    let login = LogIn {
        account: stored.account_id,
        method: Kind::Passkey.method(),
        level: stored.level,
        request: attempt.request,
        again: attempt.again,
        presented: attempt.presented,
    };
    let mut logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    let device = devices::remember(state, &mut tx, attempt.device, stored.account_id, now).await?;
    logged_in.device = Some(device);
    tx.commit().await?;
    state.feed.committed();
    Ok(Outcome::In(logged_in))
}

/// The passkey and its use, or the reason of the refusal.
async fn check(
    state: &Identity,
    ours: &Passkeys,
    begun: &Ceremony,
    attempt: &Attempt<'_>,
) -> Result<Result<(Stored, Used), &'static str>, Failure> {
    let claimed = match Passkeys::claimed(attempt.answer) {
        Ok(claimed) => claimed,
        Err(error) => return Ok(Err(ceremony(error)?)),
    };
    let mut tx = state.outside.db.read().await?;
    let Some(stored) = passkeys::by_handle(&mut tx, &claimed.handle).await? else {
        return Ok(Err("PASSKEY_UNKNOWN"));
    };
    drop(tx);
    // The device names the account as well, and must mean the same (WebAuthn §7.2 step 6).
    let user = state.people.keys.passkey_user(stored.account_id);
    if claimed.user.as_deref() != Some(&user[..]) {
        return Ok(Err("PASSKEY_OF_ANOTHER_USER"));
    }
    if attempt.raises.is_some_and(|s| s.account != stored.account_id) {
        return Ok(Err("PASSKEY_OF_ANOTHER_ACCOUNT"));
    }
    if !attempt.request.passkeys.take(stored.model) {
        return Ok(Err("PASSKEY_MODEL"));
    }
    match ours.finish_use(&begun.state, &claimed, &key(state, &stored)?) {
        Ok(used) => Ok(Ok((stored, used))),
        Err(error) => Ok(Err(ceremony(error)?)),
    }
}

fn key(state: &Identity, stored: &Stored) -> Result<String, Failure> {
    let plain = state.people.keys.open_secret(&stored.id.to_string(), &stored.sealed)?;
    String::from_utf8(plain.to_vec()).map_err(|_| siegel_db::StoreError::corrupt("passkey").into())
}

async fn refuse(
    state: &Identity,
    reason: &'static str,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    login::refused_by(state, Kind::Passkey, None, reason, now).await?;
    Ok(Outcome::Refused)
}
