//! Settings of this service, table `[identity]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use crate::client_config::{ClientConfig, ClientError};
use crate::domain::client::Client;
use crate::people_config::PeopleConfig;
use crate::registration_config::RegistrationConfig;

/// `[identity]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// PKCS#8 PEM of the ES256 key that signs ID tokens and access tokens. Made at first start in
    /// the sandbox, like every key below.
    pub token_signing_key_file: PathBuf,
    /// Further keys that are published and do not sign: the next one before its first use, the
    /// last one until its tokens have expired (OpenID Connect Core §10.1.1).
    #[serde(default)]
    pub further_signing_key_files: Vec<PathBuf>,
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
    /// `[identity.registration]`: clients may register themselves.
    #[serde(default)]
    pub registration: Option<RegistrationConfig>,
    /// `[identity.people]`
    #[serde(default)]
    pub people: PeopleConfig,
    /// `[[identity.clients]]`
    #[serde(default)]
    pub clients: Vec<ClientConfig>,
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
