//! Client assertions: `private_key_jwt` (RFC 7523 §3, OpenID Connect Core §9).

use serde::{Deserialize, Serialize};
use siegel_crypto::{JwsError, KeyError, KeySet, SigningKey};
use siegel_kernel::Timestamp;

/// `client_assertion_type` of a JWT.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion may still live when it arrives, seconds.
pub const LONGEST: i64 = 300;

/// `aud` is one string or a list; FAPI 2.0 allows only the string.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    iat: Option<i64>,
    jti: String,
}

/// An assertion that does not authenticate its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    #[error("the client assertion is malformed")]
    Malformed,
    #[error("the client assertion is not signed by the client")]
    BadSignature,
    #[error("the client assertion names another client or audience")]
    OtherParty,
    #[error("the client assertion is expired, too long-lived or from the future")]
    Stale,
}

/// An assertion that held; that its `jti` is new is the caller's to check, until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    pub jti: String,
    pub expires_at: Timestamp,
}

/// The client an assertion speaks of, before anything is verified.
pub fn unverified_client(assertion: &str) -> Option<String> {
    let payload = assertion.split('.').nth(1).and_then(siegel_crypto::b64::decode)?;
    let json: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    json.get("iss")?.as_str().map(str::to_owned)
}

/// Checks an assertion of `client_id`; `audiences` are the acceptable values of `aud`, the issuer
/// first, each as a single string. `typ` is not demanded: stock clients leave it out.
pub fn verify(
    assertion: &str,
    keys: &KeySet,
    client_id: &str,
    audiences: &[&str],
    now: Timestamp,
) -> Result<Assertion, AssertionError> {
    let claims = read(assertion, keys)?;
    let meant = match &claims.aud {
        Audience::One(aud) => audiences.contains(&aud.as_str()),
        Audience::Many(list) => {
            list.len() == 1 && list.iter().all(|aud| audiences.contains(&aud.as_str()))
        }
    };
    if claims.iss != client_id || claims.sub != client_id || !meant {
        return Err(AssertionError::OtherParty);
    }
    let now = now.as_seconds();
    let from_future = |t: Option<i64>| t.is_some_and(|t| t > now + super::dpop::SKEW);
    let timely = claims.exp > now && claims.exp <= now + LONGEST + super::dpop::SKEW;
    if !timely || from_future(claims.nbf) || from_future(claims.iat) {
        return Err(AssertionError::Stale);
    }
    if claims.jti.is_empty() || claims.jti.len() > 256 {
        return Err(AssertionError::Malformed);
    }
    Ok(Assertion { jti: claims.jti, expires_at: Timestamp::from_seconds(claims.exp) })
}

fn read(assertion: &str, keys: &KeySet) -> Result<Claims, AssertionError> {
    let header = siegel_crypto::unverified(assertion).map_err(|_| AssertionError::Malformed)?;
    let named = header.kid.as_deref().and_then(|kid| keys.find(kid));
    // A client with one key may leave the key id out (OpenID Connect Core §10.1).
    let only =
        if header.kid.is_none() && keys.keys().len() == 1 { keys.keys().first() } else { None };
    let jwk = named.or(only).ok_or(AssertionError::BadSignature)?;
    siegel_crypto::verify_untyped(assertion, jwk).map_err(|e| match e {
        JwsError::Malformed => AssertionError::Malformed,
        _ => AssertionError::BadSignature,
    })
}

/// Makes an assertion of `client_id` for `audience` (the issuer), good for a minute.
pub fn make(
    key: &SigningKey,
    client_id: &str,
    audience: &str,
    jti: String,
    now: Timestamp,
) -> Result<String, KeyError> {
    let claims = Claims {
        iss: client_id.to_owned(),
        sub: client_id.to_owned(),
        aud: Audience::One(audience.to_owned()),
        exp: now.as_seconds() + 60,
        nbf: None,
        iat: Some(now.as_seconds()),
        jti,
    };
    key.sign("JWT", &claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://konto.example";

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_741_256_100)
    }

    #[test]
    fn an_assertion_holds_for_its_client_audience_and_minute_only() {
        let key = SigningKey::generate().unwrap();
        let keys = KeySet::new([key.public_jwk().clone()]);
        let text = make(&key, "amt", ISSUER, "1".into(), now()).unwrap();
        assert_eq!(unverified_client(&text).as_deref(), Some("amt"));
        assert!(verify(&text, &keys, "amt", &[ISSUER], now()).is_ok());
        let refused = |c, a, t| verify(&text, &keys, c, &[a], t).unwrap_err();
        assert_eq!(refused("other", ISSUER, now()), AssertionError::OtherParty);
        assert_eq!(refused("amt", "https://evil.example", now()), AssertionError::OtherParty);
        let late = Timestamp::from_seconds(now().as_seconds() + 61);
        assert_eq!(refused("amt", ISSUER, late), AssertionError::Stale);
    }

    #[test]
    fn an_assertion_is_up_to_ten_seconds_early_and_never_a_minute() {
        let key = SigningKey::generate().unwrap();
        let keys = KeySet::new([key.public_jwk().clone()]);
        let at = |seconds: i64| {
            let then = Timestamp::from_seconds(now().as_seconds() + seconds);
            let text = make(&key, "amt", ISSUER, "1".into(), then).unwrap();
            verify(&text, &keys, "amt", &[ISSUER], now()).map(|_| ())
        };
        assert_eq!(at(10), Ok(()));
        assert_eq!(at(61), Err(AssertionError::Stale));
    }

    #[test]
    fn an_assertion_signed_by_somebody_else_is_refused() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let keys = KeySet::new([key.public_jwk().clone()]);
        let text = make(&other, "amt", ISSUER, "1".into(), now()).unwrap();
        assert_eq!(
            verify(&text, &keys, "amt", &[ISSUER], now()).unwrap_err(),
            AssertionError::BadSignature
        );
    }
}
