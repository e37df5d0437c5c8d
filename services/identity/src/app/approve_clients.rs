//! What waits for an operator: changes that somebody proposed, and clients that registered
//! themselves. Approved, they take effect; rejected, they never did.

use siegel_crypto::{b64, sha256};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::clients::withdraw;
use super::manage_clients::{Became, ManageError, Operator, needs_two, recorded};
use crate::domain::client::{Client, ManagedBy};
use crate::state::Identity;
use crate::store::clients::{self, Registered};
use crate::store::proposals::{self, Proposal};

/// What an operator says about something that waits.
#[derive(Clone, Copy)]
pub struct Approval<'a> {
    pub client_id: &'a str,
    /// Digest of what the operator looked at: approves that and nothing that came since. Not needed
    /// for what an operator proposed, where operators have no keys.
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
        let own = of_itself(waits.clone());
        second_pair_of_eyes(state, &own, Some(&waits.client), by)?;
        same(state, &own, seen)?;
        let client = Client { approved: true, ..waits.client };
        clients::put(tx, &client, now).await?;
        recorded(tx, client_id, &by.actor(), Became::Approved, now).await?;
        return Ok(Became::Approved);
    };
    second_pair_of_eyes(state, &proposal, before.as_ref().map(|b| &b.client), by)?;
    same(state, &proposal, seen)?;
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
        if !one.client.approved && all.iter().all(|p| p.client_id != one.client.client_id) {
            all.push(of_itself(one));
        }
    }
    all.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    Ok(all)
}

/// A client that registered itself, as what it proposes.
fn of_itself(one: Registered) -> Proposal {
    let client_id = one.client.client_id.clone();
    let by = itself(&client_id);
    Proposal { client_id, client: Some(one.client), by, key: None, at: one.updated_at }
}

/// What waits is what was looked at. A client may replace its own at any time.
fn same(state: &Identity, waits: &Proposal, seen: Option<&str>) -> Result<(), ManageError> {
    let id = || waits.client_id.clone();
    match seen {
        Some(seen) if seen == digest(waits.client.as_ref()) => Ok(()),
        Some(_) => Err(ManageError::Changed(id())),
        None if waits.by != itself(&waits.client_id) && state.config.operators.is_empty() => Ok(()),
        None => Err(ManageError::NoDigest(id())),
    }
}

/// Whoever proposed does not approve: by name, and where operators have keys, by key. With four
/// eyes the same goes for who made the token of a client that asks for itself.
fn second_pair_of_eyes(
    state: &Identity,
    proposal: &Proposal,
    before: Option<&Client>,
    by: &Operator,
) -> Result<(), ManageError> {
    let id = || proposal.client_id.clone();
    let is =
        |name: &str, key: Option<&str>| name == by.name() || (key.is_some() && key == by.key());
    if is(&proposal.by, proposal.key.as_deref()) {
        return Err(ManageError::SameOperator(id(), proposal.by.clone()));
    }
    let own = proposal.by == itself(&proposal.client_id);
    let serious = before.filter(|c| own && needs_two(state, std::iter::once(*c)));
    let sponsor = serious.and_then(|c| c.sponsor.as_ref());
    if let Some(sponsor) = sponsor.filter(|s| is(&s.name, s.key.as_deref())) {
        return Err(ManageError::SameOperator(id(), sponsor.name.clone()));
    }
    if state.config.operators.is_empty() {
        // Names alone are for trying it out.
        let serious = state.config.four_eyes && state.outside.profile.is_production();
        return if serious { Err(ManageError::NoOperators(id())) } else { Ok(()) };
    }
    if by.key().is_none() || (proposal.key.is_none() && !own) {
        return Err(ManageError::NotProven(id(), proposal.by.clone()));
    }
    Ok(())
}
