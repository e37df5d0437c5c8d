//! Signing keys of the kinds that receipts may be signed with, chosen by what the file holds.

use std::path::Path;
use std::sync::Arc;

use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _,
};
use serde_json::json;
use signature::Signer as _;
use zeroize::Zeroizing;

use crate::keys::{pem_of, pkcs8_of};
use crate::provider::RingSigner;
use crate::public::{named, published};
use crate::signer::TokenSigner;
use crate::store::load_or_create_with;
use crate::{KeyError, SignatureAlg};

/// The algorithms, the usual one first.
const ALGORITHMS: [SignatureAlg; 3] =
    [SignatureAlg::Es256, SignatureAlg::Es384, SignatureAlg::EdDsa];

/// A private key in PKCS#8 whose kind says its algorithm: P-256 signs ES256, P-384 ES384 (RFC 7518
/// §3.4), Ed25519 signs `EdDSA` (RFC 8037 §3.1).
pub struct Pkcs8Signer {
    alg: SignatureAlg,
    signer: RingSigner,
    jwk: Jwk,
    kid: String,
}

impl std::fmt::Debug for Pkcs8Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pkcs8Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Pkcs8Signer {
    /// Reads `-----BEGIN PRIVATE KEY-----`.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = pkcs8_of(pem).ok_or(KeyError::MalformedEvidence)?;
        let mut found = ALGORITHMS.into_iter().filter_map(|alg| Self::of(&der, alg));
        found.next().ok_or(KeyError::MalformedEvidence)
    }

    fn of(der: &[u8], alg: SignatureAlg) -> Option<Self> {
        let signer = RingSigner::new(alg.algorithm(), der).ok()?;
        let (jwk, kid) = match alg {
            // jsonwebtoken reads the public part of an Ed25519 key from the short form only.
            SignatureAlg::EdDsa => named(ed25519_jwk(der)?, alg)?,
            _ => published(&EncodingKey::from_ec_der(der), alg)?,
        };
        Some(Self { alg, signer, jwk, kid })
    }

    /// A fresh key as `-----BEGIN PRIVATE KEY-----`.
    /// # Errors
    /// [`KeyError::MalformedEvidence`] for an algorithm that signs no receipts.
    pub fn generate_pem(alg: SignatureAlg) -> Result<Zeroizing<String>, KeyError> {
        #[expect(clippy::disallowed_methods, reason = "ring's generator trait is sealed")]
        let random = SystemRandom::new();
        let made = match alg {
            SignatureAlg::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            SignatureAlg::Es384 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random)
            }
            SignatureAlg::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
            SignatureAlg::Ps256 | SignatureAlg::Rs256 => return Err(KeyError::MalformedEvidence),
        };
        Ok(pem_of(made.map_err(|_| KeyError::Generate)?.as_ref()))
    }
}

fn ed25519_jwk(der: &[u8]) -> Option<Jwk> {
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
    let x = crate::b64::encode(pair.public_key().as_ref());
    serde_json::from_value(json!({ "kty": "OKP", "crv": "Ed25519", "x": x })).ok()
}

impl TokenSigner for Pkcs8Signer {
    fn kid(&self) -> &str {
        &self.kid
    }

    fn alg(&self) -> SignatureAlg {
        self.alg
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.signer.try_sign(message).map_err(|_| KeyError::Keeper("ring".to_owned()))
    }
}

/// Reads a key that signs evidence from a PEM file, or makes an ES256 one when `may_create`.
pub fn load_evidence_key(path: &Path, may_create: bool) -> Result<Arc<dyn TokenSigner>, KeyError> {
    let fresh = || {
        let pem = Pkcs8Signer::generate_pem(SignatureAlg::Es256)?;
        Ok(Zeroizing::new(pem.as_bytes().to_vec()))
    };
    let stored = load_or_create_with(path, may_create, fresh)?;
    let pem = std::str::from_utf8(&stored.bytes).map_err(|_| KeyError::MalformedEvidence)?;
    Ok(Arc::new(Pkcs8Signer::from_pem(pem)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sign_token, verify_with_jwk};
    use serde_json::Value;

    #[test]
    fn a_key_of_each_kind_signs_what_its_public_part_verifies() {
        for alg in ALGORITHMS {
            let key = Pkcs8Signer::from_pem(&Pkcs8Signer::generate_pem(alg).unwrap()).unwrap();
            assert_eq!(key.alg(), alg);
            let token = sign_token(&key, Some("x"), &json!({"a": 1})).unwrap();
            let read = verify_with_jwk::<Value>(&token, "x", key.public_jwk()).unwrap();
            assert_eq!(read["a"], 1, "{alg:?}");
        }
    }

    #[test]
    fn a_key_that_signs_no_receipts_is_refused() {
        let rsa = include_str!("../fixtures/rsa-2048.pem");
        assert!(Pkcs8Signer::from_pem(rsa).is_err());
        assert!(Pkcs8Signer::generate_pem(SignatureAlg::Rs256).is_err());
    }

    #[test]
    fn an_evidence_key_is_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("evidence.pem");
        assert!(load_evidence_key(&path, false).is_err());
        let first = load_evidence_key(&path, true).unwrap();
        assert_eq!(load_evidence_key(&path, false).unwrap().kid(), first.kid());
    }
}
