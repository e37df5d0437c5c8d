//! Registering an address: a code by mail proves that it is the person's.

use std::time::Duration;

use secrecy::SecretString;
use siegel_crypto::same_bytes;
use siegel_db::{Tx, audit, outbox};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Entropy, EntropyUnavailable, Timestamp, TrustLevel};
use siegel_telemetry::metric;

use super::address_events;
use super::deliver_outbox::{MAIL_CODE, MailJob, OPEN_ACCOUNT, Purpose};
use super::failure::Failure;
use super::login::refused;
use super::sessions::{self, LogIn, LoggedIn};
use super::{devices, mails};
use crate::domain::email::EmailAddress;
use crate::domain::interaction::Interaction;
use crate::state::Identity;
use crate::store::accounts::{self, NewAccount};
use crate::store::credentials::{self, CredentialId};
use crate::store::guests;
use crate::store::mail_codes::{self, NewRegistration, Registration};

/// How long a mailed code is good.
pub const CODE_LIFETIME: Duration = Duration::from_mins(10);
pub const CODE_DIGITS: u32 = 6;

/// Somebody wants an account.
pub struct Application<'a> {
    pub interaction: &'a Interaction,
    pub address: &'a EmailAddress,
    pub password: SecretString,
    /// `de` or `en`.
    pub locale: &'a str,
}

/// What became of it. The same whether or not the address has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    Mailed,
    /// The address got enough mails for now, or this network ordered enough.
    TooManyMails,
}

/// Stores the application and orders the mail. An address that has an account gets a mail that
/// says so, and a registration that no code completes: the page cannot tell the difference.
pub async fn start(state: &Identity, application: Application<'_>) -> Result<Started, Failure> {
    let Application { interaction, address, password, locale } = application;
    let now = state.now();
    let keys = &state.people.keys;
    let phc = state.people.passwords.hash(password).await?;
    let code = fresh_code(&*state.outside.entropy)?;
    let address_hash = keys.address_hash(address);
    let address_sealed = keys.seal_address(address)?;
    let code_hash = keys.code_hash(interaction.id.as_uuid().as_bytes(), &code);
    let request_id = siegel_crypto::random_token(&*state.outside.entropy)?;

    let tx = state.outside.db.begin().await?;
    let Some(mut tx) = mails::allowed(state, tx, &[&address_hash], now).await? else {
        return Ok(Started::TooManyMails);
    };
    let taken = accounts::address_is_taken(&mut tx, &address_hash).await?;
    let registration = NewRegistration {
        interaction: interaction.id,
        address_hash: &address_hash,
        address_sealed: &address_sealed,
        password: &phc,
        code_hash: (!taken).then_some(&code_hash),
        locale,
        expires_at: now.plus(CODE_LIFETIME),
    };
    mail_codes::put(&mut tx, &registration).await?;
    let mail = MailJob {
        request_id,
        email: address.as_str().to_owned(),
        code: if taken { String::new() } else { code },
        locale: locale.to_owned(),
        expires_at: now.plus(CODE_LIFETIME),
        purpose: if taken { Purpose::AlreadyRegistered } else { Purpose::Registration },
    };
    let job = keys.seal_job(MAIL_CODE, &mail.to_bytes())?;
    outbox::put(&mut tx, MAIL_CODE, &job, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    Ok(Started::Mailed)
}

/// What became of a code.
pub enum Confirmed {
    In(LoggedIn),
    Wrong,
    /// No try is left, or the time is over.
    Spent,
}

/// Takes a try and, when the code is right, makes the account and logs it in. The account service
/// learns of it through the outbox; until it has answered, the pages say "being set up".
pub async fn confirm(
    state: &Identity,
    interaction: &Interaction,
    code: &str,
    presented: Option<&str>,
    device: Option<&str>,
) -> Result<Confirmed, Failure> {
    let now = state.now();
    let typed: String = code.chars().filter(char::is_ascii_digit).collect();
    let typed = state.people.keys.code_hash(interaction.id.as_uuid().as_bytes(), &typed);
    let mut tx = state.outside.db.begin().await?;
    let Some(found) = mail_codes::take_try(&mut tx, interaction.id, now).await? else {
        drop(tx);
        refused(state, None, "CODE_SPENT", now).await?;
        return Ok(Confirmed::Spent);
    };
    let expected = found.code_hash.as_deref().unwrap_or(&[0; 32]);
    let right = same_bytes(&typed, expected) && found.code_hash.is_some();
    let opened = if right { open(state, &mut tx, &found, now).await? } else { None };
    let Some(account) = opened else {
        tx.commit().await?;
        refused(state, None, "WRONG_CODE", now).await?;
        return Ok(Confirmed::Wrong);
    };
    mail_codes::remove(&mut tx, interaction.id).await?;
    guests::destine(&mut tx, interaction.id, account).await?;
    let login = LogIn {
        account,
        method: "pwd",
        level: TrustLevel::Basic,
        request: &interaction.request,
        again: true,
        presented,
    };
    let mut logged_in = sessions::log_in(state, &mut tx, &login, now).await?;
    logged_in.device = Some(devices::remember(state, &mut tx, device, account, now).await?);
    tx.commit().await?;
    state.outbox.committed();
    state.feed.committed();
    Ok(Confirmed::In(logged_in))
}

/// Makes the account; `None` when somebody registered the address in the meantime.
async fn open(
    state: &Identity,
    tx: &mut Tx,
    registration: &Registration,
    now: Timestamp,
) -> Result<Option<AccountId>, Failure> {
    let (clock, entropy) = (&*state.outside.clock, &*state.outside.entropy);
    let account = AccountId::new(clock, entropy)?;
    let address_hash = <[u8; 32]>::try_from(registration.address_hash.as_slice())
        .map_err(|_| siegel_db::StoreError::corrupt("address hash"))?;
    let new = NewAccount {
        id: account,
        address_hash: &address_hash,
        address_sealed: &registration.address_sealed,
        locale: &registration.locale,
        at: now,
    };
    if !accounts::insert(tx, &new).await? {
        return Ok(None);
    }
    address_events::taken(tx, account, &address_hash, now).await?;
    let credential = CredentialId::new(clock, entropy)?;
    credentials::add_password(tx, credential, account, &registration.password, now).await?;
    outbox::put(tx, OPEN_ACCOUNT, account.to_string().as_bytes(), now).await?;
    metric::ACCOUNTS_REGISTERED.count([TrustLevel::Basic.as_str()]);
    let name = audit_name(account);
    audit::record(
        tx,
        &audit::Entry {
            kind: "identity.account.registered",
            actor: &format!("person:{name}"),
            subject: &name,
            level: Some(TrustLevel::Basic),
            outcome: "done",
            request_id: "",
            detail: "",
            at: now,
        },
    )
    .await?;
    Ok(Some(account))
}

/// Six digits, each code as likely as any other up to 2^-44.
pub(super) fn fresh_code(entropy: &dyn Entropy) -> Result<String, EntropyUnavailable> {
    let number = u64::from_be_bytes(entropy.array()?) % 10_u64.pow(CODE_DIGITS);
    Ok(format!("{number:06}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use siegel_testkit::CountingEntropy;

    #[test]
    fn a_code_is_six_digits_with_its_zeros() {
        let entropy = CountingEntropy::default();
        for _ in 0..200 {
            let code = fresh_code(&entropy).unwrap();
            assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
        }
    }
}
