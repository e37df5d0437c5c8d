//! Clients that register themselves (RFC 7591) and take themselves out again (RFC 7592 §2.3).

use secrecy::ExposeSecret as _;
use serde_json::Value;
use siegel_crypto::{b64, random_token, same_bytes, sha256};
use siegel_db::{StoreError, Tx};
use siegel_kernel::{EntropyUnavailable, Timestamp};

use super::client_keys::usable;
use super::clients::{Change, RegisterError, vet, withdraw};
use super::manage_clients::needs_two;
use super::registration_answer::told;
use crate::domain::client::{Client, Environment, ManagedBy, SigningAlg, Sponsor};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::registration::{BadMetadata, Metadata, Terms};
use crate::registration_config::RegistrationConfig;
use crate::state::Identity;
use crate::store::{clients, initial_tokens};

/// Tenant of the clients that the token of the settings registers.
const TENANT: &str = "default";

#[derive(Debug, thiserror::Error)]
pub enum RegistrationError {
    /// The token is missing, or good for nothing here (RFC 7592 §3: the same when the client is gone).
    #[error("the token is not valid")]
    Token,
    #[error("{0}")]
    Refused(#[source] Refused),
    /// The member that is wrong.
    #[error("the registration is not acceptable")]
    Bad(BadMetadata),
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl From<RegisterError> for RegistrationError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Store(error) => Self::Store(error),
            other => Self::Bad(BadMetadata::Member(other.key())),
        }
    }
}

/// How ID tokens for a client are signed that says nothing about it (OpenID Connect Registration
/// §2), where there is a key for it.
pub fn default_id_token_alg(state: &Identity) -> SigningAlg {
    if state.keys.supports(SigningAlg::RS256) { SigningAlg::RS256 } else { SigningAlg::ES256 }
}

/// How tokens for clients that registered themselves can be signed.
pub fn signing_algs(state: &Identity) -> Vec<SigningAlg> {
    let all = [SigningAlg::ES256, SigningAlg::RS256];
    all.into_iter().filter(|alg| state.keys.supports(*alg)).collect()
}

/// Registers a client for whoever shows an initial access token; what the client is told.
#[tracing::instrument(name = "identity.client.register", skip_all)]
pub async fn register(
    state: &Identity,
    settings: &RegistrationConfig,
    token: Option<&str>,
    body: &[u8],
) -> Result<Value, RegistrationError> {
    let now = state.now();
    let shown = Shown::new(settings, token.ok_or(RegistrationError::Token)?).await;
    shown.check(state, now).await?;
    let metadata = read(body)?;
    let entropy = &*state.outside.entropy;
    // Begins with a letter: operators type it behind commands.
    let client_id = format!("dyn-{}", random_token(entropy)?);
    let secret = fresh_secret(state, &metadata)?;
    let (management, hash) = (random_token(entropy)?, secret.as_deref().map(hash_of));
    let client = registration(state, &metadata, &client_id, hash.as_deref(), !settings.approval)?;
    vet(state, &client).await?;

    let mut tx = state.outside.db.begin().await?;
    let (tenant, environment, sponsor) = shown.take(&mut tx, now).await?;
    let client = Client { tenant, environment, sponsor, ..client };
    let approved = client.approved && !needs_two(state, std::iter::once(&client));
    let client = Client { approved, ..client };
    clients::put_from(&mut tx, &client, ManagedBy::Dynamic, now).await?;
    clients::set_management_token(&mut tx, &client_id, &sha256(management.as_bytes())).await?;
    audited(&mut tx, &client_id, "identity.client.registered", now).await?;
    tx.commit().await?;
    Ok(told(state, &client, secret.as_deref(), &management, now))
}

