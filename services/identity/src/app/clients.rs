//! Registering clients: what must hold beyond the registration itself, and those of the settings,
//! which are followed at every start.

use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::Timestamp;

use crate::domain::client::{Client, ManagedBy};
use crate::state::Identity;
use crate::store::{clients, grants, proposals, revocations};

/// Who writes registrations that follow the settings.
const SELF: &str = "service:identity";

/// A registration that is refused for what it points to.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("client {0:?}: its signature algorithm needs identity.rs256_key_file")]
    SigningAlg(String),
    #[error(
        "client {0:?}: {1} is an address that must not be called (egress.allow names exceptions of the sandbox)"
    )]
    Address(String, &'static str),
    #[error(
        "client {0:?}: the sector_identifier_uri does not answer with a JSON list of addresses"
    )]
    NoSectorDocument(String),
    #[error(
        "client {0:?}: {1:?} is not in the list of the sector_identifier_uri (OpenID Connect Core §8.1)"
    )]
    NotOfSector(String, String),
    #[error("the clients cannot be stored")]
    Store(#[from] StoreError),
}

impl RegisterError {
    /// The key of the registration that is wrong.
    pub fn key(&self) -> &'static str {
        match self {
            Self::SigningAlg(_) => "id_token_signed_response_alg",
            Self::Address(_, key) => key,
            Self::NoSectorDocument(_) => "sector_identifier_uri",
            Self::NotOfSector(..) => "redirect_uris",
            Self::Store(_) => "client_id",
        }
    }
}

/// Checks what a registration points to; calls its sector's address when what it vouches for has
/// changed since the client was stored.
pub async fn vet(state: &Identity, client: &Client) -> Result<(), RegisterError> {
    let id = || client.client_id.clone();
    let algs = [Some(client.id_token_alg), client.userinfo_alg];
    if algs.into_iter().flatten().any(|alg| !state.keys.supports(alg)) {
        return Err(RegisterError::SigningAlg(id()));
    }
    for (key, address) in [
        ("jwks_uri", &client.jwks_uri),
        ("sector_identifier_uri", &client.sector_identifier_uri),
        ("backchannel_logout_uri", &client.backchannel_logout_uri),
        ("security_events_uri", &client.security_events_uri),
    ] {
        if address.as_ref().is_some_and(|uri| state.outside.egress.permits(uri).is_err()) {
            return Err(RegisterError::Address(id(), key));
        }
    }
    let Some(uri) = &client.sector_identifier_uri else { return Ok(()) };
    let mut tx = state.outside.db.read().await?;
    let before = clients::find(&mut tx, &client.client_id).await?;
    drop(tx);
    let known = before.is_some_and(|b| {
        b.sector_identifier_uri.as_ref() == Some(uri) && b.redirect_uris == client.redirect_uris
    });
    if known {
        return Ok(());
    }
    let listed = match state.outside.egress.get(uri).await {
        Ok(answer) if answer.status.is_success() => {
            serde_json::from_slice::<Vec<String>>(&answer.body).ok()
        }
        _ => None,
    };
    let listed = listed.ok_or_else(|| RegisterError::NoSectorDocument(id()))?;
    match client.redirect_uris.iter().find(|uri| !listed.contains(uri)) {
        Some(missing) => Err(RegisterError::NotOfSector(id(), missing.clone())),
        None => Ok(()),
    }
}

/// Stores all registrations of the settings and removes clients that are no longer there, with
/// their grants. Clients from elsewhere stay; one of the same id gives way, and that is audited.
pub async fn register(state: &Identity, registrations: &[Client]) -> Result<(), RegisterError> {
    for client in registrations {
        vet(state, client).await?;
    }
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    for gone in clients::ids_from(&mut tx, ManagedBy::Settings).await? {
        if registrations.iter().all(|c| c.client_id != gone) {
            withdraw(&mut tx, &gone, SELF, now).await?;
        }
    }
    for client in registrations {
        let before = clients::registration(&mut tx, &client.client_id).await?;
        if let Some(before) = before.filter(|b| b.from != ManagedBy::Settings) {
            let change = Change { client_id: &client.client_id, actor: SELF, at: now };
            change.record(&mut tx, "identity.client.replaced", before.from.as_str()).await?;
        }
        clients::put_from(&mut tx, client, ManagedBy::Settings, now).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// Removes a client; everything it was granted ends.
pub async fn withdraw(
    tx: &mut Tx,
    client_id: &str,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    for grant in grants::revoke_client(tx, client_id, now).await? {
        revocations::publish_grant(tx, grant, now).await?;
    }
    clients::remove(tx, client_id).await?;
    // Approved later, it would bring the client back.
    proposals::remove(tx, client_id).await?;
    Change { client_id, actor, at: now }.record(tx, "identity.client.removed", "").await
}

/// A change to a client's registration, for the audit trail.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    pub client_id: &'a str,
    pub actor: &'a str,
    pub at: Timestamp,
}

impl Change<'_> {
    /// Writes the line; `detail` holds stable words only.
    pub async fn record(self, tx: &mut Tx, kind: &str, detail: &str) -> Result<(), StoreError> {
        let entry = audit::Entry {
            kind,
            actor: self.actor,
            subject: self.client_id,
            level: None,
            outcome: "done",
            request_id: "",
            detail,
            at: self.at,
        };
        audit::record(tx, &entry).await
    }
}
