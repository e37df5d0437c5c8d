//! Known devices: a browser that logged in to an account before has a counter of its own, so that
//! who only knows an address can lock out nobody but other strangers.

use siegel_crypto::{b64, random_token, sha256, sha256_fields};
use siegel_db::{StoreError, Tx};
use siegel_kernel::{AccountId, Timestamp};

use super::failure::Failure;
use crate::state::Identity;
use crate::store::devices;
use crate::store::throttle::Counter;

/// Short name of the device's cookie.
pub const COOKIE: &str = "device";
/// How long a browser is known after its last log-in.
pub const KNOWN_FOR: std::time::Duration = std::time::Duration::from_hours(400 * 24);

/// Which counter an attempt raises: of the account, or of the account in one known browser.
pub struct Gate {
    scope: &'static str,
    subject: [u8; 32],
}

impl Gate {
    pub fn counter(&self) -> Counter<'_> {
        Counter { scope: self.scope, subject: &self.subject }
    }
}

/// The counter of an attempt on the account of an address. `scopes` are those of strangers and of
/// known browsers. The same statements run whether or not there is such an account.
pub async fn gate(
    tx: &mut Tx,
    scopes: [&'static str; 2],
    address_hash: &[u8; 32],
    device: Option<&str>,
) -> Result<Gate, StoreError> {
    let [strangers, known] = scopes;
    if let Some(device) = device {
        let token = sha256(device.as_bytes());
        if devices::is_known(tx, &token, address_hash).await? {
            let subject = sha256_fields(&[&token, address_hash]);
            return Ok(Gate { scope: known, subject });
        }
    }
    Ok(Gate { scope: strangers, subject: *address_hash })
}

/// Notes that this browser logged in; the cookie it is to have.
pub async fn remember(
    state: &Identity,
    tx: &mut Tx,
    presented: Option<&str>,
    account: AccountId,
    now: Timestamp,
) -> Result<String, Failure> {
    let ours = |c: &&str| b64::decode(c).is_some_and(|bytes| bytes.len() == 32);
    let token = match presented.filter(ours) {
        Some(token) => token.to_owned(),
        None => random_token(&*state.outside.entropy)?,
    };
    devices::note(tx, &sha256(token.as_bytes()), account, now).await?;
    Ok(token)
}
