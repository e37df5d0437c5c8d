//! A certificate authority for one run: the provider's own certificate, the world's, and those of
//! clients that prove themselves by one.

use anyhow::Context as _;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};

/// A certificate with its key, both PEM.
#[derive(Clone)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
    pub der: Vec<u8>,
}

impl Pair {
    /// As `reqwest` wants it.
    pub fn identity(&self) -> anyhow::Result<reqwest::Identity> {
        Ok(reqwest::Identity::from_pem(format!("{}{}", self.key, self.certificate).as_bytes())?)
    }

    /// `x5t#S256` (RFC 8705 §3.1).
    pub fn thumbprint(&self) -> String {
        siegel_crypto::b64::encode(siegel_crypto::sha256(&self.der))
    }
}

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// For a server on loopback.
    pub fn server(&self) -> anyhow::Result<Pair> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        for address in ["127.0.0.1", "::1"] {
            params.subject_alt_names.push(SanType::IpAddress(address.parse()?));
        }
        params.distinguished_name.push(DnType::CommonName, "localhost");
        self.signed(&params)
    }

    /// For a client with this subject and DNS name.
    pub fn client(&self, common_name: &str, dns: &str) -> anyhow::Result<Pair> {
        let mut params = CertificateParams::new(vec![dns.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        self.signed(&params)
    }

    fn signed(&self, params: &CertificateParams) -> anyhow::Result<Pair> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer).context("signing a certificate")?;
        Ok(Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().to_vec(),
        })
    }
}

/// A certificate that vouches for itself, of a P-256 key made by `key`.
pub fn self_signed(common_name: &str, key_pem: &str) -> anyhow::Result<Pair> {
    let key = KeyPair::from_pem(key_pem)?;
    let mut params = CertificateParams::new(vec!["client.example".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let certificate = params.self_signed(&key)?;
    Ok(Pair {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        der: certificate.der().to_vec(),
    })
}
