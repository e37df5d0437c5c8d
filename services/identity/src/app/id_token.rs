//! ID tokens (OpenID Connect Core §2).

use serde_json::{Map, Value, json};
use siegel_crypto::{KeyError, b64, sha256};
use siegel_kernel::Timestamp;
use siegel_oidc::acr::Wanted;

use crate::domain::client::SigningAlg;
use crate::domain::grant::Granted;
use crate::domain::guest;
use crate::state::Identity;

/// Type of an ID token: access tokens and logout tokens have others (RFC 8725 §3.11).
pub const TYP: &str = "JWT";
/// How long a client may take to look at it, seconds.
const LIFETIME: i64 = 300;

/// What an ID token is made for.
#[derive(Clone, Copy, Debug)]
pub struct NewIdToken<'a> {
    pub granted: &'a Granted,
    pub access_token: &'a str,
    /// Echoed in the first token of a log-in only (§12.2).
    pub nonce: Option<&'a str>,
    /// What the client is registered for.
    pub alg: SigningAlg,
    pub now: Timestamp,
}

/// Signs an ID token with these claims about the person beside the protocol's own, which win.
pub fn sign(
    state: &Identity,
    new: &NewIdToken<'_>,
    about: Map<String, Value>,
) -> Result<String, KeyError> {
    let NewIdToken { granted, access_token, nonce, alg, now } = *new;
    let (request, session) = (&granted.request, &granted.session);
    let seconds = now.as_seconds();
    let mut claims = about;
    let own = [
        ("iss", json!(state.issuer())),
        ("sub", json!(state.subject(&request.sector, session.account))),
        ("aud", json!(request.client_id)),
        ("exp", json!(seconds + LIFETIME)),
        ("iat", json!(seconds)),
        ("auth_time", json!(session.authenticated_at.as_seconds())),
        // What was achieved, in the words of the request; never a copy of it.
        ("acr", json!(Wanted::parse(&request.wanted).answer(session.level))),
        ("trust_level", json!(session.level.number())),
        ("amr", json!(session.amr)),
        ("sid", json!(state.session_name(&request.sector, session.id))),
        ("at_hash", json!(half_hash(access_token))),
    ];
    claims.extend(own.map(|(name, value)| (name.to_owned(), value)));
    claims.extend(account_type(granted));
    if let Some(nonce) = nonce {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    state.keys.sign(alg, TYP, &claims, now)
}

/// Whether there is an account behind the person: said to clients that may have guests.
pub(super) fn account_type(granted: &Granted) -> Option<(String, Value)> {
    let kind = if granted.session.guest { guest::TEMPORARY } else { guest::PERMANENT };
    granted.request.guests.then(|| ("account_type".to_owned(), json!(kind)))
}

/// `at_hash`: the left half of the SHA-256, for ES256 and RS256 alike (§3.1.3.6).
fn half_hash(text: &str) -> String {
    let hash = sha256(text.as_bytes());
    b64::encode(hash.get(..16).unwrap_or_default())
}
