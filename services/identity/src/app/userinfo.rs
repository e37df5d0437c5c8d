//! The userinfo endpoint (OpenID Connect Core §5.3).

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use siegel_kernel::{GrantId, Timestamp};
use siegel_oidc::dpop::Expected;
use siegel_oidc::{AccessToken, TokenKind, audience};

use super::acting::tokens;
use super::claims::{self, Place};
use super::endpoint::EndpointError;
use super::{certificate_auth, check, dpop, id_token};
use crate::domain::grant::Holder;
use crate::domain::oauth::{OAuthError, Refused};
use crate::state::Identity;

/// How the token is presented; the answer's challenge has the same scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Bearer,
    Dpop,
}

const INVALID: Refused =
    Refused::new(OAuthError::InvalidToken, "the access token is malformed, expired or revoked");

/// The token of a request, from its header and from nowhere else (RFC 9700 §4.3.2). `None` when
/// there is no such header.
pub fn presented(headers: &HeaderMap) -> Result<Option<(Scheme, &str)>, Refused> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = sent.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| sent.next().is_none());
    let (scheme, token) = text.and_then(|t| t.split_once(' ')).ok_or(INVALID)?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Some((Scheme::Bearer, token))),
        "dpop" => Ok(Some((Scheme::Dpop, token))),
        _ => Err(INVALID),
    }
}

/// The claims about a person, in the form the client is registered for.
#[derive(Debug)]
pub enum UserInfo {
    Plain(Map<String, Value>),
    /// A JWT (OpenID Connect Core §5.3.2).
    Signed(String),
}

/// The claims for the holder of an access token.
#[tracing::instrument(name = "identity.userinfo", skip_all)]
pub async fn answer(
    state: &Identity,
    method: &str,
    headers: &HeaderMap,
    scheme: Scheme,
    token: &str,
) -> Result<UserInfo, EndpointError> {
    let now = state.now();
    let claims = claims_of(state, token, now)?;
    let jkt = claims.cnf.as_ref().and_then(|cnf| cnf.jkt.as_deref());
    let x5t = claims.cnf.as_ref().and_then(|cnf| cnf.x5t_s256.as_deref());
    if !certificate_auth::holds(x5t) {
        return Err(INVALID.into());
    }
    let url = state.url("/userinfo");
    let expected = Expected { method, url: &url, access_token: Some(token), jkt };
    let proof = match (scheme, jkt) {
        (Scheme::Dpop, Some(_)) => {
            let missing = Refused::new(OAuthError::InvalidDpopProof, "a DPoP proof is missing");
            Some(dpop::check(state, headers, &expected, now)?.ok_or(missing)?)
        }
        (Scheme::Bearer, None) => None,
        // A bound token as bearer (RFC 9449 §7.2), or a bearer token made to look bound.
        _ => return Err(INVALID.into()),
    };
    if !claims.has_scope("openid") || claims.kind != TokenKind::Person {
        let text = "the scope openid is needed";
        return Err(Refused::new(OAuthError::InsufficientScope, text).into());
    }
    let id: GrantId = claims.gid.parse().map_err(|_| INVALID)?;
    let db = &state.outside.db;
    let mut tx = if proof.is_some() { db.begin().await? } else { db.read().await? };
    if let Some(proof) = &proof
        && !dpop::first_use(&mut tx, proof, now).await?
    {
        return Err(dpop::replayed().into());
    }
    let found = check::standing(&mut tx, &check::Facts::of(&claims), now).await?;
    let client = state.clients.find(&mut tx, &claims.client_id).await?;
    tx.commit().await?;
    let grant = found.ok_or(INVALID)?.grant;
    let Holder::Person { account, granted, .. } = &grant.holder else {
        return Err(INVALID.into());
    };
    let within = granted.within(&claims.scope);
    let mut about = claims::released(state, id, *account, &within, Place::Userinfo).await?;
    about.insert("sub".to_owned(), json!(grant.subject));
    about.extend(id_token::account_type(granted));
    let acting_for = tokens::told(state, &within.request, *account).await?;
    about.extend(acting_for.map(|told| ("acting_for".to_owned(), told)));
    let Some(alg) = client.and_then(|found| found.client.userinfo_alg) else {
        return Ok(UserInfo::Plain(about));
    };
    about.insert("iss".to_owned(), json!(state.issuer()));
    about.insert("aud".to_owned(), json!(claims.client_id));
    about.insert("iat".to_owned(), json!(now.as_seconds()));
    Ok(UserInfo::Signed(state.keys.sign_untyped(alg, &about, now)?))
}

fn claims_of(state: &Identity, token: &str, now: Timestamp) -> Result<AccessToken, Refused> {
    let claims: AccessToken =
        state.keys.verify(token, AccessToken::TYP, now).map_err(|_| INVALID)?;
    let ours = claims.iss == state.issuer() && claims.aud == audience("identity");
    if !ours || claims.exp <= now.as_seconds() {
        return Err(INVALID);
    }
    Ok(claims)
}
