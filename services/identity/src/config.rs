//! Settings of this service, table `[identity]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use siegel_crypto::{KeySet, b64, sha256};
use siegel_kernel::TrustLevel;

use crate::domain::client::{AuthMethod, BadClient, Client, GrantType, SecurityProfile};
use crate::domain::connection_group::ConnectionGroup;
use crate::people_config::PeopleConfig;
use crate::upstream_config::UpstreamConfig;

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

/// One registered client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    pub client_id: String,
    /// Shown to people.
    pub name: String,
    pub tenant: String,
    /// Clients of one sector know a person by the same subject; the client id when absent.
    pub sector: Option<String>,
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// JWK Set as JSON text.
    pub jwks: Option<String>,
    /// File with the JWK Set, instead of `jwks`.
    pub jwks_file: Option<PathBuf>,
    /// `private_key_jwt`, `client_secret_basic`, `none`.
    #[serde(default = "private_key_jwt")]
    pub auth_method: AuthMethod,
    /// File with the secret, for `client_secret_basic`.
    pub secret_file: Option<PathBuf>,
    #[serde(default = "code_and_refresh")]
    pub grant_types: Vec<GrantType>,
    pub scopes: Vec<String>,
    /// `oidc-basic` or `fapi2`.
    #[serde(default)]
    pub security_profile: SecurityProfile,
    /// No log-in below this level.
    #[serde(default = "basic")]
    pub min_level: TrustLevel,
    /// What the attributes are used for, shown on the consent page.
    #[serde(default)]
    pub purpose: String,
    /// Purposes of single attributes, by name.
    #[serde(default)]
    pub claim_purposes: BTreeMap<String, String>,
    pub service_id: Option<String>,
    /// The suite's own portal: people are not asked whether it may show them their account.
    #[serde(default)]
    pub first_party: bool,
    #[serde(default)]
    pub require_pushed: bool,
    /// Audiences it may ask for; those of its scopes when empty.
    #[serde(default)]
    pub resources: Vec<String>,
}

const fn private_key_jwt() -> AuthMethod {
    AuthMethod::PrivateKeyJwt
}

fn code_and_refresh() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
}

const fn basic() -> TrustLevel {
    TrustLevel::Basic
}

/// A client in the settings that cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(transparent)]
    Bad(#[from] BadClient),
    #[error("client {0:?}: cannot read {1}")]
    File(String, String, #[source] std::io::Error),
    #[error("client {0:?} is registered twice")]
    Twice(String),
}

impl Config {
    /// The registrations, with their files read.
    pub fn registrations(&self) -> Result<Vec<Client>, ClientError> {
        let mut all: Vec<Client> = Vec::new();
        for client in &self.clients {
            let client = client.registration()?;
            if all.iter().any(|c| c.client_id == client.client_id) {
                return Err(ClientError::Twice(client.client_id));
            }
            all.push(client);
        }
        Ok(all)
    }
}

impl ClientConfig {
    fn registration(&self) -> Result<Client, ClientError> {
        let id = || self.client_id.clone();
        let failed = |file: &PathBuf, e| ClientError::File(id(), file.display().to_string(), e);
        let jwks = match (&self.jwks, &self.jwks_file) {
            (Some(text), _) => Some(text.clone()),
            (None, Some(file)) => Some(std::fs::read_to_string(file).map_err(|e| failed(file, e))?),
            (None, None) => None,
        };
        let usable =
            |text: &String| KeySet::from_json(text).is_ok_and(|set| !set.keys().is_empty());
        if jwks.as_ref().is_some_and(|text| !usable(text)) {
            return Err(BadClient::Jwks(id()).into());
        }
        let secret = match &self.secret_file {
            Some(file) => {
                let read = siegel_config::read_secret(file);
                Some(read.map_err(|e| failed(file, e.source))?)
            }
            None => None,
        };
        let client = Client {
            name: self.name.clone(),
            tenant: self.tenant.clone(),
            sector: self.sector.clone().unwrap_or_else(id),
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            auth_method: self.auth_method,
            jwks,
            secret_hash: secret.map(|s| b64::encode(sha256(s.expose_secret().as_bytes()))),
            grant_types: self.grant_types.clone(),
            scopes: self.scopes.clone(),
            security_profile: self.security_profile,
            min_level: self.min_level,
            purpose: self.purpose.clone(),
            claim_purposes: self.claim_purposes.clone(),
            service_id: self.service_id.clone(),
            first_party: self.first_party,
            require_pushed: self.require_pushed,
            resources: self.resources.clone(),
            ..Client::named(self.client_id.clone())
        };
        client.check()?;
        Ok(client)
    }
}
