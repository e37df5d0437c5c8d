use std::sync::Arc;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Serialize;
use signature::Signer as _;
use zeroize::Zeroizing;

use crate::SignatureAlg;
use crate::provider::RingSigner;
use crate::public::published;
use crate::signer::{TokenSigner, compact, sign_token};

/// A key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot generate a key")]
    Generate,
    #[error("not a PKCS#8 private key for P-256")]
    Malformed,
    #[error("not a PKCS#8 private RSA key of 2048 bits or more")]
    MalformedRsa,
    #[error("not a PKCS#8 private key for Ed25519")]
    MalformedEd25519,
    #[error("not a PKCS#8 private key for P-256, P-384 or Ed25519")]
    MalformedEvidence,
    #[error("signing failed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    /// A token or a service that keeps the key gave no signature.
    #[error("the key's keeper did not sign: {0}")]
    Keeper(String),
    #[error("cannot read or write the key file {0}")]
    File(String, #[source] std::io::Error),
}

/// An ES256 signing key (RFC 7518 §3.4) with its public JWK; the key id is its SHA-256 thumbprint
/// (RFC 7638).
#[derive(Clone)]
pub struct SigningKey {
    pkcs8: Zeroizing<Vec<u8>>,
    signer: Arc<RingSigner>,
    jwk: Jwk,
    kid: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl SigningKey {
    pub fn generate() -> Result<Self, KeyError> {
        #[expect(clippy::disallowed_methods, reason = "ring's generator trait is sealed")]
        let random = ring::rand::SystemRandom::new();
        let doc = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| KeyError::Generate)?;
        Self::from_pkcs8(doc.as_ref())
    }

    /// Reads a PKCS#8 DER document.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let encoding = EncodingKey::from_ec_der(der);
        let (jwk, kid) = published(&encoding, SignatureAlg::Es256).ok_or(KeyError::Malformed)?;
        let signer = RingSigner::new(Algorithm::ES256, der).map_err(|_| KeyError::Malformed)?;
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), signer: Arc::new(signer), jwk, kid })
    }

    /// Reads `-----BEGIN PRIVATE KEY-----`.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::from_pkcs8(&pkcs8_of(pem).ok_or(KeyError::Malformed)?)
    }

    /// Writes `-----BEGIN PRIVATE KEY-----`.
    pub fn to_pem(&self) -> Zeroizing<String> {
        pem_of(&self.pkcs8)
    }

    /// The key id: base64url SHA-256 thumbprint of the public key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as JWK, with `kid`, `use` and `alg`.
    pub fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// Signs claims as a compact JWS with this `typ` (RFC 8725 §3.11: each kind of token has its
    /// own) and the key id.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        sign_token(self, Some(typ), claims)
    }

    /// As [`SigningKey::sign`], with the public key in the header instead of its id: the form of a
    /// DPoP proof (RFC 9449 §4.2).
    pub fn sign_with_embedded_key(
        &self,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, KeyError> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        let mut bare = self.jwk.clone();
        bare.common = jsonwebtoken::jwk::CommonParameters::default();
        header.jwk = Some(bare);
        compact(self, &header, claims)
    }

    /// The uncompressed public point, 65 bytes.
    pub fn public_point(&self) -> Result<Vec<u8>, KeyError> {
        #[expect(clippy::disallowed_methods, reason = "ring's generator trait is sealed")]
        let random = ring::rand::SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8, &random)
            .map_err(|_| KeyError::Malformed)?;
        Ok(pair.public_key().as_ref().to_vec())
    }
}

impl TokenSigner for SigningKey {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn alg(&self) -> SignatureAlg {
        SignatureAlg::Es256
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.try_sign(message).map_err(|_| KeyError::Keeper("ring".to_owned()))
    }
}

pub(crate) fn pem_of(pkcs8: &[u8]) -> Zeroizing<String> {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(pkcs8);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in body.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Zeroizing::new(pem)
}

pub(crate) fn pkcs8_of(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    use base64::Engine as _;
    let body: Zeroizing<String> = Zeroizing::new(
        pem.lines()
            .skip_while(|l| !l.starts_with("-----BEGIN PRIVATE KEY-----"))
            .skip(1)
            .take_while(|l| !l.starts_with("-----END"))
            .map(str::trim)
            .collect(),
    );
    let der = base64::engine::general_purpose::STANDARD.decode(body.as_bytes()).ok()?;
    (!der.is_empty()).then(|| Zeroizing::new(der))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_pem() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(key.kid(), again.kid());
        assert!(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END").is_err());
    }

    #[test]
    fn the_debug_text_holds_no_private_part() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
    }
}
