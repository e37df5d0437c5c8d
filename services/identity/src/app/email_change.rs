//! Another address: confirmed by codes from both mailboxes, the new one and the old.

use siegel_crypto::{random_token, same_bytes};
use siegel_db::{StoreError, outbox};
use siegel_kernel::TrustLevel;

use super::address_events;
use super::credentials::{NotChanged, Person, locked, record, refused};
use super::deliver_outbox::{CHANGE_EMAIL, EmailJob, MAIL_CODE, MailJob, Purpose};
use super::failure::Failure;
use super::mails;
use super::register::{CODE_LIFETIME, Started, fresh_code};
use crate::domain::email::EmailAddress;
use crate::domain::factors::{self, Forbidden};
use crate::state::Identity;
use crate::store::{accounts, credentials, email_changes};

/// The level a session needs: the address is what a password is recovered by, so it is protected
/// like the best of the account's credentials, up to low.
pub async fn level_needed(state: &Identity, person: &Person<'_>) -> Result<TrustLevel, Failure> {
    let mut tx = state.outside.db.read().await?;
    let held = credentials::held(&mut tx, person.account).await?;
    Ok(factors::highest(&held).min(TrustLevel::Low))
}

/// Orders both codes; an account without an address gets the one for the new. The same happens when another account has the new address; then its owner
/// is told so, and no code is right.
pub async fn start(
    state: &Identity,
    person: &Person<'_>,
    address: &EmailAddress,
    locale: &str,
) -> Result<Started, NotChanged> {
    let now = state.now();
    let keys = &state.people.keys;
    let entropy = &*state.outside.entropy;
    let new_code = fresh_code(entropy)?;
    let (old_id, new_id) = (random_token(entropy)?, random_token(entropy)?);
    let of = person.account.as_uuid();
    let new_hash = keys.bound_code_hash("email new", of.as_bytes(), &new_code);
    let address_hash = keys.address_hash(address);
    let address_sealed = keys.seal_address(address)?;
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    let needed = factors::highest(&held).min(TrustLevel::Low);
    if person.level < needed {
        drop(tx);
        let why = Forbidden::TooLow(needed);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let Some(opening) = accounts::opening(&mut tx, person.account).await? else {
        return Err(NotChanged::Unknown);
    };
    let old = keys.open_address(&opening.address_hash, &opening.address_sealed)?;
    // Where there is no old address nobody is asked there: its code is the empty one.
    let old_code = if old.is_empty() { String::new() } else { fresh_code(entropy)? };
    let old_hash = keys.bound_code_hash("email old", of.as_bytes(), &old_code);
    let own: [u8; 32] = opening
        .address_hash
        .as_slice()
        .try_into()
        .map_err(|_| StoreError::corrupt("address hash"))?;
    let Some(mut tx) = mails::allowed(state, tx, &[&own, &address_hash], now).await? else {
        return Ok(Started::TooManyMails);
    };
    let taken = accounts::address_is_taken(&mut tx, &address_hash).await?;
    let expires_at = now.plus(CODE_LIFETIME);
    let change = email_changes::NewChange {
        account: person.account,
        address_hash: &address_hash,
        address_sealed: &address_sealed,
        old_code_hash: &old_hash,
        new_code_hash: (!taken).then_some(&new_hash),
        expires_at,
    };
    email_changes::put(&mut tx, &change).await?;
    let mail = |request_id, email: &str, code, purpose| MailJob {
        request_id,
        email: email.to_owned(),
        code,
        locale: locale.to_owned(),
        expires_at,
        purpose,
    };
    let new_mail = if taken {
        mail(new_id, address.as_str(), String::new(), Purpose::AlreadyRegistered)
    } else {
        mail(new_id, address.as_str(), new_code, Purpose::EmailChangeNew)
    };
    let has_old = !old.is_empty();
    let old_mail = has_old.then(|| mail(old_id, &old, old_code, Purpose::EmailChangeOld));
    for job in [Some(new_mail), old_mail].into_iter().flatten() {
        let job = keys.seal_job(MAIL_CODE, &job.to_bytes())?;
        outbox::put(&mut tx, MAIL_CODE, &job, now).await?;
    }
    record(&mut tx, person, "identity.email.change_begun", "", now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(Started::Mailed)
}

/// Whether the account has an address, which confirms another one.
pub async fn has_address(state: &Identity, person: &Person<'_>) -> Result<bool, Failure> {
    let mut tx = state.outside.db.read().await?;
    let opening = accounts::opening(&mut tx, person.account).await?;
    Ok(opening.is_some_and(|o| !o.address_sealed.is_empty()))
}

/// Whether codes are waited for.
pub async fn waits(state: &Identity, person: &Person<'_>) -> Result<bool, Failure> {
    let mut tx = state.outside.db.read().await?;
    Ok(email_changes::waits(&mut tx, person.account, state.now()).await?)
}

/// Takes a try and, when both codes are right, changes the address: it is logged in with from now
/// on, and the account service learns it.
pub async fn finish(
    state: &Identity,
    person: &Person<'_>,
    new_code: &str,
    old_code: &str,
) -> Result<(), NotChanged> {
    let now = state.now();
    let keys = &state.people.keys;
    let of = person.account.as_uuid();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let old = keys.bound_code_hash("email old", of.as_bytes(), &digits(old_code));
    let new = keys.bound_code_hash("email new", of.as_bytes(), &digits(new_code));
    let mut tx = state.outside.db.begin().await?;
    let held = locked(&mut tx, person.account).await?;
    let needed = factors::highest(&held).min(TrustLevel::Low);
    if person.level < needed {
        drop(tx);
        let why = Forbidden::TooLow(needed);
        return Err(refused(state, person, "TRUST_TOO_LOW", why.into()).await);
    }
    let Some(found) = email_changes::take_try(&mut tx, person.account, now).await? else {
        drop(tx);
        return Err(refused(state, person, "CODE_SPENT", NotChanged::NothingBegun).await);
    };
    let expected = found.new_code_hash.as_deref().unwrap_or(&[0; 32]);
    let right = same_bytes(&new, expected) & same_bytes(&old, &found.old_code_hash);
    let mut right = right && found.new_code_hash.is_some();
    if right {
        let hash = <[u8; 32]>::try_from(found.address_hash.as_slice())
            .map_err(|_| StoreError::corrupt("address hash"))?;
        let before = accounts::opening(&mut tx, person.account).await?;
        let before = before.map(|opening| opening.address_hash).unwrap_or_default();
        // Somebody may have registered it in the meantime.
        right = !accounts::address_is_taken(&mut tx, &hash).await?
            && email_changes::remove(&mut tx, person.account).await?
            && accounts::change_address(&mut tx, person.account, &hash, &found.address_sealed)
                .await?;
        if right {
            address_events::changed(&mut tx, person.account, &before, &hash, now).await?;
        }
    }
    if !right {
        tx.commit().await?;
        return Err(refused(state, person, "WRONG_CODE", NotChanged::WrongCode).await);
    }
    let job = EmailJob {
        request_id: random_token(&*state.outside.entropy)?,
        account: person.account.to_string(),
    };
    outbox::put(&mut tx, CHANGE_EMAIL, &job.to_bytes(), now).await?;
    record(&mut tx, person, "identity.email.changed", "", now).await?;
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(())
}
