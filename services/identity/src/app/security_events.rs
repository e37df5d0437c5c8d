//! Telling clients what happened to an account of theirs: security event tokens (RFC 8417) in the
//! words of RISC and CAEP, pushed (RFC 8935) to clients that a person has a live grant with. Each
//! client hears of its own pairwise subject only.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use siegel_crypto::{KeyError, b64, hmac_sha256};
use siegel_db::{StoreError, Tx, outbox};
use siegel_kernel::{AccountId, Timestamp};

use super::push::EVENT;
use crate::domain::client::Client;
use crate::state::Identity;
use crate::store::{clients, grants};

/// Type of a security event token (RFC 8417 §2.3).
pub const TYP: &str = "secevent+jwt";

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityEvent {
    /// Nobody can log in to it any more; it may come back.
    AccountDisabled {
        /// `hijacking` or `bulk-account` (RISC 1.0 §2.3), or nothing.
        reason: Option<String>,
    },
    AccountEnabled,
    /// It is gone for good.
    AccountPurged,
    /// All of the person's sessions were ended at once.
    SessionsRevoked,
    /// A credential came, went or changed.
    CredentialChanged {
        /// `password`, `otp`, `fido2-roaming`, … (CAEP §3.3).
        kind: String,
        change: Change,
    },
    /// Somebody else may know it.
    CredentialCompromised {
        kind: String,
    },
    /// The person logs in with another address.
    IdentifierChanged,
    /// The address this person had before now belongs to somebody else.
    IdentifierRecycled,
}

/// How a credential changed (CAEP §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    Create,
    Revoke,
    Update,
    Delete,
}

impl SecurityEvent {
    /// That a credential of this kind (`factors::Kind`) came, went or changed.
    pub fn credential(kind: &str, change: Change) -> Self {
        // CAEP §3.3 has words for some; others are between issuer and receiver.
        let kind = match kind {
            "totp" => "app",
            "recovery" => "recovery-codes",
            other => other,
        };
        Self::CredentialChanged { kind: kind.to_owned(), change }
    }

    const fn uri(&self) -> &'static str {
        match self {
            Self::AccountDisabled { .. } => {
                "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
            }
            Self::AccountEnabled => {
                "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
            }
            Self::AccountPurged => {
                "https://schemas.openid.net/secevent/risc/event-type/account-purged"
            }
            Self::SessionsRevoked => {
                "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
            }
            Self::CredentialChanged { .. } => {
                "https://schemas.openid.net/secevent/caep/event-type/credential-change"
            }
            Self::CredentialCompromised { .. } => {
                "https://schemas.openid.net/secevent/risc/event-type/credential-compromise"
            }
            Self::IdentifierChanged => {
                "https://schemas.openid.net/secevent/risc/event-type/identifier-changed"
            }
            Self::IdentifierRecycled => {
                "https://schemas.openid.net/secevent/risc/event-type/identifier-recycled"
            }
        }
    }

    /// What the event says besides its subject. CAEP wants the time in it (§2), RISC has `toe`.
    fn facts(&self, at: Timestamp) -> Value {
        let at = at.as_seconds();
        match self {
            Self::SessionsRevoked => json!({"event_timestamp": at, "initiating_entity": "user"}),
            Self::CredentialChanged { kind, change } => {
                json!({"event_timestamp": at, "credential_type": kind, "change_type": change})
            }
            Self::AccountDisabled { reason: Some(reason) } => json!({"reason": reason}),
            Self::CredentialCompromised { kind } => json!({"credential_type": kind}),
            _ => json!({}),
        }
    }
}

/// A client to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Happened {
    pub client_id: String,
    pub account: AccountId,
    pub event: SecurityEvent,
    pub at: Timestamp,
}

/// Orders the event for every client that wants such and has a live grant of the account. Call in
/// the transaction of what happened, before it revokes grants, and `outbox.committed()` after its
/// commit.
pub async fn emit(
    tx: &mut Tx,
    account: AccountId,
    event: &SecurityEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hearers = hearers(tx, account, now).await?;
    tell(tx, &hearers, account, event, now).await
}

/// The clients that want such events and have a live grant of the account.
pub async fn hearers(
    tx: &mut Tx,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let mut wanted = Vec::new();
    for client_id in grants::clients_of(tx, account, now).await? {
        let client = clients::find(tx, &client_id).await?;
        if client.is_some_and(|c| c.security_events_uri.is_some()) {
            wanted.push(client_id);
        }
    }
    Ok(wanted)
}

/// Orders the event for these clients.
pub async fn tell(
    tx: &mut Tx,
    hearers: &[String],
    account: AccountId,
    event: &SecurityEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    for client_id in hearers {
        let client_id = client_id.clone();
        let happened = Happened { client_id, account, event: event.clone(), at: now };
        let payload = serde_json::to_vec(&happened).map_err(|_| StoreError::corrupt("event"))?;
        outbox::put(tx, EVENT, &payload, now).await?;
    }
    Ok(())
}

/// The token for the client; its `jti` is the same at each try.
pub fn token(
    state: &Identity,
    client: &Client,
    happened: &Happened,
    now: Timestamp,
) -> Result<String, KeyError> {
    let uri = happened.event.uri();
    let at = happened.at.as_micros().to_be_bytes();
    let account = happened.account.as_uuid();
    let name = siegel_crypto::sha256_fields(&[
        client.client_id.as_bytes(),
        account.as_bytes(),
        uri.as_bytes(),
        &at,
    ]);
    let id = hmac_sha256(state.keys.pairwise(), &[b"security event\0", &name[..]].concat());
    // No `sub` and no `exp`: nothing may take it for an ID token (RFC 8417 §4).
    let claims = json!({
        "iss": state.issuer(),
        "aud": client.client_id,
        "iat": now.as_seconds(),
        "toe": happened.at.as_seconds(),
        "jti": b64::encode(id),
        "sub_id": {
            "format": "iss_sub",
            "iss": state.issuer(),
            "sub": state.subject(&client.sector, happened.account),
        },
        "events": { uri: happened.event.facts(happened.at) },
    });
    state.keys.sign(client.id_token_alg, TYP, &claims, now)
}
