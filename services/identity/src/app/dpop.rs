//! DPoP proofs at this service's own endpoints (RFC 9449 §§5, 8, 10).

use std::time::Duration;

use http::HeaderMap;
use siegel_crypto::{b64, hmac_sha256, same_bytes};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;
use siegel_oidc::dpop::{self, DpopError, Expected, Proof};

use super::connection;
use crate::domain::oauth::{OAuthError, Refused};
use crate::state::Identity;
use crate::store::replay::{self, Seen};

/// A nonce is accepted in the window it was made in and in the next.
const WINDOW_SECONDS: i64 = 60;
/// A proof cannot be presented longer than this: its own window and both clocks' error.
const REMEMBERED: Duration = Duration::from_mins(2);

/// The proof of a request, when it has one; `access_token` at userinfo. Replay is checked by
/// [`first_use`], inside the transaction of what the proof is for.
pub fn check(
    state: &Identity,
    headers: &HeaderMap,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Option<Proof>, Refused> {
    let invalid = |text| Refused::new(OAuthError::InvalidDpopProof, text);
    let mut sent = headers.get_all("dpop").iter();
    let Some(first) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(invalid("more than one DPoP header"));
    }
    let text = first.to_str().map_err(|_| invalid("the DPoP header is no proof"))?;
    let proof = dpop::verify(text, expected, now).or_else(|error| match alias(state, expected) {
        Some(url) if error == DpopError::OtherRequest => {
            dpop::verify(text, &Expected { url: &url, ..*expected }, now)
        }
        _ => Err(error),
    });
    let proof = proof.map_err(|e| {
        invalid(match e {
            DpopError::Malformed => "the DPoP proof is malformed",
            DpopError::BadSignature => "the DPoP proof's type, key or signature does not hold",
            DpopError::OtherRequest => "the DPoP proof is for another request",
            DpopError::Stale => "the DPoP proof is too old or from the future",
            DpopError::OtherToken => "the DPoP proof is for another access token",
            DpopError::OtherKey => "what was sent is bound to another DPoP key",
        })
    })?;
    let held = proof.nonce.as_deref().is_some_and(|nonce| holds(state, nonce, now));
    if !held {
        let text = "repeat the request with the nonce of this answer";
        return Err(Refused::new(OAuthError::UseDpopNonce, text));
    }
    Ok(Some(proof))
}

/// The address of the same endpoint for clients that come with a certificate (RFC 8705 §5).
fn alias(state: &Identity, expected: &Expected<'_>) -> Option<String> {
    connection::certificate()?;
    let path = expected.url.strip_prefix(state.issuer())?;
    Some(format!("{}{path}", state.outside.mtls_origin.as_deref()?))
}

/// Uses the proof up; `false` when it was used before, at any replica.
pub async fn first_use(tx: &mut Tx, proof: &Proof, now: Timestamp) -> Result<bool, StoreError> {
    replay::first_use(tx, Seen::DpopProof, &proof.jkt, &proof.jti, now.plus(REMEMBERED)).await
}

/// The refusal of a proof that [`first_use`] has seen.
pub const fn replayed() -> Refused {
    Refused::new(OAuthError::InvalidDpopProof, "the DPoP proof was used before")
}

/// A nonce for the next proof.
pub fn fresh_nonce(state: &Identity, now: Timestamp) -> String {
    nonce_of(state, now.as_seconds().div_euclid(WINDOW_SECONDS))
}

fn nonce_of(state: &Identity, window: i64) -> String {
    let number = window.to_be_bytes();
    let tag = hmac_sha256(state.keys.nonce(), &number);
    b64::encode([&number[..], tag.get(..16).unwrap_or(&tag)].concat())
}

fn holds(state: &Identity, nonce: &str, now: Timestamp) -> bool {
    let window = now.as_seconds().div_euclid(WINDOW_SECONDS);
    [window, window - 1]
        .iter()
        .any(|w| same_bytes(nonce_of(state, *w).as_bytes(), nonce.as_bytes()))
}
