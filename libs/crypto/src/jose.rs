use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;

/// A JWS that is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    #[error("not a signed token")]
    Malformed,
    #[error("signed with a key that is not in the key set")]
    UnknownKey,
    #[error("the token's type or algorithm is not the expected one")]
    WrongKind,
    #[error("the signature does not hold")]
    BadSignature,
}

/// What a token's header claims before anything is verified.
#[derive(Clone, Debug)]
pub struct Unverified {
    pub kid: Option<String>,
    pub typ: Option<String>,
    /// As written, `ES256`.
    pub alg: String,
    pub jwk: Option<Jwk>,
}

/// Reads the header of a compact JWS; nothing in it can be trusted yet.
pub fn unverified(token: &str) -> Result<Unverified, JwsError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| JwsError::Malformed)?;
    let alg = format!("{:?}", header.alg);
    Ok(Unverified { kid: header.kid, typ: header.typ, alg, jwk: header.jwk })
}

/// Verifies a compact JWS of this `typ` with one key; the algorithm comes from the key, never from
/// the token (RFC 8725 §3.1). Times and audience are the caller's to check.
pub fn verify_with_jwk<T: DeserializeOwned>(
    token: &str,
    typ: &str,
    jwk: &Jwk,
) -> Result<T, JwsError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| JwsError::Malformed)?;
    if !header.typ.as_deref().is_some_and(|t| same_media_type(t, typ)) {
        return Err(JwsError::WrongKind);
    }
    verify_untyped(token, jwk)
}

/// As [`verify_with_jwk`] for tokens whose kind is fixed by where they stand, such as a client
/// assertion, whose `typ` stock clients leave out.
pub fn verify_untyped<T: DeserializeOwned>(token: &str, jwk: &Jwk) -> Result<T, JwsError> {
    crate::install();
    let algorithm = algorithm_of(jwk).ok_or(JwsError::WrongKind)?;
    let header = jsonwebtoken::decode_header(token).map_err(|_| JwsError::Malformed)?;
    if header.alg != algorithm {
        return Err(JwsError::WrongKind);
    }
    let key = DecodingKey::from_jwk(jwk).map_err(|_| JwsError::UnknownKey)?;
    let mut rules = Validation::new(algorithm);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    match jsonwebtoken::decode::<T>(token, &key, &rules) {
        Ok(data) => Ok(data.claims),
        Err(e) => Err(match e.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => JwsError::BadSignature,
            _ => JwsError::Malformed,
        }),
    }
}

/// `application/` may be left out of `typ` (RFC 7515 §4.1.9); case does not matter.
fn same_media_type(a: &str, b: &str) -> bool {
    let bare = |t: &str| t.to_ascii_lowercase().trim_start_matches("application/").to_owned();
    bare(a) == bare(b)
}

/// The one asymmetric algorithm a key is used with; `None` for keys we do not accept.
fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::EllipticCurve(p), None | Some(KeyAlgorithm::ES256))
            if p.curve == EllipticCurve::P256 =>
        {
            Some(Algorithm::ES256)
        }
        (AlgorithmParameters::EllipticCurve(p), None | Some(KeyAlgorithm::ES384))
            if p.curve == EllipticCurve::P384 =>
        {
            Some(Algorithm::ES384)
        }
        (AlgorithmParameters::OctetKeyPair(p), None | Some(KeyAlgorithm::EdDSA))
            if p.curve == EllipticCurve::Ed25519 =>
        {
            Some(Algorithm::EdDSA)
        }
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Some(Algorithm::PS256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS256)) => Some(Algorithm::RS256),
        _ => None,
    }
}

/// The JWK SHA-256 thumbprint (RFC 7638), base64url: the `jkt` of a DPoP-bound token.
pub fn thumbprint(jwk: &Jwk) -> Result<String, JwsError> {
    crate::install();
    jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| JwsError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeySet, SigningKey};
    use serde_json::{Value, json};

    #[test]
    fn a_token_is_read_only_under_its_own_type_and_key() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let keys = KeySet::new([key.public_jwk().clone()]);
        let token = key.sign("at+jwt", &json!({"sub": "a"})).unwrap();
        assert_eq!(keys.verify::<Value>(&token, "at+jwt").unwrap()["sub"], "a");
        assert_eq!(keys.verify::<Value>(&token, "JWT").unwrap_err(), JwsError::WrongKind);
        let foreign = other.sign("at+jwt", &json!({"sub": "a"})).unwrap();
        assert_eq!(keys.verify::<Value>(&foreign, "at+jwt").unwrap_err(), JwsError::UnknownKey);
        assert_eq!(
            verify_with_jwk::<Value>(&foreign, "at+jwt", key.public_jwk()).unwrap_err(),
            JwsError::BadSignature
        );
    }

    #[test]
    fn a_token_signed_with_the_public_key_as_hmac_secret_is_refused() {
        let key = SigningKey::generate().unwrap();
        let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
        header.kid = Some(key.kid().to_owned());
        header.typ = Some("at+jwt".into());
        let secret = jsonwebtoken::EncodingKey::from_secret(&key.public_point().unwrap());
        let forged = jsonwebtoken::encode(&header, &json!({"sub": "a"}), &secret).unwrap();
        let keys = KeySet::new([key.public_jwk().clone()]);
        assert_eq!(keys.verify::<Value>(&forged, "at+jwt").unwrap_err(), JwsError::WrongKind);
    }

    #[test]
    fn a_changed_payload_does_not_verify() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign("at+jwt", &json!({"sub": "a"})).unwrap();
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        parts[1] = crate::b64::encode(br#"{"sub":"b"}"#);
        let bent = parts.join(".");
        let found = verify_with_jwk::<Value>(&bent, "at+jwt", key.public_jwk());
        assert_eq!(found.unwrap_err(), JwsError::BadSignature);
    }
}
