//! DPoP proofs (RFC 9449): made by clients, checked by identity and by resource servers.

use serde::{Deserialize, Serialize};
use siegel_crypto::{
    JwsError, KeyError, SignatureAlg, SigningKey, b64, same_bytes, sha256, thumbprint, unverified,
    verify_embedded,
};
use siegel_kernel::Timestamp;

/// Type of a proof (RFC 9449 §4.2).
pub const TYP: &str = "dpop+jwt";
/// Accepted in proofs: their keys are made for this purpose, so the old RSA padding has no excuse.
pub const ALGORITHMS: [SignatureAlg; 4] =
    [SignatureAlg::Es256, SignatureAlg::Es384, SignatureAlg::EdDsa, SignatureAlg::Ps256];
/// How old a proof may be, seconds.
pub const WINDOW: i64 = 60;
/// How far ahead of ours a client's clock may be, seconds.
pub const SKEW: i64 = 10;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

/// A proof that does not prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    #[error("the DPoP proof is malformed")]
    Malformed,
    #[error("the DPoP proof's signature or key is not acceptable")]
    BadSignature,
    #[error("the DPoP proof is for another request")]
    OtherRequest,
    #[error("the DPoP proof is too old or from the future")]
    Stale,
    #[error("the DPoP proof is for another access token")]
    OtherToken,
    #[error("the token is bound to another DPoP key")]
    OtherKey,
}

/// What a request must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// HTTP method, `POST` for every gRPC call.
    pub method: &'a str,
    /// Public URL of the request without query and fragment.
    pub url: &'a str,
    /// The access token that comes with the proof, at resource servers.
    pub access_token: Option<&'a str>,
    /// Thumbprint the token or code is bound to, when it is bound.
    pub jkt: Option<&'a str>,
}

/// A proof that held. Replay of `jti` and the nonce are the caller's to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub jti: String,
    /// SHA-256 thumbprint of the key.
    pub jkt: String,
    pub alg: SignatureAlg,
    pub nonce: Option<String>,
}

/// Checks a proof (RFC 9449 §4.3).
pub fn verify(proof: &str, expected: &Expected<'_>, now: Timestamp) -> Result<Proof, DpopError> {
    let alg = unverified(proof).map_err(|_| DpopError::Malformed)?.alg;
    if has_private_part(proof) {
        return Err(DpopError::BadSignature);
    }
    let (claims, jwk): (Claims, _) =
        verify_embedded(proof, TYP, &ALGORITHMS).map_err(|e| match e {
            JwsError::Malformed | JwsError::UnknownKey => DpopError::Malformed,
            JwsError::WrongKind | JwsError::BadSignature => DpopError::BadSignature,
        })?;
    let alg = alg.ok_or(DpopError::BadSignature)?;
    if claims.htm != expected.method || !same_url(&claims.htu, expected.url) {
        return Err(DpopError::OtherRequest);
    }
    let now = now.as_seconds();
    if claims.iat < now - WINDOW || claims.iat > now + SKEW {
        return Err(DpopError::Stale);
    }
    if let Some(token) = expected.access_token {
        let held = claims.ath.as_deref().unwrap_or_default();
        if !same_bytes(held.as_bytes(), token_hash(token).as_bytes()) {
            return Err(DpopError::OtherToken);
        }
    }
    let jkt = thumbprint(&jwk).map_err(|_| DpopError::Malformed)?;
    if expected.jkt.is_some_and(|bound| bound != jkt) {
        return Err(DpopError::OtherKey);
    }
    if claims.jti.is_empty() || claims.jti.len() > 128 {
        return Err(DpopError::Malformed);
    }
    Ok(Proof { jti: claims.jti, jkt, alg, nonce: claims.nonce })
}

/// Makes a proof for one request.
pub fn prove(
    key: &SigningKey,
    expected: &Expected<'_>,
    nonce: Option<&str>,
    jti: String,
    now: Timestamp,
) -> Result<String, KeyError> {
    let claims = Claims {
        jti,
        htm: expected.method.to_owned(),
        htu: expected.url.to_owned(),
        iat: now.as_seconds(),
        ath: expected.access_token.map(token_hash),
        nonce: nonce.map(str::to_owned),
    };
    key.sign_with_embedded_key(TYP, &claims)
}

/// `ath`: base64url SHA-256 of the access token's ASCII form.
pub fn token_hash(token: &str) -> String {
    b64::encode(sha256(token.as_bytes()))
}

