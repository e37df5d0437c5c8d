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

/// The key an assertion says it is signed with, before anything is verified.
pub fn unverified_key(assertion: &str) -> Option<String> {
    siegel_crypto::unverified(assertion).ok()?.kid
}

/// What `aud` of an assertion may be.
#[derive(Clone, Copy, Debug)]
pub enum Accepted<'a> {
    /// This one value, as a string (FAPI 2.0 §5.3.2.1).
    Exactly(&'a str),
    /// One of these, as a string or as the only member of a list.
    OneOf(&'a [&'a str]),
}

impl Accepted<'_> {
    fn covers(self, audience: &Audience) -> bool {
        match (self, audience) {
            (Self::Exactly(only), Audience::One(aud)) => aud == only,
            (Self::Exactly(_), Audience::Many(_)) => false,
            (Self::OneOf(all), Audience::One(aud)) => all.contains(&aud.as_str()),
            (Self::OneOf(all), Audience::Many(list)) => {
                matches!(list.as_slice(), [aud] if all.contains(&aud.as_str()))
            }
        }
    }
}

/// Checks an assertion of `client_id`. `typ` is not demanded: stock clients leave it out.
pub fn verify(
    assertion: &str,
    keys: &KeySet,
    client_id: &str,
    accepted: Accepted<'_>,
    now: Timestamp,
) -> Result<Assertion, AssertionError> {
    let claims = read(assertion, keys)?;
    let meant = accepted.covers(&claims.aud);
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
    keys.verify_untyped(assertion).map_err(|error| match error {
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

    fn set(keys: &[&SigningKey]) -> KeySet {
        KeySet::new(keys.iter().map(|key| key.public_jwk().clone()))
    }

    /// The same keys without their ids.
    fn unnamed(keys: &[&SigningKey]) -> KeySet {
        let strip = |key: &&SigningKey| {
            let mut jwk = key.public_jwk().clone();
            jwk.common.key_id = None;
            jwk
        };
        KeySet::new(keys.iter().map(strip))
    }

    fn claims(aud: Audience) -> Claims {
        let exp = now().as_seconds() + 60;
        let (iss, sub, jti) = ("amt".to_owned(), "amt".to_owned(), "1".to_owned());
        Claims { iss, sub, aud, exp, nbf: None, iat: None, jti }
    }

    #[test]
    fn an_assertion_holds_for_its_client_audience_and_minute_only() {
        let key = SigningKey::generate().unwrap();
        let keys = set(&[&key]);
        let text = make(&key, "amt", ISSUER, "1".into(), now()).unwrap();
        assert_eq!(unverified_client(&text).as_deref(), Some("amt"));
        assert_eq!(unverified_key(&text).as_deref(), Some(key.kid()));
        assert!(verify(&text, &keys, "amt", Accepted::OneOf(&[ISSUER]), now()).is_ok());
        let refused = |c, a, t| verify(&text, &keys, c, Accepted::Exactly(a), t).unwrap_err();
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
            verify(&text, &keys, "amt", Accepted::Exactly(ISSUER), now()).map(|_| ())
        };
        assert_eq!(at(10), Ok(()));
        assert_eq!(at(61), Err(AssertionError::Stale));
    }

    #[test]
    fn an_assertion_signed_by_somebody_else_is_refused() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let text = make(&other, "amt", ISSUER, "1".into(), now()).unwrap();
        for keys in [set(&[&key]), unnamed(&[&key])] {
            let found = verify(&text, &keys, "amt", Accepted::Exactly(ISSUER), now());
            assert_eq!(found.unwrap_err(), AssertionError::BadSignature);
        }
    }

    #[test]
    fn keys_without_ids_are_tried_and_keys_of_other_ids_are_not() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let text = make(&key, "amt", ISSUER, "1".into(), now()).unwrap();
        let held =
            |keys: &KeySet| verify(&text, keys, "amt", Accepted::Exactly(ISSUER), now()).is_ok();
        assert!(held(&unnamed(&[&other, &key])), "several without ids: each is tried");
        let mut renamed = key.public_jwk().clone();
        renamed.common.key_id = Some("another".into());
        assert!(!held(&KeySet::new([renamed])), "the id is another");
    }

    #[test]
    fn an_assertion_without_a_key_id_is_tried_with_every_key() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        // The form of a DPoP proof has no key id.
        let one = claims(Audience::One(ISSUER.into()));
        let text = key.sign_with_embedded_key("JWT", &one).unwrap();
        assert_eq!(unverified_key(&text), None);
        let held = |keys: &KeySet| verify(&text, keys, "amt", Accepted::Exactly(ISSUER), now());
        assert!(held(&set(&[&other, &key])).is_ok());
        assert!(held(&set(&[&other])).is_err(), "the key it brings along counts for nothing");
    }

    #[test]
    fn a_list_of_one_audience_is_accepted_only_where_a_string_is_not_demanded() {
        let key = SigningKey::generate().unwrap();
        let sign = |aud| key.sign("JWT", &claims(aud)).unwrap();
        let held =
            |text: &str, accepted| verify(text, &set(&[&key]), "amt", accepted, now()).is_ok();
        let one = sign(Audience::Many(vec![ISSUER.into()]));
        assert!(held(&one, Accepted::OneOf(&[ISSUER])));
        assert!(!held(&one, Accepted::Exactly(ISSUER)), "FAPI 2.0 wants a string");
        let two = sign(Audience::Many(vec![ISSUER.into(), ISSUER.into()]));
        assert!(!held(&two, Accepted::OneOf(&[ISSUER])));
    }
}
