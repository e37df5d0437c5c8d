use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{ALPN, Door, provider};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// PEM files: the chain with the own certificate first, and its private key.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    pub chain: PathBuf,
    pub key: PathBuf,
}

/// The certificate of a public listener; follows its files, so that a renewal needs no restart.
#[derive(Debug)]
pub struct ServerCertificate {
    files: CertificateFiles,
    current: RwLock<Loaded>,
}

#[derive(Clone, Debug)]
struct Loaded {
    key: Arc<CertifiedKey>,
    changed: [Option<SystemTime>; 2],
}

impl CertificateFiles {
    fn load(&self) -> anyhow::Result<Loaded> {
        let changed = self.changed();
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&read(&self.chain)?)
                .collect::<Result<_, _>>()
                .map_err(|_| anyhow!("{} is malformed", self.chain.display()))?;
        if chain.is_empty() {
            return Err(anyhow!("{} holds no certificate", self.chain.display()));
        }
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?)
            .map_err(|_| anyhow!("{} holds no private key", self.key.display()))?;
        let key = CertifiedKey::from_der(chain, key, &provider()).with_context(|| {
            format!("{} does not belong to {}", self.key.display(), self.chain.display())
        })?;
        Ok(Loaded { key: Arc::new(key), changed })
    }

    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.chain, &self.key].map(|p| p.metadata().and_then(|m| m.modified()).ok())
    }
}

impl ServerCertificate {
    pub fn load(files: CertificateFiles) -> anyhow::Result<Arc<Self>> {
        let current = RwLock::new(files.load()?);
        Ok(Arc::new(Self { files, current }))
    }

    /// Looks at the files for ever; a file that cannot be used changes nothing.
    pub async fn follow(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            match self.reload() {
                Ok(true) => tracing::info!("the certificate of the public listener was renewed"),
                Ok(false) => {}
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "the renewed certificate cannot be used");
                }
            }
        }
    }

    /// Takes changed files; `false` when they did not change.
    pub(super) fn reload(&self) -> anyhow::Result<bool> {
        let known = self.current.read().unwrap_or_else(PoisonError::into_inner).changed;
        if known == self.files.changed() {
            return Ok(false);
        }
        let fresh = self.files.load()?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// TLS 1.2 and 1.3 for everybody; nobody is asked for a certificate.
    pub fn door(self: &Arc<Self>) -> anyhow::Result<Door> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        Ok(Door::new(spoken(config.with_cert_resolver(self.clone()))))
    }
}

/// The configuration with both protocols.
pub(super) fn spoken(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    config
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}
