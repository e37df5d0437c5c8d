//! How many mails somebody can make us send: few to one address, and not many from one network.

use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::{connection, refusal};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::throttle::{MAIL_WINDOW, MAILS};
use crate::state::Identity;
use crate::store::throttle::{self, Counter};

/// Counts mails to these addresses, given by their hashes, and gives the transaction back when they
/// may be ordered; otherwise it is committed, and the refusal written down. The same happens whether
/// or not the addresses have accounts. Of the network only a keyed hash with the day in it is kept.
pub async fn allowed(
    state: &Identity,
    mut tx: Tx,
    addresses: &[&[u8; 32]],
    now: Timestamp,
) -> Result<Option<Tx>, StoreError> {
    let Some(text) = too_many(state, &mut tx, addresses, now).await? else { return Ok(Some(tx)) };
    tx.commit().await?;
    let refused = Refused::new(OAuthError::AccessDenied, text);
    refusal::record(state, "identity.mail.refused", refused).await;
    Ok(None)
}

/// Which of the limits is reached.
async fn too_many(
    state: &Identity,
    tx: &mut Tx,
    addresses: &[&[u8; 32]],
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let most = i64::from(state.config.people.mails_per_network);
    if let Some(network) = connection::network().filter(|_| most > 0) {
        let subject = state.people.keys.network_hash(&network, now);
        let counter = Counter { scope: "mail.network", subject: &subject };
        if !throttle::spend(tx, counter, now, most, MAIL_WINDOW).await? {
            return Ok(Some("too many mails from one network"));
        }
    }
    for &subject in addresses {
        let counter = Counter { scope: "mail", subject };
        if !throttle::spend(tx, counter, now, MAILS, MAIL_WINDOW).await? {
            return Ok(Some("too many mails to one address"));
        }
    }
    Ok(None)
}
