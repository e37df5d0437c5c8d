//! How a service reaches the others: through memory in one process, through mutual TLS on the
//! network, and only along the reach table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use siegel_crypto::SigningKey;
use siegel_kernel::{Clock, Entropy};
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::client::{Credential, ServiceTokens};
use crate::{AuthChannel, DpopToken, InProcess, Peer, reach_table, refusal};

/// The addresses of the other services cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchWay {
    #[error("the address of {0} is not a URL")]
    BadAddress(String),
    #[error("the certificate or key for calls to {0} cannot be used")]
    BadCertificate(String, #[source] tonic::transport::Error),
}

/// Who a service is towards the others.
#[derive(Clone)]
pub struct SiblingsSettings {
    /// `postbox`
    pub own: String,
    /// Thumbprint of the own certificate.
    pub thumbprint: String,
    pub origin: String,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Channels to the other services. Cheap to clone.
#[derive(Clone)]
pub struct Siblings(Arc<Inner>);

struct Inner {
    settings: SiblingsSettings,
    way: Way,
    tokens: Option<Arc<ServiceTokens>>,
    /// Connections within the process, one per service.
    pipes: Mutex<HashMap<String, Channel>>,
}

enum Way {
    InProcess(InProcess),
    Network(HashMap<String, Channel>, InProcess),
}

impl Siblings {
    /// Within one process.
    pub fn in_process(settings: SiblingsSettings, registry: InProcess) -> Self {
        Self::with(settings, Way::InProcess(registry))
    }

    /// Within one process, without tokens: for tests of one service, where no identity runs.
    pub(crate) fn without_tokens(settings: SiblingsSettings, registry: InProcess) -> Self {
        let way = Way::InProcess(registry);
        Self(Arc::new(Inner { settings, way, tokens: None, pipes: Mutex::default() }))
    }

    /// Over the network with mutual TLS. `addresses`: service to `https://host:port`; `own` is
    /// where the service registers itself for calls to itself.
    pub fn network(
        settings: SiblingsSettings,
        addresses: &HashMap<String, String>,
        tls: &(Identity, Certificate),
        own: InProcess,
    ) -> Result<Self, NoSuchWay> {
        let mut channels = HashMap::new();
        for (name, url) in addresses {
            let endpoint = Endpoint::from_shared(url.clone())
                .map_err(|_| NoSuchWay::BadAddress(name.clone()))?;
            let tls = ClientTlsConfig::new().identity(tls.0.clone()).ca_certificate(tls.1.clone());
            let endpoint =
                endpoint.tls_config(tls).map_err(|e| NoSuchWay::BadCertificate(name.clone(), e))?;
            channels.insert(name.clone(), watchful(endpoint).connect_lazy());
        }
        Ok(Self::with(settings, Way::Network(channels, own)))
    }

    fn with(settings: SiblingsSettings, way: Way) -> Self {
        let clock = settings.clock.clone();
        let mut inner = Inner { settings, way, tokens: None, pipes: Mutex::default() };
        let identity = inner.along_reach("identity", Credential::None);
        inner.tokens = Some(Arc::new(ServiceTokens::new(identity, clock)));
        Self(Arc::new(inner))
    }

    /// A channel to a service with the own service's token. Lazy: a service that is down fails the
    /// call, not this.
    pub fn channel(&self, to: &str) -> AuthChannel {
        let credential = match &self.0.tokens {
            Some(tokens) => Credential::Service { tokens: tokens.clone(), to: to.to_owned() },
            None => Credential::None,
        };
        self.0.along_reach(to, credential)
    }

    /// A channel to a service with a person's token.
    pub fn person_channel(&self, to: &str, access_token: String, key: SigningKey) -> AuthChannel {
        let settings = &self.0.settings;
        let token = DpopToken {
            access_token,
            key,
            origin: settings.origin.clone(),
            clock: settings.clock.clone(),
            entropy: settings.entropy.clone(),
        };
        let state = crate::client::DpopState::new(token);
        self.0.along_reach(to, Credential::Dpop(Arc::new(state)))
    }

    /// A channel for public calls and for calls known by the certificate alone.
    pub fn anonymous(&self, to: &str) -> AuthChannel {
        self.0.along_reach(to, Credential::None)
    }
}

/// A service that vanished without a word (its machine is gone) is noticed within 15 s, also by
/// streams that only listen.
fn watchful(endpoint: Endpoint) -> Endpoint {
    endpoint
        .connect_timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
}

impl Inner {
    fn along_reach(&self, to: &str, credential: Credential) -> AuthChannel {
        let own = &self.settings.own;
        if reach_table().may_call(own, to)
            && let Some(channel) = self.transport(to)
        {
            return AuthChannel::new(channel, credential);
        }
        let text = format!("{own} has no way to {to}");
        let status = refusal(Code::PermissionDenied, "OUT_OF_REACH", text, []);
        let nowhere = Endpoint::from_static("http://nowhere.invalid").connect_lazy();
        AuthChannel::new(nowhere, Credential::Broken(status))
    }

    fn transport(&self, to: &str) -> Option<Channel> {
        let settings = &self.settings;
        let peer = Peer { service: settings.own.clone(), thumbprint: settings.thumbprint.clone() };
        match &self.way {
            Way::InProcess(registry) => Some(self.pipe(registry, peer, to)),
            Way::Network(_, registry) if to == settings.own => Some(self.pipe(registry, peer, to)),
            Way::Network(channels, _) => channels.get(to).cloned(),
        }
    }

    fn pipe(&self, registry: &InProcess, peer: Peer, to: &str) -> Channel {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        pipes.entry(to.to_owned()).or_insert_with(|| registry.channel(peer, to)).clone()
    }
}
