use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
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

/// The asymmetric signature algorithms we sign or verify with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlg {
    Es256,
    Es384,
    EdDsa,
    Ps256,
    Rs256,
}

impl SignatureAlg {
    /// Those FAPI 2.0 §5.4.1 allows for everything signed.
    pub const FAPI: [Self; 3] = [Self::Es256, Self::Ps256, Self::EdDsa];

    /// As `alg` writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::EdDsa => Algorithm::EdDSA,
            Self::Ps256 => Algorithm::PS256,
            Self::Rs256 => Algorithm::RS256,
        }
    }

    /// `None` for what we do not accept, `none` and the HMACs among it.
    const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::ES256 => Some(Self::Es256),
            Algorithm::ES384 => Some(Self::Es384),
            Algorithm::EdDSA => Some(Self::EdDsa),
            Algorithm::PS256 => Some(Self::Ps256),
            Algorithm::RS256 => Some(Self::Rs256),
            _ => None,
        }
    }
}

/// What a token's header claims before anything is verified.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// `None` for an algorithm we never accept.
    pub alg: Option<SignatureAlg>,
    pub kid: Option<String>,
    pub typ: Option<String>,
    pub jwk: Option<Jwk>,
}

/// Reads the header of a compact JWS; nothing in it can be trusted yet.
pub fn unverified(token: &str) -> Result<Unverified, JwsError> {
    let header = Compact::parse(token)?.header;
    let alg = SignatureAlg::of(header.alg);
    Ok(Unverified { alg, kid: header.kid, typ: header.typ, jwk: header.jwk })
}

/// Verifies a compact JWS of this `typ` with one key; the algorithm comes from the key, never from
/// the token (RFC 8725 §3.1). Times and audience are the caller's to check.
pub fn verify_with_jwk<T: DeserializeOwned>(
    token: &str,
    typ: &str,
    jwk: &Jwk,
) -> Result<T, JwsError> {
    let compact = Compact::parse(token)?;
    compact.check_typ(typ)?;
    Verifier::of(jwk)?.verify(&compact)
}

/// As [`verify_with_jwk`], for who reads the payload more strictly than JSON asks: its exact bytes.
/// # Errors
/// [`JwsError::BadSignature`] also for a signature that cannot be read; [`JwsError::Malformed`] for
/// a header that cannot, and for a signed payload that is not base64url.
pub fn verify_bytes(token: &str, typ: &str, jwk: &Jwk) -> Result<Vec<u8>, JwsError> {
    let compact = Compact::parse(token)?;
    compact.check_typ(typ)?;
    Verifier::of(jwk)?.holds(&compact).map_err(|error| match error {
        JwsError::Malformed => JwsError::BadSignature,
        other => other,
    })?;
    crate::b64::decode(compact.payload).ok_or(JwsError::Malformed)
}

/// As [`verify_with_jwk`] for tokens whose kind is fixed by where they stand, such as a client
/// assertion, whose `typ` stock clients leave out.
pub fn verify_untyped<T: DeserializeOwned>(token: &str, jwk: &Jwk) -> Result<T, JwsError> {
    Verifier::of(jwk)?.verify(&Compact::parse(token)?)
}

/// Verifies a JWS that brings its own key, such as a DPoP proof (RFC 9449 §4.2): the header chooses
/// the algorithm among the `allowed` ones, and the key must be of its kind.
pub fn verify_embedded<T: DeserializeOwned>(
    token: &str,
    typ: &str,
    allowed: &[SignatureAlg],
) -> Result<(T, Jwk), JwsError> {
    let mut compact = Compact::parse(token)?;
    compact.check_typ(typ)?;
    let mut jwk = compact.header.jwk.take().ok_or(JwsError::UnknownKey)?;
    let alg = SignatureAlg::of(compact.header.alg).ok_or(JwsError::WrongKind)?;
    if !allowed.contains(&alg) {
        return Err(JwsError::WrongKind);
    }
    jwk.common.key_algorithm.get_or_insert(alg.algorithm().into());
    let claims = Verifier::of(&jwk)?.verify(&compact)?;
    Ok((claims, jwk))
}

/// The one asymmetric algorithm a key is used with; `None` for keys we do not accept. An RSA key
/// must name its algorithm: padding is not to be guessed.
pub fn algorithm_of(jwk: &Jwk) -> Option<SignatureAlg> {
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::EllipticCurve(p), None | Some(KeyAlgorithm::ES256))
            if p.curve == EllipticCurve::P256 =>
        {
            Some(SignatureAlg::Es256)
        }
        (AlgorithmParameters::EllipticCurve(p), None | Some(KeyAlgorithm::ES384))
            if p.curve == EllipticCurve::P384 =>
        {
            Some(SignatureAlg::Es384)
        }
        (AlgorithmParameters::OctetKeyPair(p), None | Some(KeyAlgorithm::EdDSA))
            if p.curve == EllipticCurve::Ed25519 =>
        {
            Some(SignatureAlg::EdDsa)
        }
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Some(SignatureAlg::Ps256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS256)) => Some(SignatureAlg::Rs256),
        _ => None,
    }
}

