//! Whose word a certificate of an organisation is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use siegel_kernel::Timestamp;

/// The authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadAuthorities {
    #[error("[organisation] certificate_authorities_file cannot be read")]
    File(#[source] std::io::Error),
    #[error("[organisation] certificate_authorities_file holds what is no certificate")]
    Malformed,
    #[error("[organisation] certificate_authorities_file cannot be used")]
    Unusable(#[source] rustls::server::VerifierBuilderError),
}

/// Authorities whose certificates of organisations are recognised. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<dyn ClientCertVerifier>);

impl Authorities {
    /// Reads certificates in PEM.
    pub fn load(file: &Path) -> Result<Self, BadAuthorities> {
        let pem = std::fs::read(file).map_err(BadAuthorities::File)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| BadAuthorities::Malformed)?;
            roots.add(certificate).map_err(|_| BadAuthorities::Malformed)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        Ok(Self(verifier.build().map_err(BadAuthorities::Unusable)?))
    }

    /// Whether the first certificate leads over the others to one of them, and is in force.
    pub fn recognise(&self, chain: &[Vec<u8>], now: Timestamp) -> bool {
        let chain: Vec<CertificateDer<'_>> =
            chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let Some((own, between)) = chain.split_first() else { return false };
        let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        self.0.verify_client_cert(own, between, now).is_ok()
    }
}
