//! Ed25519 (RFC 8032): the keys of signed notes, by which the public log speaks.

use std::path::Path;
use std::sync::Arc;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::KeyError;
use crate::keys::{pem_of, pkcs8_of};
use crate::store::load_or_create_with;

/// An Ed25519 signing key.
#[derive(Clone)]
pub struct Ed25519Key {
    pair: Arc<Ed25519KeyPair>,
    public: [u8; 32],
}

impl std::fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ed25519Key").finish_non_exhaustive()
    }
}

impl Ed25519Key {
    /// A fresh key as `-----BEGIN PRIVATE KEY-----` (PKCS#8).
    pub fn generate_pem() -> Result<Zeroizing<String>, KeyError> {
        #[expect(clippy::disallowed_methods, reason = "ring's generator trait is sealed")]
        let random = ring::rand::SystemRandom::new();
        let doc = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| KeyError::Generate)?;
        Ok(pem_of(doc.as_ref()))
    }

    /// Reads `-----BEGIN PRIVATE KEY-----`, with the public part in it or without.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = pkcs8_of(pem).ok_or(KeyError::MalformedEd25519)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        Self::of(pair.map_err(|_| KeyError::MalformedEd25519)?)
    }

    /// The key of a seed of 32 bytes (RFC 8032 §5.1.5).
    pub fn from_seed(seed: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        Self::of(pair.map_err(|_| KeyError::MalformedEd25519)?)
    }

    fn of(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let public = pair.public_key().as_ref().try_into();
        let public = public.map_err(|_| KeyError::MalformedEd25519)?;
        Ok(Self { pair: Arc::new(pair), public })
    }

    pub const fn public_key(&self) -> &[u8; 32] {
        &self.public
    }

    /// 64 bytes; the same message always has the same signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// Whether `signature` is this key's over `message` (RFC 8032 §5.1.7).
pub fn verify_ed25519(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

/// Reads an Ed25519 key from a PEM file, or makes one when `may_create`.
pub fn load_ed25519_key(path: &Path, may_create: bool) -> Result<Ed25519Key, KeyError> {
    let fresh = || Ok(Zeroizing::new(Ed25519Key::generate_pem()?.as_bytes().to_vec()));
    let stored = load_or_create_with(path, may_create, fresh)?;
    let pem = std::str::from_utf8(&stored.bytes).map_err(|_| KeyError::MalformedEd25519)?;
    Ed25519Key::from_pem(pem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_key_of_rfc_8032_test_1() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        let key = Ed25519Key::from_seed(&seed).unwrap();
        assert_eq!(key.public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        let signature = key.sign(b"");
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert!(verify_ed25519(key.public_key(), b"", &signature));
        assert!(!verify_ed25519(key.public_key(), b"x", &signature));
    }

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.pem");
        assert!(load_ed25519_key(&path, false).is_err());
        let first = load_ed25519_key(&path, true).unwrap();
        let second = load_ed25519_key(&path, false).unwrap();
        assert_eq!(first.public_key(), second.public_key());
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        let pem = crate::SigningKey::generate().unwrap().to_pem();
        assert!(Ed25519Key::from_pem(&pem).is_err());
    }
}
