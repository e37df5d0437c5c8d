//! An authority that certifies organisations.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256,
};
use siegel_crypto::{SigningKey, b64};

/// Signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub struct Certificate {
    pub der: Vec<u8>,
    key: SigningKey,
    _keys: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        siegel_crypto::install();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Testbehörde");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for an organisation with this organisation identifier.
    pub fn certifies(&self, name: &str, identifier: &str) -> Certificate {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, name);
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), identifier);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let keys = tempfile::tempdir().unwrap();
        let file = keys.path().join("key.pem");
        std::fs::write(&file, key.serialize_pem()).unwrap();
        let key = siegel_crypto::load_signing_key(&file, false).unwrap();
        Certificate { der: certificate.der().to_vec(), key, _keys: keys }
    }
}

impl Certificate {
    /// What its key signs about a claim.
    pub fn statement(&self, claim: &str, challenge: &str) -> String {
        self.statement_for("http://localhost:8080", claim, challenge)
    }

    pub fn statement_for(&self, audience: &str, claim: &str, challenge: &str) -> String {
        let said = serde_json::json!({ "aud": audience, "sub": claim, "nonce": challenge });
        self.key.sign("siegel-claim+jwt", &said).unwrap()
    }

    /// The statement with another payload under the same signature.
    pub fn bent(&self, claim: &str, challenge: &str) -> String {
        let token = self.statement(claim, "something else");
        let parts: Vec<&str> = token.split('.').collect();
        let said = serde_json::json!({ "aud": "http://localhost:8080", "sub": claim,
            "nonce": challenge });
        format!("{}.{}.{}", parts[0], b64::encode(said.to_string()), parts[2])
    }
}
