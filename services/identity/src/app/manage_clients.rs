//! What operators do with clients: put and remove. Where four eyes are demanded, what concerns real
//! people waits for a second operator (`approve_clients`).

use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::clients::{Change, withdraw};
use crate::domain::client::{Client, Environment, ManagedBy};
use crate::state::Identity;
use crate::store::clients;
use crate::store::proposals::{self, Proposal};

/// What became of something that was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    Created,
    Updated,
    Unchanged,
    Removed,
    /// Waits for a second operator.
    Proposed,
    /// A client that registered itself may be used from now on.
    Approved,
    /// What waited is dropped.
    Rejected,
}

impl Became {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }
}

/// Something an operator may not do so.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    #[error("an operator is named by 1 to 64 characters of A-Z a-z 0-9 - . _ @")]
    Operator,
    #[error("client {0:?} follows the settings: change it there")]
    OfSettings(String),
    #[error("client {0:?} registered itself: remove it first")]
    OfItself(String),
    #[error("there is no client {0:?}")]
    Unknown(String),
    #[error("nothing about client {0:?} waits for an approval")]
    NothingWaits(String),
    #[error(
        "client {0:?}: another operator than {1:?}, who proposed it or made its token, must approve"
    )]
    SameOperator(String, String),
    #[error(
        "client {0:?}: pass the --digest of what was looked at, as `siegel admin clients proposals` tells it"
    )]
    NoDigest(String),
    #[error("client {0:?}: what waits is not what was looked at")]
    Changed(String),
    #[error(
        "client {0:?}: what {1:?} proposed, or this approval, is not proven by the key of an operator: propose it again"
    )]
    NotProven(String, String),
    #[error(
        "client {0:?}: with four_eyes, production approves by the keys of [[identity.operators]] only"
    )]
    NoOperators(String),
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
}

/// An operator, as the audit trail names one.
#[derive(Clone, Debug)]
pub struct Operator {
    name: String,
    /// Thumbprint of the key that proved it.
    key: Option<String>,
}

impl Operator {
    /// Somebody who says so.
    pub fn new(name: &str) -> Result<Self, ManageError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._@".contains(&b);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(ManageError::Operator);
        }
        Ok(Self { name: name.to_owned(), key: None })
    }

    pub(super) fn proven_by(self, key: String) -> Self {
        Self { key: Some(key), ..self }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// For the audit trail, which tells a proof from a mere name.
    pub fn actor(&self) -> String {
        let unproven = if self.key.is_some() { "" } else { " unproven" };
        format!("operator:{}{unproven}", self.name)
    }
}

/// Stores a registration as an operator's.
pub async fn put(
    state: &Identity,
    tx: &mut Tx,
    client: &Client,
    by: &Operator,
    now: Timestamp,
) -> Result<Became, ManageError> {
    let before = clients::registration(tx, &client.client_id).await?;
    let id = || client.client_id.clone();
    let became = match &before {
        None => Became::Created,
        Some(b) if b.from == ManagedBy::Settings => return Err(ManageError::OfSettings(id())),
        Some(b) if b.from == ManagedBy::Dynamic => return Err(ManageError::OfItself(id())),
        Some(b) if b.client == *client => return Ok(Became::Unchanged),
        Some(_) => Became::Updated,
    };
    let serious = [before.as_ref().map(|b| &b.client), Some(client)];
    if needs_two(state, serious.into_iter().flatten()) {
        return propose(tx, &client.client_id, Some(client), by, now).await;
    }
    clients::put_from(tx, client, ManagedBy::Applied, now).await?;
    recorded(tx, &client.client_id, &by.actor(), became, now).await?;
    Ok(became)
}

/// Removes a client and what it was granted.
pub async fn remove(
    state: &Identity,
    tx: &mut Tx,
    client_id: &str,
    by: &Operator,
    now: Timestamp,
) -> Result<Became, ManageError> {
    let before = clients::registration(tx, client_id).await?;
    let before = before.ok_or_else(|| ManageError::Unknown(client_id.to_owned()))?;
    if before.from == ManagedBy::Settings {
        return Err(ManageError::OfSettings(client_id.to_owned()));
    }
    if needs_two(state, [&before.client].into_iter()) {
        return propose(tx, client_id, None, by, now).await;
    }
    withdraw(tx, client_id, &by.actor(), now).await?;
    Ok(Became::Removed)
}

/// Whether one operator is not enough.
pub(super) fn needs_two<'a>(
    state: &Identity,
    mut clients: impl Iterator<Item = &'a Client>,
) -> bool {
    state.config.four_eyes && clients.any(|c| c.environment == Environment::Production)
}

async fn propose(
    tx: &mut Tx,
    client_id: &str,
    client: Option<&Client>,
    by: &Operator,
    now: Timestamp,
) -> Result<Became, ManageError> {
    let waiting = proposals::find(tx, client_id).await?;
    // Whoever said it first, unless that was not proven and this is.
    let stands =
        |w: &Proposal| w.client.as_ref() == client && (w.key.is_some() || by.key.is_none());
    if waiting.as_ref().is_some_and(stands) {
        return Ok(Became::Proposed);
    }
    let client_id = client_id.to_owned();
    let (name, key) = (by.name().to_owned(), by.key().map(str::to_owned));
    let new = Proposal { client_id, client: client.cloned(), by: name, key, at: now };
    proposals::put(tx, &new).await?;
    recorded(tx, &new.client_id, &by.actor(), Became::Proposed, now).await?;
    Ok(Became::Proposed)
}

pub(super) async fn recorded(
    tx: &mut Tx,
    client_id: &str,
    actor: &str,
    became: Became,
    at: Timestamp,
) -> Result<(), StoreError> {
    let kind = match became {
        Became::Created => "identity.client.created",
        Became::Proposed => "identity.client.proposed",
        Became::Approved => "identity.client.approved",
        Became::Rejected => "identity.client.rejected",
        _ => "identity.client.changed",
    };
    Change { client_id, actor, at }.record(tx, kind, "").await
}
