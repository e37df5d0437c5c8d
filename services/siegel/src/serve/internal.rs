//! The listener for siblings: mutual TLS; the certificate says which service calls.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use axum::Router;
use axum::http::Extensions;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use siegel_crypto::{b64, sha256};
use siegel_grpc::Peer;
use tonic::transport::{Certificate, Identity};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::settings::InternalTls;
use crate::suite::House;
use crate::tls::Door;

/// The certificate of this service and the authority behind all of them.
pub struct Certificates {
    chain_pem: Vec<u8>,
    key_pem: Vec<u8>,
    ca_pem: Vec<u8>,
    own: CertificateDer<'static>,
}

impl Certificates {
    pub fn load(tls: &InternalTls) -> anyhow::Result<Self> {
        let read = |path: &std::path::Path| {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let chain_pem = read(&tls.certificate_file)?;
        let own = CertificateDer::from_pem_slice(&chain_pem)
            .map_err(|_| anyhow!("{} holds no certificate", tls.certificate_file.display()))?;
        let key_pem = read(&tls.private_key_file)?;
        Ok(Self { key_pem, ca_pem: read(&tls.ca_file)?, own, chain_pem })
    }

    /// SHA-256 of the own certificate, base64url.
    pub fn thumbprint(&self) -> String {
        b64::encode(sha256(&self.own))
    }

    pub fn for_calls(&self) -> (Identity, Certificate) {
        (Identity::from_pem(&self.chain_pem, &self.key_pem), Certificate::from_pem(&self.ca_pem))
    }

    /// That siblings will take this certificate for `service`: it has the name under which
    /// `siblings` says it is found.
    pub fn check_name(
        &self,
        service: &str,
        siblings: &HashMap<String, String>,
    ) -> anyhow::Result<()> {
        let Some(peer) = peer_of(&self.own, &host_names(siblings)) else {
            bail!("internal_tls.certificate_file names no service that [siblings] lists");
        };
        if peer.service != service {
            bail!("internal_tls.certificate_file is that of {}, not of {service}", peer.service);
        }
        Ok(())
    }

    /// TLS 1.3 with client certificates of our authority only; requests carry the [`Peer`].
    pub fn for_server(&self, siblings: &HashMap<String, String>) -> anyhow::Result<Door> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&self.ca_pem) {
            roots.add(certificate.context("internal_tls.ca_file is malformed")?)?;
        }
        let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build()?;
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&self.chain_pem).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(&self.key_pem)
            .map_err(|_| anyhow!("internal_tls.private_key_file holds no private key"))?;
        let mut config = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS13])
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // DNS name of a service's address to its name.
        let names = host_names(siblings);
        let admit = move |connection: &rustls::ServerConnection| {
            let certificate = connection.peer_certificates().and_then(<[_]>::first)?;
            let Some(peer) = peer_of(certificate, &names) else {
                tracing::warn!("a certificate of our authority names no service of the suite");
                return None;
            };
            let mut known = Extensions::new();
            known.insert(peer);
            Some(known)
        };
        Ok(Door::new(config).http2_only().admitting(admit))
    }
}

fn host_names(siblings: &HashMap<String, String>) -> HashMap<String, String> {
    let host = |url: &str| url::Url::parse(url).ok()?.host_str().map(str::to_owned);
    siblings.iter().filter_map(|(name, url)| Some((host(url)?, name.clone()))).collect()
}

/// All services of the house behind their guards.
pub fn router(house: &House) -> Router {
    let guarded = house.grpc.iter().map(|(grpc, guard)| grpc.guarded(guard));
    guarded.fold(Router::new(), Router::merge)
}

/// The service whose address stands in the certificate's subject alternative names.
fn peer_of(certificate: &CertificateDer<'_>, names: &HashMap<String, String>) -> Option<Peer> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let alternatives = parsed.subject_alternative_name().ok()??;
    let service = alternatives.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(dns) => names.get(*dns).cloned(),
        _ => None,
    })?;
    Some(Peer { service, thumbprint: b64::encode(sha256(certificate)) })
}
