//! Codes by mail that prove whose a mailbox is: for another password, and for a device that others
//! locked out.

use siegel_crypto::random_token;
use siegel_db::outbox;

use super::deliver_outbox::{MAIL_CODE, MailJob, Purpose};
use super::failure::Failure;
use super::mails::{self, Allowed};
use super::register::{CODE_LIFETIME, Started, fresh_code};
use crate::domain::email::EmailAddress;
use crate::domain::interaction::{Interaction, InteractionId};
use crate::state::Identity;
use crate::store::{accounts, resets};

/// What a code is for. One that is ordered later for the same request takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Another password.
    Reset,
    /// The device it is typed on may try the password.
    Release,
}

impl What {
    /// As it is stored, and bound into the code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Release => "release",
        }
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::Reset => Purpose::PasswordReset,
            Self::Release => Purpose::DeviceRelease,
        }
    }
}

/// Who wants a code, for what.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub interaction: &'a Interaction,
    pub address: &'a EmailAddress,
    /// `de` or `en`.
    pub locale: &'a str,
    pub what: What,
}

/// Orders the code. The same happens whether or not the address has an account: without one, the
/// job in the outbox sends nothing, and no code is right.
pub async fn order(state: &Identity, wanted: Wanted<'_>) -> Result<Started, Failure> {
    let Wanted { interaction, address, locale, what } = wanted;
    let now = state.now();
    let keys = &state.people.keys;
    let code = fresh_code(&*state.outside.entropy)?;
    let address_hash = keys.address_hash(address);
    let code_hash = hash(state, what, interaction.id, &code);
    let request_id = random_token(&*state.outside.entropy)?;
    let mut tx = state.outside.db.begin().await?;
    let allowed = mails::allow(state, &mut tx, &[&address_hash], now).await?;
    if allowed != Allowed::Yes {
        tx.commit().await?;
        mails::note(state, allowed).await;
        return Ok(Started::TooManyMails);
    }
    let taken = accounts::address_is_taken(&mut tx, &address_hash).await?;
    let expires_at = now.plus(CODE_LIFETIME);
    let waiting = resets::NewReset {
        interaction: interaction.id,
        purpose: what.word(),
        address_hash: &address_hash,
        code_hash: taken.then_some(&code_hash),
        expires_at,
    };
    resets::put(&mut tx, &waiting).await?;
    let mail = MailJob {
        request_id,
        email: address.as_str().to_owned(),
        code,
        locale: locale.to_owned(),
        expires_at,
        purpose: if taken { what.purpose() } else { Purpose::Nothing },
    };
    let job = keys.seal_job(MAIL_CODE, &mail.to_bytes())?;
    outbox::put(&mut tx, MAIL_CODE, &job, now).await?;
    tx.commit().await?;
    state.outbox.committed();
    Ok(Started::Mailed)
}

/// A typed code as it is compared: spaces and the like do not count.
pub fn typed(state: &Identity, what: What, interaction: InteractionId, code: &str) -> [u8; 32] {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    hash(state, what, interaction, &digits)
}

fn hash(state: &Identity, what: What, interaction: InteractionId, code: &str) -> [u8; 32] {
    state.people.keys.bound_code_hash(what.word(), interaction.as_uuid().as_bytes(), code)
}