/// Ends a registration and everything it was granted (RFC 7592 §2.3).
pub async fn remove(
    state: &Identity,
    client_id: &str,
    token: Option<&str>,
) -> Result<(), RegistrationError> {
    let digest = sha256(token.ok_or(RegistrationError::Token)?.as_bytes());
    let mut tx = state.outside.db.begin().await?;
    if clients::managed_by_itself(&mut tx, client_id, &digest).await?.is_none() {
        return Err(RegistrationError::Token);
    }
    withdraw(&mut tx, client_id, &format!("client:{client_id}"), state.now()).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// An initial access token somebody showed.
struct Shown {
    digest: [u8; 32],
    /// It is the one of the settings.
    of_settings: bool,
}

impl Shown {
    async fn new(settings: &RegistrationConfig, token: &str) -> Self {
        let of_settings = match settings.initial_access_token_file.clone() {
            Some(file) => {
                let read = tokio::task::spawn_blocking(move || siegel_config::read_secret(&file));
                let secret = read.await.ok().and_then(Result::ok);
                secret.is_some_and(|secret| {
                    let held = secret.expose_secret().as_bytes();
                    !held.is_empty() && same_bytes(&sha256(held), &sha256(token.as_bytes()))
                })
            }
            None => false,
        };
        Self { digest: sha256(token.as_bytes()), of_settings }
    }

    /// Looks before anything is called on the word of whoever shows it.
    async fn check(&self, state: &Identity, now: Timestamp) -> Result<(), RegistrationError> {
        if self.of_settings {
            return Ok(());
        }
        let mut tx = state.outside.db.read().await?;
        let good = initial_tokens::is_good(&mut tx, &self.digest, now).await?;
        if good { Ok(()) } else { Err(RegistrationError::Token) }
    }

    /// The tenant, what the client is for, and who made the token; nobody that of the settings.
    async fn take(
        &self,
        tx: &mut Tx,
        now: Timestamp,
    ) -> Result<(String, Environment, Option<Sponsor>), RegistrationError> {
        if self.of_settings {
            return Ok((TENANT.to_owned(), Environment::Production, None));
        }
        let taken = initial_tokens::take(tx, &self.digest, now).await?;
        let taken = taken.ok_or(RegistrationError::Token)?;
        let test = taken.environment == Environment::Test.as_str();
        let environment = if test { Environment::Test } else { Environment::Production };
        let sponsor = Sponsor { name: taken.created_by, key: taken.created_key };
        Ok((taken.tenant, environment, Some(sponsor)))
    }
}

pub(super) fn read(body: &[u8]) -> Result<Metadata, RegistrationError> {
    serde_json::from_slice(body).map_err(|_| {
        let text = "the body is no JSON object, or a member has a value that is not supported";
        RegistrationError::Refused(Refused::new(OAuthError::InvalidClientMetadata, text))
    })
}

pub(super) fn registration(
    state: &Identity,
    metadata: &Metadata,
    client_id: &str,
    secret_hash: Option<&str>,
    approved: bool,
) -> Result<Client, RegistrationError> {
    let terms = Terms {
        client_id,
        tenant: TENANT,
        secret_hash,
        default_alg: default_id_token_alg(state),
        algs: &signing_algs(state),
        approved,
    };
    let client = metadata.client(&terms).map_err(RegistrationError::Bad)?;
    if client.jwks.as_deref().is_some_and(|text| usable(text).is_none()) {
        return Err(RegistrationError::Bad(BadMetadata::Member("jwks")));
    }
    Ok(client)
}

pub(super) fn fresh_secret(
    state: &Identity,
    metadata: &Metadata,
) -> Result<Option<String>, EntropyUnavailable> {
    let needed = metadata.method().by_secret();
    needed.then(|| random_token(&*state.outside.entropy)).transpose()
}

pub(super) fn hash_of(secret: &str) -> String {
    b64::encode(sha256(secret.as_bytes()))
}

pub(super) async fn audited(
    tx: &mut Tx,
    client_id: &str,
    kind: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let actor = format!("client:{client_id}");
    Change { client_id, actor: &actor, at }.record(tx, kind, "").await
}
