//! The public keys of a client: from its registration, or from the address it publishes them at.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use siegel_crypto::KeySet;
use siegel_kernel::Timestamp;
use tokio::sync::Mutex;

use crate::domain::client::Client;
use crate::state::Identity;

/// How long fetched keys are used without looking again.
const FRESH: Duration = Duration::from_mins(5);
/// How long they are used while their address does not answer, since they were fetched.
const STALE: Duration = Duration::from_hours(1);
/// An address is asked no more often than this, whatever key ids are sent (RFC 8725 §3.10).
const PAUSE: Duration = Duration::from_secs(30);
/// More clients than this are not remembered at once.
const CLIENTS: usize = 10_000;

/// A client whose signatures cannot be checked now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysError {
    #[error("the client has registered no keys")]
    None,
    #[error("the client's keys cannot be fetched")]
    Unreachable,
}

/// What was fetched from one client's address.
#[derive(Default)]
struct Entry {
    uri: String,
    held: Option<(KeySet, Timestamp)>,
    tried_at: Option<Timestamp>,
}

/// Fetched keys by client. Cheap to clone; each client is fetched by one caller at a time.
#[derive(Clone, Default)]
pub struct KeyCache(Arc<Mutex<HashMap<String, Arc<Mutex<Entry>>>>>);

impl KeyCache {
    async fn entry(&self, client_id: &str) -> Arc<Mutex<Entry>> {
        let mut all = self.0.lock().await;
        if all.len() >= CLIENTS && !all.contains_key(client_id) {
            all.clear();
        }
        all.entry(client_id.to_owned()).or_default().clone()
    }
}

/// The keys of `client`. `kid` is the key somebody claims to have signed with: one that is not
/// among those fetched before is looked for once more.
pub async fn keys_of(
    state: &Identity,
    client: &Client,
    kid: Option<&str>,
) -> Result<KeySet, ClientKeysError> {
    if let Some(text) = &client.jwks {
        return usable(text).ok_or(ClientKeysError::None);
    }
    let uri = client.jwks_uri.as_deref().ok_or(ClientKeysError::None)?;
    let entry = state.client_keys.entry(&client.client_id).await;
    let mut entry = entry.lock().await;
    let now = state.now();
    if entry.uri != uri {
        *entry = Entry { uri: uri.to_owned(), ..Entry::default() };
    }
    let enough = entry
        .held
        .as_ref()
        .is_some_and(|(keys, at)| at.plus(FRESH) > now && kid.is_none_or(|kid| keys.may_hold(kid)));
    let may_try = entry.tried_at.is_none_or(|at| at.plus(PAUSE) <= now);
    if !enough && may_try {
        entry.tried_at = Some(now);
        if let Some(keys) = fetch(state, client).await {
            entry.held = Some((keys, now));
        }
    }
    match &entry.held {
        Some((keys, at)) if at.plus(STALE) > now => Ok(keys.clone()),
        _ => Err(ClientKeysError::Unreachable),
    }
}

async fn fetch(state: &Identity, client: &Client) -> Option<KeySet> {
    let uri = client.jwks_uri.as_deref()?;
    let found = match state.outside.egress.get(uri).await {
        Ok(answer) if answer.status.is_success() => {
            std::str::from_utf8(&answer.body).ok().and_then(usable)
        }
        Ok(_) => None,
        Err(error) => {
            tracing::info!(
                client = %client.client_id,
                error = &error as &dyn std::error::Error,
                "the keys of a client were not fetched"
            );
            return None;
        }
    };
    if found.is_none() {
        tracing::info!(client = %client.client_id, "a client publishes no JWK Set");
    }
    found
}

/// A JWK Set with at least one key we can use.
pub fn usable(text: &str) -> Option<KeySet> {
    KeySet::from_json(text).ok().filter(|keys| !keys.keys().is_empty())
}
