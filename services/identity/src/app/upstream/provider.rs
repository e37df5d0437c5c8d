//! What a provider says of itself: metadata and keys, kept for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, ClientId, ClientSecret, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, ProviderMetadata, RedirectUrl,
};
use serde::{Deserialize, Serialize};
use siegel_kernel::Timestamp;
use tokio::sync::Mutex;

use super::calls::Plain;
use super::fault::Fault;
use crate::domain::upstream::{Upstream, UpstreamAuth};
use crate::state::Identity;

/// How long metadata and keys are used without asking again.
pub const FRESH: Duration = Duration::from_mins(10);
/// A key that is not known is looked up again at most this often.
pub const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Older ones are not used, even when the provider does not answer.
const USABLE: Duration = Duration::from_hours(1);
/// After a failure nobody waits for the provider for this long.
const PAUSE: Duration = Duration::from_secs(5);

/// Parts beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct More {
    /// Its answers say who sends them (RFC 9207 §3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Metadata and keys as fetched at one moment.
pub struct Known {
    metadata: Metadata,
    fetched_at: Timestamp,
}

#[derive(Default)]
struct Slot {
    known: Option<Arc<Known>>,
    failed_at: Option<Timestamp>,
}

/// All providers, by issuer.
#[derive(Default)]
pub struct Providers {
    slots: StdMutex<HashMap<String, Arc<Mutex<Slot>>>>,
}

impl Providers {
    /// Metadata and keys of an issuer, not older than `fresh` unless it does not answer.
    pub async fn known(
        &self,
        state: &Identity,
        issuer: &str,
        fresh: Duration,
    ) -> Result<Arc<Known>, Fault> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.entry(issuer.to_owned()).or_default().clone()
        };
        // Held while asking: a hundred browsers need the metadata once.
        let mut slot = slot.lock().await;
        let now = state.now();
        let young = |known: &&Arc<Known>, age| now.since(known.fetched_at) < age;
        if let Some(known) = slot.known.as_ref().filter(|k| young(k, fresh)) {
            return Ok(known.clone());
        }
        let usable = slot.known.clone().filter(|k| young(&k, USABLE));
        if slot.failed_at.is_some_and(|at| now.since(at) < PAUSE) {
            return usable.ok_or_else(|| Fault::unreachable("it did not answer a moment ago"));
        }
        match discover(state, issuer, now).await {
            Ok(known) => {
                let known = Arc::new(known);
                *slot = Slot { known: Some(known.clone()), failed_at: None };
                Ok(known)
            }
            Err(fault) => {
                slot.failed_at = Some(now);
                let error = &fault as &dyn std::error::Error;
                tracing::warn!(error, "an upstream provider's metadata could not be fetched");
                usable.ok_or(fault)
            }
        }
    }
}

async fn discover(state: &Identity, issuer: &str, now: Timestamp) -> Result<Known, Fault> {
    let issuer = IssuerUrl::new(issuer.to_owned())
        .map_err(|_| Fault::Unintelligible("the issuer is not a URL"))?;
    let metadata = Metadata::discover_async(issuer, &Plain(&state.outside.egress))
        .await
        .map_err(Fault::unreachable)?;
    // A browser is sent there with what belongs to one log-in.
    if metadata.authorization_endpoint().url().scheme() != "https" {
        return Err(Fault::Unintelligible("the authorization endpoint is not https"));
    }
    Ok(Known { metadata, fetched_at: now })
}

impl Known {
    /// The client as which we speak to the provider; `secret` is for the methods with one.
    pub fn client(
        &self,
        upstream: &Upstream,
        secret: &[u8],
        redirect: String,
    ) -> Result<Client, Fault> {
        let redirect = RedirectUrl::new(redirect)
            .map_err(|_| Fault::Unintelligible("the callback is not a URL"))?;
        let (auth, secret) = match upstream.auth {
            UpstreamAuth::PrivateKeyJwt => (AuthType::RequestBody, None),
            UpstreamAuth::ClientSecretBasic => (AuthType::BasicAuth, Some(secret)),
            UpstreamAuth::ClientSecretPost => (AuthType::RequestBody, Some(secret)),
        };
        let secret = secret.map(|s| ClientSecret::new(String::from_utf8_lossy(s).into_owned()));
        let id = ClientId::new(upstream.client_id.clone());
        let client = CoreClient::from_provider_metadata(self.metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth))
    }

    pub fn authorization_endpoint(&self) -> &url::Url {
        self.metadata.authorization_endpoint().url()
    }

    pub fn token_endpoint(&self) -> Option<&str> {
        self.metadata.token_endpoint().map(|url| url.as_str())
    }

    pub fn userinfo_endpoint(&self) -> Option<&str> {
        self.metadata.userinfo_endpoint().map(|url| url.as_str())
    }

    /// Its answers must name it (RFC 9207 §2.4).
    pub fn names_itself(&self) -> bool {
        self.metadata.additional_metadata().authorization_response_iss_parameter_supported
    }

    /// The algorithms its ID tokens may have: those it announces, of the asymmetric ones.
    pub fn algorithms(&self) -> Vec<CoreJwsSigningAlgorithm> {
        let announced = self.metadata.id_token_signing_alg_values_supported();
        announced.iter().filter(|alg| is_asymmetric(alg)).cloned().collect()
    }
}

const fn is_asymmetric(alg: &CoreJwsSigningAlgorithm) -> bool {
    use CoreJwsSigningAlgorithm as Alg;
    match alg {
        Alg::EcdsaP256Sha256
        | Alg::EcdsaP384Sha384
        | Alg::EcdsaP521Sha512
        | Alg::EdDsa
        | Alg::RsaSsaPkcs1V15Sha256
        | Alg::RsaSsaPkcs1V15Sha384
        | Alg::RsaSsaPkcs1V15Sha512
        | Alg::RsaSsaPssSha256
        | Alg::RsaSsaPssSha384
        | Alg::RsaSsaPssSha512 => true,
        // HS256 is signed with what the client knows, `none` by nobody (RFC 8725 §3.1, §3.2).
        _ => false,
    }
}
