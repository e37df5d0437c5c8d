//! How many mails somebody can make us send: few to one address, and not many from one network.

use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::{connection, refusal};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::throttle::{MAIL_WINDOW, MAILS};
use crate::state::Identity;
use crate::store::throttle::{self, Counter};

/// Whether mails may be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    Yes,
    /// An address got enough for now.
    NotThere,
    /// Enough were ordered from this network.
    NotFromHere,
}

/// Counts mails to these addresses, given by their hashes. The same happens whether or not they have
/// accounts. Of the network only a keyed hash with the day in it is kept. The caller commits either
/// way, and then calls [`note`].
pub async fn allow(
    state: &Identity,
    tx: &mut Tx,
    addresses: &[&[u8; 32]],
    now: Timestamp,
) -> Result<Allowed, StoreError> {
    let most = i64::from(state.config.people.mails_per_network);
    if let Some(network) = connection::network().filter(|_| most > 0) {
        let subject = state.people.keys.network_hash(&network, now);
        let counter = Counter { scope: "mail.network", subject: &subject };
        if !throttle::spend(tx, counter, now, most, MAIL_WINDOW).await? {
            return Ok(Allowed::NotFromHere);
        }
    }
    for &subject in addresses {
        let counter = Counter { scope: "mail", subject };
        if !throttle::spend(tx, counter, now, MAILS, MAIL_WINDOW).await? {
            return Ok(Allowed::NotThere);
        }
    }
    Ok(Allowed::Yes)
}

/// Writes down that mails were refused.
pub async fn note(state: &Identity, refused: Allowed) {
    let text = match refused {
        Allowed::Yes => return,
        Allowed::NotThere => "too many mails to one address",
        Allowed::NotFromHere => "too many mails from one network",
    };
    let refused = Refused::new(OAuthError::AccessDenied, text);
    refusal::record(state, "identity.mail.refused", refused).await;
}
