//! Clients that look at their registration and change it (RFC 7592 §2.1, §2.2). Where operators are
//! asked, a change waits for one: what is registered stays in force until then.

use serde_json::{Value, json};
use siegel_crypto::{random_token, same_bytes, sha256};
use siegel_db::Tx;
use siegel_kernel::Timestamp;

use super::approve_clients::itself;
use super::clients::vet;
use super::manage_clients::needs_two;
use super::registration::{RegistrationError, audited, fresh_secret, hash_of, read, registration};
use super::registration_answer::told;
use crate::domain::client::Client;
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::registration::BadMetadata;
use crate::registration_config::RegistrationConfig;
use crate::state::Identity;
use crate::store::clients;
use crate::store::proposals::{self, Proposal};

/// What became of a change.
pub enum Changed {
    /// In force.
    Done(Value),
    /// Waits for an operator.
    Proposed(Value),
}

/// The registration of the client that shows its own token, and what waits.
pub async fn show(
    state: &Identity,
    client_id: &str,
    token: Option<&str>,
) -> Result<Value, RegistrationError> {
    let token = token.ok_or(RegistrationError::Token)?;
    let mut tx = state.outside.db.read().await?;
    let found = clients::managed_by_itself(&mut tx, client_id, &sha256(token.as_bytes())).await?;
    let found = found.ok_or(RegistrationError::Token)?;
    let waits = proposals::find(&mut tx, client_id).await?.and_then(|p| p.client);
    let mut all = told(state, &found.client, None, token, found.updated_at);
    add_waiting(&mut all, waits.as_ref().map(|new| told(state, new, None, "", found.updated_at)));
    Ok(all)
}

/// Replaces a registration (RFC 7592 §2.2), or proposes to; the token is a new one afterwards.
#[tracing::instrument(name = "identity.client.change", skip_all)]
pub async fn change(
    state: &Identity,
    settings: &RegistrationConfig,
    client_id: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Changed, RegistrationError> {
    let now = state.now();
    let digest = sha256(token.ok_or(RegistrationError::Token)?.as_bytes());
    let mut tx = state.outside.db.read().await?;
    let before = clients::managed_by_itself(&mut tx, client_id, &digest).await?;
    drop(tx);
    let before = before.ok_or(RegistrationError::Token)?.client;
    let metadata = read(body)?;
    if metadata.client_id.as_deref() != Some(client_id) {
        return Err(RegistrationError::Bad(BadMetadata::Member("client_id")));
    }
    let held = before.secret_hash.clone().unwrap_or_default();
    let own = metadata.client_secret.as_deref().map(hash_of);
    if own.is_some_and(|own| !same_bytes(own.as_bytes(), held.as_bytes())) {
        return Err(RegistrationError::Bad(BadMetadata::Member("client_secret")));
    }
    let secret = if held.is_empty() { fresh_secret(state, &metadata)? } else { None };
    let hash = match &secret {
        Some(secret) => Some(hash_of(secret)),
        None => before.secret_hash.clone().filter(|_| metadata.method().by_secret()),
    };
    let client = registration(state, &metadata, client_id, hash.as_deref(), before.approved)?;
    let (tenant, environment) = (before.tenant.clone(), before.environment);
    let client = Client { tenant, environment, sponsor: before.sponsor.clone(), ..client };
    vet(state, &client).await?;

    let management = random_token(&*state.outside.entropy)?;
    let next = sha256(management.as_bytes());
    let mut tx = state.outside.db.begin().await?;
    // First: of two changes at once one is made, and what was read above still stands.
    if !clients::rotate_management_token(&mut tx, client_id, &digest, &next).await? {
        return Err(RegistrationError::Token);
    }
    // What an operator proposed about it, such as its removal, is not the client's to replace.
    let waiting = proposals::find(&mut tx, client_id).await?;
    if waiting.is_some_and(|w| w.by != itself(client_id)) {
        let text = "an operator's proposal about this client waits for approval";
        return Err(RegistrationError::Refused(Refused::new(OAuthError::AccessDenied, text)));
    }
    if client != before && waits(state, settings, &before) {
        propose(&mut tx, &client, now).await?;
        tx.commit().await?;
        let mut all = told(state, &before, None, &management, now);
        let new = told(state, &client, secret.as_deref(), "", now);
        add_waiting(&mut all, Some(new));
        return Ok(Changed::Proposed(all));
    }
    clients::put(&mut tx, &client, now).await?;
    // Whoever asks for what is registered takes back what was proposed.
    proposals::remove(&mut tx, client_id).await?;
    audited(&mut tx, client_id, "identity.client.changed", now).await?;
    tx.commit().await?;
    Ok(Changed::Done(told(state, &client, secret.as_deref(), &management, now)))
}

/// Whether a change of this client is for an operator to look at: with `approval` of every client,
/// with four eyes of those for real people. One that was never let in has nothing in force: it is
/// looked at when it is.
fn waits(state: &Identity, settings: &RegistrationConfig, before: &Client) -> bool {
    before.approved && (settings.approval || needs_two(state, std::iter::once(before)))
}

async fn propose(tx: &mut Tx, client: &Client, now: Timestamp) -> Result<(), RegistrationError> {
    let client_id = client.client_id.clone();
    let by = itself(&client_id);
    let new = Proposal { client_id, client: Some(client.clone()), by, key: None, at: now };
    proposals::put(tx, &new).await?;
    Ok(audited(tx, &new.client_id, "identity.client.proposed", now).await?)
}

/// What waits, without what is told of every registration alike.
fn add_waiting(all: &mut Value, waits: Option<Value>) {
    let Some(mut waits) = waits else { return };
    if let Some(members) = waits.as_object_mut() {
        for name in ["client_id_issued_at", "registration_access_token", "registration_client_uri"]
        {
            members.remove(name);
        }
    }
    if let Some(members) = all.as_object_mut() {
        members.insert("siegel_pending_change".to_owned(), json!(waits));
    }
}
