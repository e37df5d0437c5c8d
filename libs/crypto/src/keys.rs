use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Serialize;
use signature::Signer as _;
use zeroize::Zeroizing;

use crate::SignatureAlg;
use crate::provider::RingSigner;
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
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(&self.pkcs8);
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in body.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        Zeroizing::new(pem)
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

/// An RS256 signing key (RFC 7518 §3.3), made elsewhere and imported: 2048 bits or more.
#[derive(Clone)]
pub struct RsaSigningKey {
    signer: Arc<RingSigner>,
    jwk: Jwk,
    kid: String,
}

impl std::fmt::Debug for RsaSigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RsaSigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl RsaSigningKey {
    /// Reads `-----BEGIN PRIVATE KEY-----` (PKCS#8).
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = pkcs8_of(pem).ok_or(KeyError::MalformedRsa)?;
        let encoding = EncodingKey::from_rsa_der(&der);
        let (jwk, kid) = published(&encoding, SignatureAlg::Rs256).ok_or(KeyError::MalformedRsa)?;
        // ring accepts 2047 bits: the modulus must begin with a one.
        let strong = matches!(&jwk.algorithm, AlgorithmParameters::RSA(p)
            if crate::b64::decode(&p.n).is_some_and(|n| n.len() > 256
                || (n.len() == 256 && n.first().is_some_and(|b| *b >= 0x80))));
        if !strong {
            return Err(KeyError::MalformedRsa);
        }
        let signer = RingSigner::new(Algorithm::RS256, &der).map_err(|_| KeyError::MalformedRsa)?;
        Ok(Self { signer: Arc::new(signer), jwk, kid })
    }
}

impl TokenSigner for RsaSigningKey {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn alg(&self) -> SignatureAlg {
        SignatureAlg::Rs256
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.try_sign(message).map_err(|_| KeyError::Keeper("ring".to_owned()))
    }
}

/// The signing key of a PEM text, whichever of the two kinds it is.
pub fn token_signer_from_pem(pem: &str) -> Result<Arc<dyn TokenSigner>, KeyError> {
    match SigningKey::from_pem(pem) {
        Ok(key) => Ok(Arc::new(key)),
        Err(not_ec) => match RsaSigningKey::from_pem(pem) {
            Ok(key) => Ok(Arc::new(key)),
            Err(_) if !looks_like_rsa(pem) => Err(not_ec),
            Err(not_rsa) => Err(not_rsa),
        },
    }
}

/// Whether a PKCS#8 text says that it holds an RSA key (OID 1.2.840.113549.1.1.1).
fn looks_like_rsa(pem: &str) -> bool {
    const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    pkcs8_of(pem).is_some_and(|der| der.windows(RSA.len()).take(40).any(|part| part == RSA))
}

fn pkcs8_of(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
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

/// The public key with `kid`, `use` and `alg`.
fn published(encoding: &EncodingKey, alg: SignatureAlg) -> Option<(Jwk, String)> {
    crate::install();
    let mut jwk = Jwk::from_encoding_key(encoding, alg.algorithm()).ok()?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
    jwk.common.key_id = Some(kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = Some(alg.algorithm().into());
    Some((jwk, kid))
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

    const RSA: &str = include_str!("../fixtures/rsa-2048.pem");
    const SHORT: &str = include_str!("../fixtures/rsa-1024.pem");

    #[test]
    fn an_rsa_key_signs_what_its_public_half_verifies() {
        let signer = token_signer_from_pem(RSA).unwrap();
        assert_eq!(signer.alg(), SignatureAlg::Rs256);
        let token = sign_token(&*signer, Some("JWT"), &serde_json::json!({"sub": "a"})).unwrap();
        let keys = crate::KeySet::new([signer.public_jwk().clone()]);
        assert_eq!(keys.verify::<serde_json::Value>(&token, "JWT").unwrap()["sub"], "a");
        let json = keys.to_json();
        assert!(json.contains("\"RS256\"") && !json.contains("\"d\""), "{json}");
    }

    #[test]
    fn an_rsa_key_under_2048_bits_is_refused() {
        assert!(matches!(token_signer_from_pem(SHORT), Err(KeyError::MalformedRsa)));
        assert!(matches!(token_signer_from_pem("no key"), Err(KeyError::Malformed)));
    }
}
