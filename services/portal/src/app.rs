//! What every handler can reach.

use std::sync::Arc;

use siegel_crypto::{DataKey, hkdf_sha256, load_or_create, load_signing_key};
use siegel_grpc::Outside;
use siegel_kernel::Timestamp;

use crate::oidc::{Channels, Provider, ProviderSettings};
use crate::{Config, StartError};

#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub outside: Outside,
    /// Identity, as an OpenID Provider.
    pub provider: Provider,
    /// Channels to services with signed-in people's tokens.
    pub channels: Channels,
    /// Seals what the database holds about browsers.
    pub sealing: DataKey,
    /// Key of the form tokens.
    pub csrf_key: [u8; 32],
    /// Key of what sessions of a subject are found by.
    pub subject_key: [u8; 32],
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub fn new(config: Config, outside: Outside) -> Result<Self, StartError> {
        let may_create = !outside.profile.is_production();
        let client_key =
            load_signing_key(&config.client_key_file, may_create).map_err(StartError::ClientKey)?;
        let secret = load_or_create(&config.session_key_file, may_create, &*outside.entropy)
            .map_err(StartError::SessionKey)?;
        if secret.bytes.len() < 32 {
            return Err(StartError::ShortSessionKey(config.session_key_file));
        }
        let derive = |info: &[u8]| hkdf_sha256(&secret.bytes, b"siegel portal", info);
        let provider = Provider::new(ProviderSettings {
            client_id: config.client_id.clone(),
            client_key,
            issuer: outside.origin.clone(),
            inside: config.identity_url.clone(),
            clock: outside.clock.clone(),
            entropy: outside.entropy.clone(),
        })?;
        Ok(Self(Arc::new(Parts {
            provider,
            channels: Channels::default(),
            sealing: DataKey::from_bytes(derive(b"sessions")),
            csrf_key: derive(b"forms"),
            subject_key: derive(b"subjects"),
            config,
            outside,
        })))
    }

    pub fn now(&self) -> Timestamp {
        self.outside.clock.now()
    }
}
