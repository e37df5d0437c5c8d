//! Signed authorization requests (RFC 9101, OpenID Connect Core §6.1): what their claims must say,
//! and the parameters they stand for. The signature is the caller's to check.

use serde_json::{Map, Value};
use siegel_kernel::Timestamp;
use siegel_oidc::dpop::SKEW;

use super::client::Client;
use super::oauth::{OAuthError, Refused};
use super::params::Params;

/// How long a request of a `fapi2` client may live and how old it may be, seconds (FAPI 2.0
/// Message Signing §5.3.1).
const LONGEST: i64 = 60 * 60;
/// Claims of the token itself; everything else is a parameter.
const ENVELOPE: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
/// Parameters that an object cannot carry (RFC 9101 §4).
const NESTED: [&str; 2] = ["request", "request_uri"];

const fn wrong(description: &'static str) -> Refused {
    Refused::new(OAuthError::InvalidRequestObject, description)
}

/// The types a request object may say it has; absent is fine (RFC 9101 §10.8 came late).
pub fn is_type(typ: Option<&str>) -> bool {
    let bare = typ.map(|t| t.to_ascii_lowercase().trim_start_matches("application/").to_owned());
    matches!(bare.as_deref(), None | Some("jwt" | "oauth-authz-req+jwt"))
}

/// Whether a request object of this client may be signed so.
pub fn is_algorithm(client: &Client, alg: &str) -> bool {
    match alg {
        "ES256" | "PS256" | "EdDSA" => true,
        "ES384" | "RS256" => !client.is_fapi(),
        _ => false,
    }
}

/// The parameters of a request object with these claims. Parameters beside it are ignored, but
/// those that OAuth demands there must not contradict it.
pub fn parameters(
    claims: &Map<String, Value>,
    client: &Client,
    issuer: &str,
    outside: &Params,
    now: Timestamp,
) -> Result<Params, Refused> {
    parties(claims, client, issuer)?;
    times(claims, client, now)?;
    if NESTED.iter().any(|name| claims.contains_key(*name)) {
        return Err(wrong("a request object carries no other request"));
    }
    let mut pairs = Vec::new();
    for (name, value) in claims.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str())) {
        add(&mut pairs, name, value)?;
    }
    let inside = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    if inside("client_id").is_some_and(|id| id != client.client_id) {
        return Err(wrong("client_id is another one in the request object"));
    }
    let outer = outside.get("response_type");
    if outer.is_some() && inside("response_type").is_some() && outer != inside("response_type") {
        return Err(wrong("response_type is another one in the request object"));
    }
    if inside("client_id").is_none() {
        pairs.push(("client_id".to_owned(), client.client_id.clone()));
    }
    Params::of(pairs)
}

fn parties(claims: &Map<String, Value>, client: &Client, issuer: &str) -> Result<(), Refused> {
    match claims.get("iss").map(Value::as_str) {
        Some(Some(iss)) if iss == client.client_id => {}
        None if !client.is_fapi() => {}
        _ => return Err(wrong("iss of the request object is not the client")),
    }
    let meant = match claims.get("aud") {
        Some(Value::String(aud)) => aud == issuer,
        Some(Value::Array(list)) => list.iter().any(|aud| aud.as_str() == Some(issuer)),
        None => !client.is_fapi(),
        Some(_) => false,
    };
    if !meant {
        return Err(wrong("aud of the request object is not this issuer"));
    }
    // A client assertion is not a request (RFC 9101 §10.8).
    if claims.get("sub").and_then(Value::as_str) == Some(client.client_id.as_str()) {
        return Err(wrong("sub of the request object is the client: that is an assertion"));
    }
    Ok(())
}

fn times(claims: &Map<String, Value>, client: &Client, now: Timestamp) -> Result<(), Refused> {
    let stale = wrong("the request object is expired, too long-lived or from the future");
    let now = now.as_seconds();
    let read = |name: &str| match claims.get(name) {
        None => Ok(None),
        // Nobody measures these in fractions of a second.
        Some(at) => at.as_i64().map(Some).ok_or(stale),
    };
    let (exp, nbf, iat) = (read("exp")?, read("nbf")?, read("iat")?);
    let late = exp.is_some_and(|exp| exp <= now);
    let early = [nbf, iat].into_iter().flatten().any(|at| at > now + SKEW);
    if late || early {
        return Err(stale);
    }
    if client.is_fapi() {
        let (Some(exp), Some(nbf)) = (exp, nbf) else {
            return Err(wrong("exp and nbf of the request object are missing"));
        };
        if nbf < now - LONGEST || exp > nbf + LONGEST + SKEW {
            return Err(stale);
        }
    }
    Ok(())
}

