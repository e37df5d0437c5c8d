//! Clients that register themselves (RFC 7591) and change it later (RFC 7592).

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use siegel_crypto::{b64, random_token, same_bytes, sha256};
use siegel_db::{StoreError, Tx};
use siegel_kernel::{EntropyUnavailable, Timestamp};

use super::client_keys::usable;
use super::clients::{Change, RegisterError, vet, withdraw};
use crate::domain::client::{CertificateName, Client, ManagedBy, SigningAlg};
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
    let tenant = shown.take(&mut tx, now).await?;
    let client = Client { tenant, ..client };
    clients::put_from(&mut tx, &client, ManagedBy::Dynamic, now).await?;
    clients::set_management_token(&mut tx, &client_id, &sha256(management.as_bytes())).await?;
    audited(&mut tx, &client_id, "identity.client.registered", now).await?;
    tx.commit().await?;
    Ok(told(state, &client, secret.as_deref(), &management, now))
}

/// The registration of the client that shows its own token.
pub async fn show(
    state: &Identity,
    client_id: &str,
    token: Option<&str>,
) -> Result<Value, RegistrationError> {
    let token = token.ok_or(RegistrationError::Token)?;
    let mut tx = state.outside.db.read().await?;
    let found = clients::managed_by_itself(&mut tx, client_id, &sha256(token.as_bytes())).await?;
    let found = found.ok_or(RegistrationError::Token)?;
    Ok(told(state, &found.client, None, token, found.updated_at))
}

/// Replaces a registration (RFC 7592 §2.2); the token is a new one afterwards.
#[tracing::instrument(name = "identity.client.change", skip_all)]
pub async fn change(
    state: &Identity,
    settings: &RegistrationConfig,
    client_id: &str,
    token: Option<&str>,
    body: &[u8],
) -> Result<Value, RegistrationError> {
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
    let client = Client { tenant: before.tenant.clone(), ..client };
    // What an operator looked at is not what it is any more.
    let approved = before.approved && (!settings.approval || client == before);
    let client = Client { approved, ..client };
    vet(state, &client).await?;

    let management = random_token(&*state.outside.entropy)?;
    let mut tx = state.outside.db.begin().await?;
    let next = sha256(management.as_bytes());
    if !clients::rotate_management_token(&mut tx, client_id, &digest, &next).await? {
        return Err(RegistrationError::Token);
    }
    clients::put(&mut tx, &client, now).await?;
    audited(&mut tx, client_id, "identity.client.changed", now).await?;
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

    async fn take(&self, tx: &mut Tx, now: Timestamp) -> Result<String, RegistrationError> {
        if self.of_settings {
            return Ok(TENANT.to_owned());
        }
        initial_tokens::take(tx, &self.digest, now).await?.ok_or(RegistrationError::Token)
    }
}

fn read(body: &[u8]) -> Result<Metadata, RegistrationError> {
    serde_json::from_slice(body).map_err(|_| {
        let text = "the body is no JSON object, or a member has a value that is not supported";
        RegistrationError::Refused(Refused::new(OAuthError::InvalidClientMetadata, text))
    })
}

fn registration(
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

fn fresh_secret(
    state: &Identity,
    metadata: &Metadata,
) -> Result<Option<String>, EntropyUnavailable> {
    let needed = metadata.method().by_secret();
    needed.then(|| random_token(&*state.outside.entropy)).transpose()
}

fn hash_of(secret: &str) -> String {
    b64::encode(sha256(secret.as_bytes()))
}

async fn audited(
    tx: &mut Tx,
    client_id: &str,
    kind: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let actor = format!("client:{client_id}");
    Change { client_id, actor: &actor, at }.record(tx, kind, "").await
}

/// What the client is told (RFC 7591 §3.2.1). A secret is shown once.
fn told(
    state: &Identity,
    client: &Client,
    secret: Option<&str>,
    management: &str,
    at: Timestamp,
) -> Value {
    let mut all = json!({
        "client_id": client.client_id,
        "client_id_issued_at": at.as_seconds(),
        "registration_access_token": management,
        "registration_client_uri": state.url(&format!("/register/{}", client.client_id)),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": client.grant_types,
        "response_types": ["code"],
        "subject_type": "pairwise",
        "scope": client.scopes.join(" "),
        "id_token_signed_response_alg": client.id_token_alg,
        "require_pushed_authorization_requests": client.require_pushed,
        "require_signed_request_object": client.require_signed_request,
        "tls_client_certificate_bound_access_tokens": client.certificate_bound,
        "dpop_bound_access_tokens": client.dpop_bound,
    });
    let jwks = client.jwks.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let more: [(&str, Option<Value>); 8] = [
        ("client_secret", secret.map(Value::from)),
        ("logo_uri", client.logo_uri.clone().map(Value::from)),
        ("policy_uri", client.policy_uri.clone().map(Value::from)),
        ("jwks", jwks),
        ("jwks_uri", client.jwks_uri.clone().map(Value::from)),
        ("sector_identifier_uri", client.sector_identifier_uri.clone().map(Value::from)),
        ("backchannel_logout_uri", client.backchannel_logout_uri.clone().map(Value::from)),
        ("userinfo_signed_response_alg", client.userinfo_alg.map(|alg| alg.as_str().into())),
    ];
    let members = all.as_object_mut();
    if let Some(members) = members {
        add(members, more);
        if client.auth_method.by_secret() {
            members.insert("client_secret_expires_at".to_owned(), 0.into());
        }
        let name = match &client.certificate_name {
            Some(CertificateName::SubjectDn(text)) => Some(("tls_client_auth_subject_dn", text)),
            Some(CertificateName::SanDns(text)) => Some(("tls_client_auth_san_dns", text)),
            Some(CertificateName::SanUri(text)) => Some(("tls_client_auth_san_uri", text)),
            None => None,
        };
        add(members, name.map(|(key, text)| (key, Some(Value::from(text.as_str())))));
    }
    all
}

fn add<'a>(
    members: &mut Map<String, Value>,
    more: impl IntoIterator<Item = (&'a str, Option<Value>)>,
) {
    for (name, value) in more {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    }
}
