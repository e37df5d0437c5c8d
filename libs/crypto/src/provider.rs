//! The ring-backed provider behind `jsonwebtoken`, and rustls' ring provider.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::jwk::{EllipticCurve, ThumbprintHash};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{self as rs, KeyPair as _};
use ring::{digest, hmac};
use signature::{Error as SignatureError, Signer, Verifier};

/// Makes ring the provider of rustls and jsonwebtoken for this process. Repeating it is harmless;
/// whatever signs or verifies calls it first.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means another part of the program installed a provider before: keep it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let _ = PROVIDER.install_default();
    });
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: rsa_public,
        rsa_pub_components_from_public_key: |_| Err(ErrorKind::InvalidAlgorithm.into()),
        ec_pub_components_from_private_key: ec_public,
        ed_pub_components_from_private_key: ed_public,
        compute_digest: hash,
    },
};

fn random() -> SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "ring's generator trait is sealed")]
    SystemRandom::new()
}

enum Key {
    Hmac(hmac::Key),
    Ec(rs::EcdsaKeyPair),
    Ed(rs::Ed25519KeyPair),
    Rsa(Box<rs::RsaKeyPair>, &'static dyn rs::RsaEncoding),
}

/// A private key parsed once: parsing checks the key and costs more than a signature.
pub(crate) struct RingSigner {
    algorithm: Algorithm,
    key: Key,
    random: SystemRandom,
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, SignatureError> {
        match &self.key {
            Key::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Key::Ec(key) => key
                .sign(&self.random, message)
                .map(|s| s.as_ref().to_vec())
                .map_err(|_| SignatureError::new()),
            Key::Ed(key) => Ok(key.sign(message).as_ref().to_vec()),
            Key::Rsa(key, encoding) => {
                let mut out = vec![0; key.public().modulus_len()];
                key.sign(*encoding, &self.random, message, &mut out)
                    .map_err(|_| SignatureError::new())?;
                Ok(out)
            }
        }
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the provider's signature")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    if algorithm.family() != key.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(RingSigner::new(*algorithm, key.as_bytes())?))
}

impl RingSigner {
    /// Parses a secret, or a private key in PKCS#8 (RSA also in PKCS#1).
    pub(crate) fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self> {
        let random = random();
        let key = Key::new(algorithm, bytes, &random)?;
        Ok(Self { algorithm, key, random })
    }
}

impl Key {
    fn new(algorithm: Algorithm, bytes: &[u8], random: &SystemRandom) -> Result<Self> {
        let key = match algorithm {
            Algorithm::HS256 => Self::Hmac(hmac::Key::new(hmac::HMAC_SHA256, bytes)),
            Algorithm::ES256 => {
                Self::Ec(ec_pair(&rs::ECDSA_P256_SHA256_FIXED_SIGNING, bytes, random)?)
            }
            Algorithm::ES384 => {
                Self::Ec(ec_pair(&rs::ECDSA_P384_SHA384_FIXED_SIGNING, bytes, random)?)
            }
            Algorithm::EdDSA => Self::Ed(
                rs::Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
                    .map_err(|_| Error::from(ErrorKind::InvalidEddsaKey))?,
            ),
            Algorithm::RS256 => Self::Rsa(Box::new(rsa_pair(bytes)?), &rs::RSA_PKCS1_SHA256),
            Algorithm::PS256 => Self::Rsa(Box::new(rsa_pair(bytes)?), &rs::RSA_PSS_SHA256),
            _ => return Err(ErrorKind::InvalidAlgorithm.into()),
        };
        Ok(key)
    }
}

/// ring wants both primes and at least 2047 bits; callers that make keys ask for 2048.
fn rsa_pair(der: &[u8]) -> Result<rs::RsaKeyPair> {
    rs::RsaKeyPair::from_pkcs8(der)
        .or_else(|_| rs::RsaKeyPair::from_der(der))
        .map_err(|e| ErrorKind::InvalidRsaKey(e.to_string()).into())
}

/// Modulus and exponent, big endian.
fn rsa_public(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let pair = rsa_pair(der)?;
    let parts = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
    Ok((parts.n, parts.e))
}

fn ec_pair(
    kind: &'static rs::EcdsaSigningAlgorithm,
    pkcs8: &[u8],
    random: &SystemRandom,
) -> Result<rs::EcdsaKeyPair> {
    rs::EcdsaKeyPair::from_pkcs8(kind, pkcs8, random).map_err(|_| ErrorKind::InvalidEcdsaKey.into())
}

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> std::result::Result<(), SignatureError> {
        let failed = |_| SignatureError::new();
        let plain: &dyn rs::VerificationAlgorithm = match self.algorithm {
            Algorithm::ES256 => &rs::ECDSA_P256_SHA256_FIXED,
            Algorithm::ES384 => &rs::ECDSA_P384_SHA384_FIXED,
            Algorithm::EdDSA => &rs::ED25519,
            Algorithm::RS256 => return self.rsa(&rs::RSA_PKCS1_2048_8192_SHA256, message, tag),
            Algorithm::PS256 => return self.rsa(&rs::RSA_PSS_2048_8192_SHA256, message, tag),
            _ => return Err(SignatureError::new()),
        };
        let key = self.key.try_get_as_bytes().map_err(|_| SignatureError::new())?;
        rs::UnparsedPublicKey::new(plain, key).verify(message, tag).map_err(failed)
    }
}

impl RingVerifier {
    fn rsa(
        &self,
        parameters: &'static rs::RsaParameters,
        message: &[u8],
        tag: &[u8],
    ) -> std::result::Result<(), SignatureError> {
        let held = match self.key.kind() {
            DecodingKeyKind::SecretOrDer(der) => {
                rs::UnparsedPublicKey::new(parameters, der).verify(message, tag)
            }
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                rs::RsaPublicKeyComponents { n, e }.verify(parameters, message, tag)
            }
        };
        held.map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the provider's signature")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    if algorithm.family() != key.family() || algorithm.family() == AlgorithmFamily::Hmac {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(RingVerifier { algorithm: *algorithm, key: key.clone() }))
}

fn ec_public(pkcs8: &[u8], algorithm: Algorithm) -> Result<(EllipticCurve, Vec<u8>, Vec<u8>)> {
    let (kind, curve, len) = match algorithm {
        Algorithm::ES256 => (&rs::ECDSA_P256_SHA256_FIXED_SIGNING, EllipticCurve::P256, 32),
        Algorithm::ES384 => (&rs::ECDSA_P384_SHA384_FIXED_SIGNING, EllipticCurve::P384, 48),
        _ => return Err(ErrorKind::InvalidEcdsaKey.into()),
    };
    let pair = ec_pair(kind, pkcs8, &random())?;
    // 0x04, then both coordinates (SEC 1 §2.3.3).
    let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
    let (x, y) = point.split_at_checked(len).ok_or(ErrorKind::InvalidEcdsaKey)?;
    Ok((curve, x.to_vec(), y.to_vec()))
}

fn ed_public(pkcs8: &[u8], curve: &EllipticCurve) -> Result<Vec<u8>> {
    if *curve != EllipticCurve::Ed25519 {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    let pair = rs::Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
        .map_err(|_| Error::from(ErrorKind::InvalidEddsaKey))?;
    Ok(pair.public_key().as_ref().to_vec())
}

#[expect(clippy::needless_pass_by_value, reason = "the provider's signature")]
fn hash(data: &[u8], kind: ThumbprintHash) -> Result<Vec<u8>> {
    let kind = match kind {
        ThumbprintHash::SHA256 => &digest::SHA256,
        ThumbprintHash::SHA384 => &digest::SHA384,
        ThumbprintHash::SHA512 => &digest::SHA512,
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(digest::digest(kind, data).as_ref().to_vec())
}