/// A parameter as a query would have carried it.
fn add(pairs: &mut Vec<(String, String)>, name: &str, value: &Value) -> Result<(), Refused> {
    let text = match value {
        Value::Null => return Ok(()),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        // `claims` and its kin are objects inside, their text outside.
        Value::Object(_) => value.to_string(),
        Value::Array(list) if name == "resource" => {
            for one in list {
                let text = one.as_str().ok_or(wrong("a resource is no text"))?;
                pairs.push((name.to_owned(), text.to_owned()));
            }
            return Ok(());
        }
        Value::Array(_) => return Err(wrong("a parameter of the request object is a list")),
    };
    pairs.push((name.to_owned(), text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::client::{AuthMethod, SecurityProfile};
    use super::*;
    use serde_json::json;

    const ISSUER: &str = "https://konto.example";
    const NOW: Timestamp = Timestamp::from_seconds(1_741_256_100);

    fn client(profile: SecurityProfile) -> Client {
        Client {
            auth_method: AuthMethod::PrivateKeyJwt,
            security_profile: profile,
            ..Client::named("amt")
        }
    }

    fn read(change: &Value, profile: SecurityProfile, outside: &str) -> Result<Params, Refused> {
        let mut claims = json!({
            "iss": "amt", "aud": ISSUER, "exp": NOW.as_seconds() + 60, "nbf": NOW.as_seconds(),
            "client_id": "amt", "response_type": "code", "max_age": 60,
            "claims": {"userinfo": {"email": null}}, "resource": ["a:b", "c:d"],
        });
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        let outside = Params::parse(outside).unwrap();
        parameters(claims.as_object().unwrap(), &client(profile), ISSUER, &outside, NOW)
    }

    #[test]
    fn claims_become_parameters_and_what_stands_outside_does_not() {
        let found = read(&json!({}), SecurityProfile::OidcBasic, "state=outside").unwrap();
        assert_eq!(found.get("max_age"), Some("60"));
        assert_eq!(found.get("claims"), Some(r#"{"userinfo":{"email":null}}"#));
        assert_eq!(found.resources(), ["a:b", "c:d"]);
        assert_eq!((found.get("state"), found.get("iss")), (None, None));
    }

    #[test]
    fn a_request_of_another_party_or_for_another_is_refused() {
        for bad in [
            json!({"iss": "other"}),
            json!({"aud": "https://evil.example"}),
            json!({"aud": ["https://evil.example"]}),
            json!({"aud": 1}),
            json!({"client_id": "other"}),
            json!({"sub": "amt"}),
            json!({"request_uri": "https://a.example"}),
            json!({"request": "x"}),
            json!({"scope": ["openid"]}),
        ] {
            let refused = read(&bad, SecurityProfile::OidcBasic, "").unwrap_err();
            assert_eq!(refused.error, OAuthError::InvalidRequestObject, "{bad}");
        }
        assert!(read(&json!({}), SecurityProfile::OidcBasic, "response_type=token").is_err());
        assert!(read(&json!({"aud": ["x", ISSUER]}), SecurityProfile::Fapi2, "").is_ok());
    }

    #[test]
    fn times_are_checked_and_demanded_of_fapi_clients() {
        use SecurityProfile::{Fapi2, OidcBasic};
        let at = |seconds: i64| NOW.as_seconds() + seconds;
        for (change, basic, fapi) in [
            (json!({"exp": at(0)}), false, false),
            (json!({"exp": null}), true, false),
            (json!({"nbf": null}), true, false),
            (json!({"nbf": at(SKEW + 1)}), false, false),
            (json!({"nbf": at(-LONGEST - 1), "exp": at(60)}), true, false),
            (json!({"exp": at(LONGEST + SKEW + 1)}), true, false),
            (json!({"exp": at(LONGEST)}), true, true),
            (json!({"exp": "soon"}), false, false),
            (json!({"iss": null, "aud": null}), true, false),
        ] {
            assert_eq!(read(&change, OidcBasic, "").is_ok(), basic, "{change}");
            assert_eq!(read(&change, Fapi2, "").is_ok(), fapi, "{change} of a FAPI client");
        }
    }

    #[test]
    fn no_algorithm_but_those_listed_counts() {
        let (basic, fapi) = (client(SecurityProfile::OidcBasic), client(SecurityProfile::Fapi2));
        assert!(is_algorithm(&basic, "RS256") && !is_algorithm(&fapi, "RS256"));
        for alg in ["none", "HS256", "None", ""] {
            assert!(!is_algorithm(&basic, alg), "{alg}");
        }
    }
}
