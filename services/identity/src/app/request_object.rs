//! Signed authorization requests: the signature, and whose key it was (RFC 9101 §6.2).

use serde_json::{Map, Value};
use siegel_crypto::{JwsError, KeySet};
use siegel_kernel::Timestamp;

use crate::domain::client::Client;
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::params::Params;
use crate::domain::request_object;
use crate::state::Identity;

/// The parameters that the signed object in `params` stands for; `None` when there is none, and the
/// client need not sign.
pub async fn opened(
    state: &Identity,
    client: &Client,
    params: &Params,
    now: Timestamp,
) -> Result<Option<Params>, Refused> {
    let wrong = |text| Refused::new(OAuthError::InvalidRequestObject, text);
    let Some(object) = params.get("request") else {
        if client.require_signed_request {
            return Err(Refused::invalid_request("this client must sign its requests"));
        }
        return Ok(None);
    };
    if params.repeated().is_some() {
        return Err(Refused::invalid_request("a parameter is sent twice"));
    }
    if params.get("request_uri").is_some() {
        return Err(Refused::invalid_request("request and request_uri are sent together"));
    }
    let unreadable = wrong("the request object is not a signed JWT");
    let header = siegel_crypto::unverified(object).map_err(|_| unreadable)?;
    if !request_object::is_type(header.typ.as_deref()) {
        return Err(wrong("the type of the request object is another one"));
    }
    if !request_object::is_algorithm(client, &header.alg) {
        return Err(wrong("the request object is signed with an algorithm not allowed"));
    }
    let keys = client_keys(state, client, header.kid.as_deref()).await?;
    let named = header.kid.as_deref().and_then(|kid| keys.find(kid));
    // A client with one key may leave the key id out (OpenID Connect Core §10.1).
    let only =
        if header.kid.is_none() && keys.keys().len() == 1 { keys.keys().first() } else { None };
    let unsigned = wrong("the request object is not signed by the client");
    let jwk = named.or(only).ok_or(unsigned)?;
    let claims: Map<String, Value> =
        siegel_crypto::verify_untyped(object, jwk).map_err(|error| match error {
            JwsError::Malformed => unreadable,
            _ => unsigned,
        })?;
    request_object::parameters(&claims, client, state.issuer(), params, now).map(Some)
}

/// The client's public keys.
#[expect(clippy::unused_async, reason = "keys at an address are fetched")]
async fn client_keys(
    _state: &Identity,
    client: &Client,
    _kid: Option<&str>,
) -> Result<KeySet, Refused> {
    let keys = client.jwks.as_deref().and_then(|jwks| KeySet::from_json(jwks).ok());
    let text = "the client has no usable keys";
    keys.ok_or(Refused::new(OAuthError::InvalidRequestObject, text))
}
