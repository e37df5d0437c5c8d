//! "It was me: release this device." Strangers who guess at a password block every browser that
//! never logged in to the account; its owner gets past them, on a new device too, with a code from
//! the mailbox. It opens nothing by itself: the password is still needed.

use siegel_db::audit;
use siegel_grpc::audit_name;

use super::devices;
use super::failure::Failure;
use super::login::{PASSWORD_SCOPES, refused};
use super::mailed_code::{self, Taken, What};
use crate::domain::interaction::Interaction;
use crate::state::Identity;
use crate::store::{resets, throttle};

/// What became of a code.
pub enum Outcome {
    /// The cookie by which the browser is known from now on.
    Released(String),
    Wrong,
    /// No try is left, or the time is over.
    Spent,
}

/// Takes a try and, when the code is right, makes the browser one that the account knows, with a
/// counter of its own. The code belongs to a request that belongs to this browser, and is worth
/// nothing anywhere else.
pub async fn finish(
    state: &Identity,
    interaction: &Interaction,
    code: &str,
    device: Option<&str>,
) -> Result<Outcome, Failure> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    let taken = mailed_code::take(state, &mut tx, What::Release, interaction.id, code).await?;
    let (account, address_hash) = match taken {
        Taken::Right(account, address_hash) => (account, address_hash),
        Taken::Wrong => {
            tx.commit().await?;
            refused(state, None, "WRONG_CODE", now).await?;
            return Ok(Outcome::Wrong);
        }
        Taken::Spent => {
            drop(tx);
            refused(state, None, "CODE_SPENT", now).await?;
            return Ok(Outcome::Spent);
        }
    };
    if !resets::remove(&mut tx, interaction.id).await? {
        return Ok(Outcome::Spent);
    }
    let token = devices::remember(state, &mut tx, device, account, now).await?;
    let gate = devices::gate(&mut tx, PASSWORD_SCOPES, &address_hash, Some(&token)).await?;
    throttle::clear(&mut tx, gate.counter()).await?;
    let name = audit_name(account);
    let entry = audit::Entry {
        kind: "identity.device.released",
        actor: "anyone",
        subject: &name,
        level: None,
        outcome: "done",
        request_id: "",
        detail: "",
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Outcome::Released(token))
}
