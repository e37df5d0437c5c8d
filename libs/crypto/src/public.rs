//! Public keys as JWKs.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey};

use crate::{KeyError, SignatureAlg};

/// The JWK of an ES256 key kept elsewhere, with `kid`, `use` and `alg`; `point` is uncompressed
/// (SEC 1 §2.3.3), 65 bytes.
pub fn p256_jwk(point: &[u8]) -> Result<Jwk, KeyError> {
    if point.len() != 65 || point.first() != Some(&4) {
        return Err(KeyError::Malformed);
    }
    let key = DecodingKey::from_ec_der(point);
    let jwk = Jwk::from_decoding_key(&key, None).map_err(|_| KeyError::Malformed)?;
    named(jwk, SignatureAlg::Es256).map(|(jwk, _)| jwk).ok_or(KeyError::Malformed)
}

/// The JWK of an RS256 key kept elsewhere, from modulus and exponent, big endian.
/// # Errors
/// [`KeyError::MalformedRsa`] under 2048 bits.
pub fn rsa_jwk(modulus: &[u8], exponent: &[u8]) -> Result<Jwk, KeyError> {
    let zeros = modulus.iter().take_while(|b| **b == 0).count();
    let modulus = modulus.get(zeros..).unwrap_or_default();
    if !is_strong(modulus) {
        return Err(KeyError::MalformedRsa);
    }
    let key = DecodingKey::from_rsa_raw_components(modulus, exponent);
    let jwk = Jwk::from_decoding_key(&key, None).map_err(|_| KeyError::MalformedRsa)?;
    named(jwk, SignatureAlg::Rs256).map(|(jwk, _)| jwk).ok_or(KeyError::MalformedRsa)
}

/// 2048 bits or more: 256 bytes that begin with a one.
pub(crate) fn is_strong(modulus: &[u8]) -> bool {
    modulus.len() > 256 || (modulus.len() == 256 && modulus.first().is_some_and(|b| *b >= 0x80))
}

/// The public half of a private key.
pub(crate) fn published(encoding: &EncodingKey, alg: SignatureAlg) -> Option<(Jwk, String)> {
    crate::install();
    named(Jwk::from_encoding_key(encoding, alg.algorithm()).ok()?, alg)
}

pub(crate) fn named(mut jwk: Jwk, alg: SignatureAlg) -> Option<(Jwk, String)> {
    crate::install();
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
    jwk.common.key_id = Some(kid.clone());
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    jwk.common.key_algorithm = Some(alg.algorithm().into());
    Some((jwk, kid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_public_point_gives_the_jwk_of_its_key() {
        let key = SigningKey::generate().unwrap();
        assert_eq!(&p256_jwk(&key.public_point().unwrap()).unwrap(), key.public_jwk());
        assert!(p256_jwk(&[4; 64]).is_err());
    }

    #[test]
    fn a_short_modulus_is_refused_however_it_is_padded() {
        let mut padded = vec![0; 200];
        padded.extend([0xff; 128]);
        assert!(rsa_jwk(&padded, &[1, 0, 1]).is_err());
        assert!(rsa_jwk(&[0xff; 256], &[1, 0, 1]).is_ok());
    }
}
