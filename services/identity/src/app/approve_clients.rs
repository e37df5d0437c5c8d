//! What waits for an operator: changes that somebody proposed, and clients that registered
//! themselves. Approved, they take effect; rejected, they never did.

use siegel_crypto::{b64, sha256};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::clients::withdraw;
use super::manage_clients::{Became, ManageError, Operator, recorded};
use crate::domain::client::{Client, ManagedBy};
use crate::state::Identity;
use crate::store::clients;
use crate::store::proposals::{self, Proposal};

/// What an operator says about something that waits.
#[derive(Clone, Copy)]
pub struct Approval<'a> {
    pub client_id: &'a str,
    /// Digest of what the operator looked at: approves that and nothing that came since.
    pub seen: Option<&'a str>,
    pub by: &'a Operator,
}

/// Names one content: base64url SHA-256. `None`: a removal.
pub fn digest(client: Option<&Client>) -> String {
    let text = client.map(serde_json::to_string).transpose().ok().flatten();
    b64::encode(sha256(text.unwrap_or_default().as_bytes()))
}

/// Who a change comes from that a client made to itself.
pub(super) fn itself(client_id: &str) -> String {
    format!("client:{client_id}")
}

/// Lets what waits take effect: a proposal of somebody else, or a client that registered itself.
pub async fn approve(
    state: &Identity,
    tx: &mut Tx,
    approval: Approval<'_>,
    now: Timestamp,
) -> Result<Became, ManageError> {
    let Approval { client_id, seen, by } = approval;
    let id = || client_id.to_owned();
    let before = clients::registration(tx, client_id).await?;
    let Some(proposal) = proposals::find(tx, client_id).await? else {
        let waits = before.filter(|b| !b.client.approved);
        let waits = waits.ok_or_else(|| ManageError::NothingWaits(id()))?;
        same(client_id, seen, Some(&waits.client))?;
        let client = Client { approved: true, ..waits.client };
        clients::put(tx, &client, now).await?;
        recorded(tx, client_id, &by.actor(), Became::Approved, now).await?;
        return Ok(Became::Approved);
    };
    same(client_id, seen, proposal.client.as_ref())?;
    second_pair_of_eyes(state, &proposal, by)?;
    if before.as_ref().is_some_and(|b| b.from == ManagedBy::Settings) {
        return Err(ManageError::OfSettings(id()));
    }
    if !proposals::take(tx, &proposal).await? {
        return Err(ManageError::Changed(id()));
    }
    let Some(client) = proposal.client else {
        withdraw(tx, client_id, &by.actor(), now).await?;
        return Ok(Became::Removed);
    };
    let became = if before.is_some() { Became::Updated } else { Became::Created };
    // What registered itself goes on managing itself.
    let from = before.map_or(ManagedBy::Applied, |b| b.from);
    clients::put_from(tx, &client, from, now).await?;
    recorded(tx, client_id, &by.actor(), became, now).await?;
    Ok(became)
}

/// Drops what waits: a proposal, one's own too, or a client that registered itself and was never
/// let in.
pub async fn reject(
    tx: &mut Tx,
    client_id: &str,
    by: &Operator,
    now: Timestamp,
) -> Result<Became, ManageError> {
    if !proposals::remove(tx, client_id).await? {
        let before = clients::registration(tx, client_id).await?;
        if before.is_none_or(|b| b.client.approved) {
            return Err(ManageError::NothingWaits(client_id.to_owned()));
        }
        withdraw(tx, client_id, &by.actor(), now).await?;
    }
    recorded(tx, client_id, &by.actor(), Became::Rejected, now).await?;
    Ok(Became::Rejected)
}

/// Everything that waits: proposals, and clients that registered themselves, sorted by client.
pub async fn waiting(tx: &mut Tx) -> Result<Vec<Proposal>, StoreError> {
    let mut all = proposals::all(tx).await?;
    for one in clients::all(tx).await? {
        let client_id = one.client.client_id.clone();
        if !one.client.approved && all.iter().all(|p| p.client_id != client_id) {
            let by = itself(&client_id);
            let client = Some(one.client);
            all.push(Proposal { client_id, client, by, key: None, at: one.updated_at });
        }
    }
    all.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    Ok(all)
}

fn same(client_id: &str, seen: Option<&str>, now: Option<&Client>) -> Result<(), ManageError> {
    match seen {
        Some(seen) if seen != digest(now) => Err(ManageError::Changed(client_id.to_owned())),
        _ => Ok(()),
    }
}

/// Whoever proposed does not approve: by name, and where operators have keys, by key.
fn second_pair_of_eyes(
    state: &Identity,
    proposal: &Proposal,
    by: &Operator,
) -> Result<(), ManageError> {
    let id = || proposal.client_id.clone();
    let same_key = proposal.key.is_some() && proposal.key.as_deref() == by.key();
    if proposal.by == by.name() || same_key {
        return Err(ManageError::SameOperator(id(), proposal.by.clone()));
    }
    if state.config.operators.is_empty() {
        // Names alone are for trying it out.
        let serious = state.config.four_eyes && state.outside.profile.is_production();
        return if serious { Err(ManageError::NoOperators(id())) } else { Ok(()) };
    }
    let own = proposal.by == itself(&proposal.client_id);
    if by.key().is_none() || (proposal.key.is_none() && !own) {
        return Err(ManageError::NotProven(id(), proposal.by.clone()));
    }
    Ok(())
}
