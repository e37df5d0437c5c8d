//! Signed authorization requests: the signature, and whose key it was (RFC 9101 §6.2).

use serde_json::{Map, Value};
use siegel_crypto::JwsError;
use siegel_kernel::Timestamp;

use super::client_keys;
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
    if !header.alg.is_some_and(|alg| request_object::is_algorithm(client, alg.as_str())) {
        return Err(wrong("the request object is signed with an algorithm not allowed"));
    }
    let kid = header.kid.as_deref();
    let keys = client_keys::keys_of(state, client, kid).await;
    let keys = keys.map_err(|_| wrong("the client has no usable keys"))?;
    let claims: Map<String, Value> = keys.verify_untyped(object).map_err(|error| match error {
        JwsError::Malformed => unreadable,
        _ => wrong("the request object is not signed by the client"),
    })?;
    request_object::parameters(&claims, client, state.issuer(), params, now).map(Some)
}
