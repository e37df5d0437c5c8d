//! Which client is calling an endpoint, and how it proves it.

use base64::Engine as _;
use http::{HeaderMap, header};
use siegel_crypto::{KeySet, b64, same_bytes, sha256};
use siegel_kernel::Timestamp;
use siegel_oidc::assertion::{self, AssertionError};
use url::form_urlencoded;

use super::certificate_auth;
use super::endpoint::EndpointError;
use crate::domain::client::{AuthMethod, Client};
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::state::Identity;
use crate::store::clients;
use crate::store::replay::{self, Seen};

/// What a client sent to prove itself.
enum Sent<'a> {
    Assertion(&'a str),
    Basic { id: String, secret: String },
    Nothing,
}

/// The authenticated client. `endpoint` is the path it called. A client assertion is used up
/// whether or not the request succeeds afterwards.
pub async fn authenticate(
    state: &Identity,
    headers: &HeaderMap,
    params: &Params,
    endpoint: &str,
    now: Timestamp,
) -> Result<Client, EndpointError> {
    let sent = sent(headers, params)?;
    let by_header = matches!(sent, Sent::Basic { .. });
    let failed = |description| EndpointError::Client { by_header, description };
    let unproven = || failed("the client is unknown or did not prove who it is");
    let named = params.get("client_id");
    let client_id = match &sent {
        Sent::Assertion(text) => assertion::unverified_client(text),
        Sent::Basic { id, .. } => Some(id.clone()),
        Sent::Nothing => named.map(str::to_owned),
    };
    let client_id = client_id.ok_or_else(unproven)?;
    if named.is_some_and(|id| id != client_id) {
        return Err(failed("client_id is not the client that authenticated"));
    }
    let mut tx = state.outside.db.read().await?;
    let client = clients::find(&mut tx, &client_id).await?;
    drop(tx);
    let client = client.ok_or_else(unproven)?;
    match (sent, client.auth_method) {
        (Sent::Assertion(text), AuthMethod::PrivateKeyJwt) => {
            by_assertion(state, &client, text, endpoint, now).await?;
        }
        (Sent::Basic { secret, .. }, AuthMethod::ClientSecretBasic) => {
            let held = client.secret_hash.as_deref().unwrap_or_default();
            let hash = b64::encode(sha256(secret.as_bytes()));
            if held.is_empty() || !same_bytes(held.as_bytes(), hash.as_bytes()) {
                return Err(unproven());
            }
        }
        (Sent::Nothing, AuthMethod::None) => {}
        (Sent::Nothing, method) if method.by_certificate() => {
            if !certificate_auth::proves(&client, client.jwks.as_deref()) {
                return Err(unproven());
            }
        }
        _ => return Err(unproven()),
    }
    Ok(client)
}

async fn by_assertion(
    state: &Identity,
    client: &Client,
    text: &str,
    endpoint: &str,
    now: Timestamp,
) -> Result<(), EndpointError> {
    let failed = |description| EndpointError::Client { by_header: false, description };
    let keys = client.jwks.as_deref().and_then(|jwks| KeySet::from_json(jwks).ok());
    let keys = keys.ok_or_else(|| failed("the client has no usable keys"))?;
    let (here, token) = (state.url(endpoint), state.url("/token"));
    // The issuer as one string is what FAPI 2.0 §5.3.2.1 allows; stock clients of the older kind
    // name the endpoint (OpenID Connect Core §9).
    let audiences = [state.issuer(), here.as_str(), token.as_str()];
    let allowed = if client.is_fapi() { audiences.get(..1) } else { audiences.get(..) };
    let held = assertion::verify(text, &keys, &client.client_id, allowed.unwrap_or_default(), now);
    let held = held.map_err(|e| {
        failed(match e {
            AssertionError::Malformed => "the client assertion is malformed",
            AssertionError::BadSignature => "the client assertion is not signed by the client",
            AssertionError::OtherParty => "the client assertion names another client or audience",
            AssertionError::Stale => "the client assertion is expired, too long-lived or early",
        })
    })?;
    let mut tx = state.outside.db.begin().await?;
    let until = held.expires_at;
    let first =
        replay::first_use(&mut tx, Seen::Assertion, &client.client_id, &held.jti, until).await?;
    tx.commit().await?;
    if !first {
        return Err(failed("the client assertion was used before"));
    }
    Ok(())
}

/// Finds the one method used; two at once are refused (RFC 6749 §2.3).
fn sent<'a>(headers: &HeaderMap, params: &'a Params) -> Result<Sent<'a>, EndpointError> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let first = authorization.next();
    let assertion = params.get("client_assertion");
    let methods = usize::from(first.is_some())
        + usize::from(assertion.is_some())
        + usize::from(params.get("client_secret").is_some());
    if methods > 1 || authorization.next().is_some() {
        let text = "two ways of client authentication at once";
        return Err(Refused::invalid_request(text).into());
    }
    if params.get("client_secret").is_some() {
        let description = "secrets in the body are not accepted";
        return Err(EndpointError::Client { by_header: false, description });
    }
    if let Some(value) = first {
        let description = "the Authorization header holds no client id and secret";
        let parts = value.to_str().ok().and_then(basic);
        let (id, secret) = parts.ok_or(EndpointError::Client { by_header: true, description })?;
        return Ok(Sent::Basic { id, secret });
    }
    let Some(text) = assertion else { return Ok(Sent::Nothing) };
    if params.get("client_assertion_type") != Some(assertion::TYPE) {
        let text = "client_assertion_type is not that of a JWT";
        return Err(Refused::invalid_request(text).into());
    }
    Ok(Sent::Assertion(text))
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| -> String {
        // A name without `=`: its value is empty, and the name is what we want decoded.
        form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
    };
    let escaped = |text: &str| text.replace('&', "%26").replace('=', "%3D");
    Some((decoded(&escaped(id)), decoded(&escaped(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_of_http_basic_are_form_decoded() {
        let header = |pair: &str| {
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        };
        assert_eq!(basic(&header("a%3Ab:c+d%25")), Some(("a:b".into(), "c d%".into())));
        assert_eq!(basic(&header("a:x=y&z")), Some(("a".into(), "x=y&z".into())));
        assert_eq!(basic(&header("no colon")), None);
        assert_eq!(basic("Bearer abc"), None);
    }
}