/// The JWK SHA-256 thumbprint (RFC 7638), base64url: the `jkt` of a DPoP-bound token.
pub fn thumbprint(jwk: &Jwk) -> Result<String, JwsError> {
    crate::install();
    jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| JwsError::Malformed)
}

/// A compact JWS, taken apart once.
pub(crate) struct Compact<'a> {
    pub(crate) header: Header,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, JwsError> {
        let (message, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (_, payload) = message.split_once('.').ok_or(JwsError::Malformed)?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwsError::Malformed)?;
        // There is no extension that we understand (RFC 7515 §4.1.11).
        if header.crit.is_some() || payload.contains('.') {
            return Err(JwsError::Malformed);
        }
        Ok(Self { header, message, payload, signature })
    }

    /// `application/` may be left out of `typ` (RFC 7515 §4.1.9); case does not matter.
    pub(crate) fn check_typ(&self, typ: &str) -> Result<(), JwsError> {
        let bare = |t: &str| t.to_ascii_lowercase().trim_start_matches("application/").to_owned();
        match &self.header.typ {
            Some(found) if bare(found) == bare(typ) => Ok(()),
            _ => Err(JwsError::WrongKind),
        }
    }
}

/// A public key, read once, with its one algorithm.
#[derive(Clone, Debug)]
pub(crate) struct Verifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier {
    pub(crate) fn of(jwk: &Jwk) -> Result<Self, JwsError> {
        crate::install();
        let algorithm = algorithm_of(jwk).ok_or(JwsError::WrongKind)?.algorithm();
        let key = DecodingKey::from_jwk(jwk).map_err(|_| JwsError::UnknownKey)?;
        Ok(Self { algorithm, key })
    }

    pub(crate) fn verify<T: DeserializeOwned>(&self, jws: &Compact<'_>) -> Result<T, JwsError> {
        self.holds(jws)?;
        let payload = crate::b64::decode(jws.payload).ok_or(JwsError::Malformed)?;
        serde_json::from_slice(&payload).map_err(|_| JwsError::Malformed)
    }

    fn holds(&self, jws: &Compact<'_>) -> Result<(), JwsError> {
        if jws.header.alg != self.algorithm {
            return Err(JwsError::WrongKind);
        }
        let message = jws.message.as_bytes();
        let held = jsonwebtoken::crypto::verify(jws.signature, message, &self.key, self.algorithm);
        if held.map_err(|_| JwsError::Malformed)? { Ok(()) } else { Err(JwsError::BadSignature) }
    }
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
    fn a_header_with_critical_extensions_is_refused() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign("at+jwt", &json!({"sub": "a"})).unwrap();
        let (head, rest) = token.split_once('.').unwrap();
        let mut json: Value = serde_json::from_slice(&crate::b64::decode(head).unwrap()).unwrap();
        json["crit"] = json!(["exp"]);
        let bent = format!("{}.{rest}", crate::b64::encode(json.to_string()));
        assert_eq!(unverified(&bent).unwrap_err(), JwsError::Malformed);
        assert_eq!(unverified(&format!("{token}.x")).unwrap_err(), JwsError::Malformed);
    }

    #[test]
    fn an_embedded_key_is_used_with_an_allowed_algorithm_only() {
        let key = SigningKey::generate().unwrap();
        let token = key.sign_with_embedded_key("x", &json!({"sub": "a"})).unwrap();
        let read = |allowed: &[SignatureAlg]| verify_embedded::<Value>(&token, "x", allowed);
        assert_eq!(read(&[SignatureAlg::Es256]).unwrap().0["sub"], "a");
        assert_eq!(read(&[SignatureAlg::Ps256]).unwrap_err(), JwsError::WrongKind);
    }

    #[test]
    fn an_rsa_key_in_a_header_is_used_with_pss_and_not_with_the_old_padding() {
        crate::install();
        let pem = include_bytes!("../fixtures/rsa-2048.pem");
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(pem).unwrap();
        let signed = |algorithm| {
            let mut header = Header::new(algorithm);
            header.typ = Some("x".into());
            let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
            jwk.common = jsonwebtoken::jwk::CommonParameters::default();
            header.jwk = Some(jwk);
            jsonwebtoken::encode(&header, &json!({"sub": "a"}), &key).unwrap()
        };
        let allowed = [SignatureAlg::Es256, SignatureAlg::Ps256];
        let read = |token: &str| verify_embedded::<Value>(token, "x", &allowed);
        assert_eq!(read(&signed(Algorithm::PS256)).unwrap().0["sub"], "a");
        assert_eq!(read(&signed(Algorithm::RS256)).unwrap_err(), JwsError::WrongKind);
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
