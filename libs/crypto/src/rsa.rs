use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey};
use signature::Signer as _;

use crate::keys::pkcs8_of;
use crate::provider::RingSigner;
use crate::public::{is_strong, published};
use crate::{KeyError, SignatureAlg, SigningKey, TokenSigner};

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
        // ring accepts 2047 bits.
        let strong = matches!(&jwk.algorithm, AlgorithmParameters::RSA(p)
            if crate::b64::decode(&p.n).is_some_and(|n| is_strong(&n)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_token;

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
