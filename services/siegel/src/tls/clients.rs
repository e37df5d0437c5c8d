//! The listener for clients that come with a certificate (RFC 8705). A certificate is asked for
//! and not demanded; any is taken whose key the client holds, also a self-signed one. What it is
//! worth is decided with the client's registration: here is only found out whether a known
//! authority signed it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use axum::http::Extensions;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use siegel_grpc::ClientCertificate;

use super::certificate::{ServerCertificate, spoken};
use super::{Door, provider};

/// Takes every certificate; checks that its key signed this handshake.
#[derive(Debug)]
pub struct AnyClient {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyClient {
    /// A door that knows which authorities clients' certificates may come from; without any, only
    /// self-signed certificates can be worth something.
    pub fn door(own: &Arc<ServerCertificate>, authorities: Option<&Path>) -> anyhow::Result<Door> {
        let verifier = Self { algorithms: provider().signature_verification_algorithms };
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(own.clone());
        let authorities = authorities.map(trust).transpose()?;
        Ok(Door::new(spoken(config)).admitting(move |connection| {
            let mut known = Extensions::new();
            if let Some([own, chain @ ..]) = connection.peer_certificates() {
                let trusted = authorities
                    .as_ref()
                    .is_some_and(|a| a.verify_client_cert(own, chain, UnixTime::now()).is_ok());
                known.insert(ClientCertificate::new(own, trusted));
            }
            Some(known)
        }))
    }
}

fn trust(file: &Path) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let unusable = || format!("listen.mtls_ca_file {} cannot be used", file.display());
    let pem = std::fs::read(file).with_context(unusable)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.with_context(unusable)?).with_context(unusable)?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .with_context(unusable)
}

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No authority is named: clients with a certificate of their own would not send it.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
