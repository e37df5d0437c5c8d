//! Introspection (RFC 7662), also signed (RFC 9701). Always read from the database: a token that was
//! revoked at another replica is not active here.

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};
use siegel_crypto::sha256;
use siegel_db::{StoreError, Tx};
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::{AccessToken, TokenKind};

use super::check::{self, Facts};
use super::client_auth;
use super::endpoint::EndpointError;
use crate::domain::client::{Client, SigningAlg};
use crate::domain::grant::Holder;
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::state::Identity;
use crate::store::{grants, refresh};

/// Media type of a signed answer (RFC 9701 §5); its `typ` is the part behind the slash.
pub const SIGNED: &str = "application/token-introspection+jwt";
const TYP: &str = "token-introspection+jwt";

/// The answer, in the form asked for.
#[derive(Debug)]
pub enum Introspection {
    Plain(Value),
    Signed(String),
}

/// Tells a client about a token it may know of: its own, or one for an audience it answers for.
/// About all others it learns nothing (RFC 7662 §2.2).
#[tracing::instrument(name = "identity.introspect", skip_all)]
pub async fn answer(
    state: &Identity,
    headers: &HeaderMap,
    params: Params,
    signed: bool,
) -> Result<Introspection, EndpointError> {
    let now = state.now();
    let params = params.once()?;
    let client = client_auth::authenticate(state, headers, &params, "/introspect", now).await?;
    if client.is_public() {
        let description = "introspection needs an authenticated client";
        return Err(EndpointError::Client { by_header: false, description });
    }
    let token = params.get("token").ok_or(Refused::invalid_request("token is missing"))?;
    let mut tx = state.outside.db.read().await?;
    let facts = match access(state, &mut tx, &client, token, now).await? {
        Some(facts) => Some(facts),
        None => refresh_token(state, &mut tx, &client, token, now).await?,
    };
    drop(tx);
    let facts = facts.unwrap_or_else(|| json!({"active": false}));
    if !signed {
        return Ok(Introspection::Plain(facts));
    }
    let answer = SignedAnswer {
        iss: state.issuer(),
        aud: &client.client_id,
        iat: now.as_seconds(),
        token_introspection: facts,
    };
    let jwt = state.keys.sign(SigningAlg::ES256, TYP, &answer, now)?;
    Ok(Introspection::Signed(jwt))
}

/// RFC 9701 §5.
#[derive(Serialize)]
struct SignedAnswer<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    token_introspection: Value,
}

async fn access(
    state: &Identity,
    tx: &mut Tx,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<Value>, StoreError> {
    let Ok(claims) = state.keys.verify::<AccessToken>(token, AccessToken::TYP, now) else {
        return Ok(None);
    };
    let entitled = claims.client_id == client.client_id || client.introspects.contains(&claims.aud);
    let ours = claims.iss == state.issuer() && claims.kind != TokenKind::Service;
    if !ours || !entitled || claims.exp <= now.as_seconds() {
        return Ok(None);
    }
    let standing = check::standing(tx, &Facts::of(&claims), now).await?;
    Ok(standing.map(|standing| described(&claims, standing.level(claims.level()))))
}

/// `level`: what the session behind the token is worth now.
fn described(claims: &AccessToken, level: Option<TrustLevel>) -> Value {
    let is_dpop = claims.cnf.as_ref().is_some_and(|cnf| cnf.jkt.is_some());
    let mut facts = json!({
        "active": true,
        "iss": claims.iss,
        "sub": claims.sub,
        "aud": claims.aud,
        "client_id": claims.client_id,
        "scope": claims.scope,
        "token_type": if is_dpop { "DPoP" } else { "Bearer" },
        "exp": claims.exp,
        "iat": claims.iat,
        "jti": claims.jti,
    });
    let more = [
        ("sid", claims.sid.as_ref().map(|sid| json!(sid))),
        ("cnf", claims.cnf.as_ref().map(|cnf| json!(cnf))),
        ("act", claims.act.as_ref().map(|act| json!(act))),
        ("acting_for", claims.acting_for.as_ref().map(|acting_for| json!(acting_for))),
        // RFC 9470 §6.2.
        ("acr", level.map(|level| json!(level.as_str()))),
        ("trust_level", level.map(|level| json!(level.number()))),
        ("auth_time", claims.auth_time.map(|at| json!(at))),
    ];
    if let Value::Object(map) = &mut facts {
        let present = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        map.extend(present);
    }
    facts
}

/// Refresh tokens concern nobody but their client.
async fn refresh_token(
    state: &Identity,
    tx: &mut Tx,
    client: &Client,
    token: &str,
    now: Timestamp,
) -> Result<Option<Value>, StoreError> {
    let Some(stored) = refresh::find(tx, &sha256(token.as_bytes())).await? else { return Ok(None) };
    if stored.spent_at.is_some() || stored.expires_at <= now {
        return Ok(None);
    }
    let Some(grant) = grants::find(tx, stored.grant_id).await? else { return Ok(None) };
    if grant.client_id != client.client_id {
        return Ok(None);
    }
    let facts = Facts {
        grant: Some(grant.id),
        client_id: &grant.client_id,
        subject: &grant.subject,
        issued_at: grant.created_at,
    };
    let Some(standing) = check::standing(tx, &facts, now).await? else { return Ok(None) };
    let Holder::Person { granted, .. } = &standing.grant.holder else { return Ok(None) };
    let mut found = json!({
        "active": true,
        "iss": state.issuer(),
        "sub": grant.subject,
        "client_id": grant.client_id,
        "scope": granted.request.scopes.join(" "),
        "exp": stored.expires_at.as_seconds(),
        "iat": stored.issued_at.as_seconds(),
    });
    if let (Value::Object(map), Some(jkt)) = (&mut found, &granted.refresh_jkt) {
        map.insert("cnf".to_owned(), json!({"jkt": jkt}));
    }
    Ok(Some(found))
}
