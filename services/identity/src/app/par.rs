//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use http::HeaderMap;
use serde::Serialize;
use siegel_crypto::random_token;
use siegel_oidc::dpop::Expected;

use super::endpoint::EndpointError;
use super::{client_auth, dpop, read_request, request_object};
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::domain::request;
use crate::state::Identity;
use crate::store::par;

/// How the handles look.
pub const HANDLE_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// How long a client has to send the person (RFC 9126 §2.2: 5 to 600 s).
pub const LIFETIME: Duration = Duration::from_mins(5);

#[derive(Debug, Serialize)]
pub struct Pushed {
    pub request_uri: String,
    pub expires_in: u64,
}

/// Checks and keeps an authorization request of an authenticated client. Everything wrong with it
/// is said here, and not on the way back from the pages.
#[tracing::instrument(name = "identity.par", skip_all)]
pub async fn push(
    state: &Identity,
    headers: &HeaderMap,
    params: Params,
) -> Result<Pushed, EndpointError> {
    let now = state.now();
    let params = params.once()?;
    let url = state.url("/par");
    let expected = Expected { method: "POST", url: &url, access_token: None, jkt: None };
    let proof = dpop::check(state, headers, &expected, now)?;
    let client = client_auth::authenticate(state, headers, &params, "/par", now).await?;
    if params.get("request_uri").is_some() {
        return Err(Refused::invalid_request("request_uri cannot be pushed").into());
    }
    // What is kept is what the client signed; nothing beside it counts (RFC 9101 §6.3).
    let signed = request_object::opened(state, &client, &params, now).await?;
    let params = signed.unwrap_or_else(|| params.without_credentials());
    let reply = request::reply_to(&client, &params)?;
    let jkt = proof.as_ref().map(|p| p.jkt.clone());
    let checked = read_request::read(state, &client, &params, reply, jkt).await?;

    let handle = format!("{HANDLE_PREFIX}{}", random_token(&*state.outside.entropy)?);
    let kept = params.with("dpop_jkt", checked.dpop_jkt.as_deref());
    let mut tx = state.outside.db.begin().await?;
    if let Some(proof) = &proof
        && !dpop::first_use(&mut tx, proof, now).await?
    {
        return Err(dpop::replayed().into());
    }
    par::insert(&mut tx, &handle, &client.client_id, &kept, now.plus(LIFETIME)).await?;
    tx.commit().await?;
    Ok(Pushed { request_uri: handle, expires_in: LIFETIME.as_secs() })
}