/// The header's key must be public: a client that sends its private key has lost it.
fn has_private_part(proof: &str) -> bool {
    let header = proof.split('.').next().and_then(b64::decode).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_slice(&header).unwrap_or_default();
    ["d", "p", "q", "k"].iter().any(|part| json.pointer(&format!("/jwk/{part}")).is_some())
}

/// Compares without query and fragment, and without a default port (RFC 9449 §4.3).
fn same_url(a: &str, b: &str) -> bool {
    let bare = |text: &str| {
        let mut url = url::Url::parse(text).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(url.to_string())
    };
    bare(a).is_some_and(|a| Some(a) == bare(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://konto.example/siegel.postbox.v1.SenderService/Submit";

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_741_256_100)
    }

    fn expected() -> Expected<'static> {
        Expected { method: "POST", url: URL, access_token: Some("token"), jkt: None }
    }

    #[test]
    fn a_proof_holds_for_its_own_request_token_and_time_only() {
        let key = SigningKey::generate().unwrap();
        let proof = prove(&key, &expected(), Some("n"), "1".into(), now()).unwrap();
        let held = verify(&proof, &expected(), now()).unwrap();
        assert_eq!((held.jkt.as_str(), held.nonce.as_deref()), (key.kid(), Some("n")));

        let other = |e: Expected<'_>| verify(&proof, &e, now()).unwrap_err();
        assert_eq!(other(Expected { method: "GET", ..expected() }), DpopError::OtherRequest);
        assert_eq!(
            other(Expected { url: "https://x.example/", ..expected() }),
            DpopError::OtherRequest
        );
        assert_eq!(
            other(Expected { access_token: Some("t"), ..expected() }),
            DpopError::OtherToken
        );
        assert_eq!(other(Expected { jkt: Some("k"), ..expected() }), DpopError::OtherKey);
        let late = Timestamp::from_seconds(now().as_seconds() + WINDOW + 1);
        assert_eq!(verify(&proof, &expected(), late).unwrap_err(), DpopError::Stale);
        let early = Timestamp::from_seconds(now().as_seconds() - SKEW - 1);
        assert_eq!(verify(&proof, &expected(), early).unwrap_err(), DpopError::Stale);
    }

    #[test]
    fn a_query_in_the_request_does_not_matter() {
        let key = SigningKey::generate().unwrap();
        let proof = prove(&key, &expected(), None, "1".into(), now()).unwrap();
        let url = format!("{URL}?x=1");
        assert!(verify(&proof, &Expected { url: &url, ..expected() }, now()).is_ok());
    }

    #[test]
    fn an_address_is_compared_in_its_normal_form_without_query_and_fragment() {
        let same = |a: &str| same_url(a, "https://konto.example/token");
        for written in [
            "HTTPS://KONTO.example/token",
            "https://konto.example:443/token",
            "https://konto.example/token?x=1#y",
            "https://konto.example/a/../token",
        ] {
            assert!(same(written), "{written}");
        }
        for other in [
            "http://konto.example/token",
            "https://konto.example:444/token",
            "https://konto.example/token/",
            "https://konto.example/Token",
            "https://konto.example.evil.example/token",
            "/token",
        ] {
            assert!(!same(other), "{other}");
        }
    }

    #[test]
    fn a_proof_is_up_to_ten_seconds_early_and_never_a_minute() {
        let key = SigningKey::generate().unwrap();
        let at = |seconds: i64| {
            let then = Timestamp::from_seconds(now().as_seconds() + seconds);
            let proof = prove(&key, &expected(), None, "1".into(), then).unwrap();
            verify(&proof, &expected(), now()).map(|_| ())
        };
        assert_eq!(at(10), Ok(()));
        assert_eq!(at(61), Err(DpopError::Stale));
    }

    #[test]
    fn a_proof_that_shows_its_private_key_is_refused() {
        let key = SigningKey::generate().unwrap();
        let proof = prove(&key, &expected(), None, "1".into(), now()).unwrap();
        let (head, rest) = proof.split_once('.').unwrap();
        let mut json: serde_json::Value =
            serde_json::from_slice(&b64::decode(head).unwrap()).unwrap();
        json["jwk"]["d"] = "AA".into();
        let shown = format!("{}.{rest}", b64::encode(json.to_string()));
        assert_eq!(verify(&shown, &expected(), now()).unwrap_err(), DpopError::BadSignature);
    }

    #[test]
    fn a_proof_of_another_type_is_refused() {
        let key = SigningKey::generate().unwrap();
        let proof = key.sign_with_embedded_key("jwt", &serde_json::json!({"jti": "1"})).unwrap();
        assert_eq!(verify(&proof, &expected(), now()).unwrap_err(), DpopError::BadSignature);
    }
}
