//! Settings of this service, table `[identity]`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use siegel_kernel::{Timestamp, TrustLevel};

pub use crate::client_config::{ClientConfig, ClientError};
use crate::domain::client::Client;
use crate::domain::connection_group::ConnectionGroup;
use crate::operator_config::OperatorConfig;
use crate::people_config::PeopleConfig;
use crate::registration_config::RegistrationConfig;
use crate::upstream_config::UpstreamConfig;

/// `[identity]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// PKCS#8 PEM of the ES256 key that signs ID tokens and access tokens. Made at first start in
    /// the sandbox, like every key below.
    pub token_signing_key_file: PathBuf,
    /// `[[identity.signing_keys]]`: keys that take over at an instant, ES256 or RS256 as their
    /// files say. They are published from the start on, and a superseded one for another hour
    /// (OpenID Connect Core §10.1.1).
    #[serde(default)]
    pub signing_keys: Vec<SigningKeyConfig>,
    /// PKCS#8 PEM of an RSA key of 2048 bits or more: enables RS256 for clients registered so
    /// (OpenID Connect Discovery §3).
    #[serde(default)]
    pub rs256_key_file: Option<PathBuf>,
    /// At least 32 random bytes: seals addresses at rest. Lost, they cannot be read again.
    pub key_encryption_key_file: PathBuf,
    /// At least 32 random bytes behind every pairwise subject. Lost, every portal meets strangers.
    pub pairwise_key_file: PathBuf,
    /// At least 32 random bytes behind DPoP nonces, shared by the replicas.
    pub nonce_key_file: PathBuf,
    /// Every authorization request must be pushed (RFC 9126 §5); otherwise only those of clients
    /// registered so.
    #[serde(default)]
    pub require_pushed: bool,
    /// What concerns clients of `environment = "production"` takes effect when a second operator
    /// approves it.
    #[serde(default)]
    pub four_eyes: bool,
    /// `[[identity.operators]]`: whoever may use `siegel admin` to change something, by key.
    #[serde(default)]
    pub operators: Vec<OperatorConfig>,
    /// `[identity.resource_levels]`: the lowest level for access tokens of an audience, such as
    /// `"urn:siegel:postbox" = "substantial"`. Counts besides what clients and tenants demand.
    #[serde(default)]
    pub resource_levels: BTreeMap<String, TrustLevel>,
    /// `[identity.registration]`: clients may register themselves.
    #[serde(default)]
    pub registration: Option<RegistrationConfig>,
    /// `[identity.people]`
    #[serde(default)]
    pub people: PeopleConfig,
    /// `[[identity.clients]]`
    #[serde(default)]
    pub clients: Vec<ClientConfig>,
    /// `[[identity.upstreams]]`
    #[serde(default)]
    pub upstreams: Vec<UpstreamConfig>,
    /// `[[identity.connection_groups]]`
    #[serde(default)]
    pub connection_groups: Vec<ConnectionGroup>,
}

/// A signing key and when it takes over: in a file, or in a PKCS#11 token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKeyConfig {
    /// PKCS#8 PEM, P-256 or RSA.
    pub file: Option<PathBuf>,
    /// Instead of `file`.
    pub pkcs11: Option<Pkcs11Config>,
    /// RFC 3339, `"2026-12-01T00:00:00Z"`; at least ten minutes after the last replica has it.
    #[serde(deserialize_with = "instant")]
    pub active_from: Timestamp,
}

/// A key pair in a PKCS#11 token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pkcs11Config {
    /// The vendor's library.
    pub module: PathBuf,
    /// Label of the token.
    pub token: String,
    /// Label of the key pair, P-256 or RSA.
    pub key: String,
    pub pin_file: PathBuf,
}

fn instant<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(text)?;
    Timestamp::parse_rfc3339(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("{text:?} is no instant like 2026-12-01T00:00:00Z"))
    })
}

impl Config {
    /// The registrations, with their files read.
    pub fn registrations(&self) -> Result<Vec<Client>, ClientError> {
        let mut all: Vec<Client> = Vec::new();
        for client in &self.clients {
            // Named from the directory the program was started in, as every file of the settings.
            let client = client.registration(Path::new(""))?;
            if all.iter().any(|c| c.client_id == client.client_id) {
                return Err(ClientError::Twice(client.client_id));
            }
            all.push(client);
        }
        Ok(all)
    }

    /// Secrets stand in files of their own, and nowhere else (`secret_file`).
    pub fn refuse_inline_secrets(&self) -> Result<(), ClientError> {
        match self.clients.iter().find(|client| client.client_secret.is_some()) {
            Some(client) => Err(ClientError::InlineSecret(client.client_id.clone())),
            None => Ok(()),
        }
    }
}
