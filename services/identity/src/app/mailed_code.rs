//! Codes by mail that prove whose a mailbox is: for another password, and for a device that others
//! locked out.

use siegel_crypto::{random_token, same_bytes};
use siegel_db::{StoreError, Tx, outbox};
use siegel_kernel::AccountId;

use super::deliver_outbox::{MAIL_CODE, MailJob, Purpose};
use super::failure::Failure;
use super::mails;
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
    let tx = state.outside.db.begin().await?;
    let Some(mut tx) = mails::allowed(state, tx, &[&address_hash], now).await? else {
        return Ok(Started::TooManyMails);
    };
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

/// What became of a typed code.
pub enum Taken {
    /// The account whose mailbox it came from, and the hash of its address.
    Right(AccountId, [u8; 32]),
    Wrong,
    /// No try is left, or the time is over.
    Spent,
}

/// Takes a try and looks at the code. It stays until [`resets::remove`].
pub async fn take(
    state: &Identity,
    tx: &mut Tx,
    what: What,
    interaction: InteractionId,
    code: &str,
) -> Result<Taken, StoreError> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let typed = hash(state, what, interaction, &digits);
    let Some(found) = resets::take_try(tx, interaction, what.word(), state.now()).await? else {
        return Ok(Taken::Spent);
    };
    let address_hash = <[u8; 32]>::try_from(found.address_hash.as_slice())
        .map_err(|_| StoreError::corrupt("address hash"))?;
    let account = accounts::by_address(tx, &address_hash).await?;
    let expected = found.code_hash.as_deref().unwrap_or(&[0; 32]);
    let right = same_bytes(&typed, expected) && found.code_hash.is_some();
    let right = account.filter(|_| right);
    Ok(right.map_or(Taken::Wrong, |account| Taken::Right(account, address_hash)))
}

fn hash(state: &Identity, what: What, interaction: InteractionId, code: &str) -> [u8; 32] {
    state.people.keys.bound_code_hash(what.word(), interaction.as_uuid().as_bytes(), code)
}
