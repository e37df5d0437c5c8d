//! Token exchange (RFC 8693): a client acts towards another service for the person of a token it
//! holds. What comes out is never worth more than what went in.

use siegel_grpc::audit_name;
use siegel_kernel::{GrantId, Timestamp, TrustLevel};
use siegel_oidc::{AccessToken, Actor, TokenKind};

use super::{Asked, LIFETIME, TokenAnswer};
use crate::app::access_token::{self, NewToken};
use crate::app::acting::tokens;
use crate::app::check::{self, Facts};
use crate::app::endpoint::EndpointError;
use crate::domain::client::Client;
use crate::domain::grant::{Granted, Holder};
use crate::domain::interaction::SessionView;
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::params::Params;
use crate::domain::{request, scopes};
use crate::state::Identity;
use crate::store::grants;

pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// Parties that may act one behind the other.
const LONGEST_CHAIN: usize = 3;

const WRONG: Refused =
    Refused::invalid_grant("the subject token is not acceptable, has expired or was revoked");

pub(super) async fn exchange(
    state: &Identity,
    asked: &Asked<'_>,
) -> Result<TokenAnswer, EndpointError> {
    let client = &*asked.client;
    if client.is_public() {
        let text = "a client without authentication cannot exchange tokens";
        return Err(Refused::new(OAuthError::UnauthorizedClient, text).into());
    }
    let subject = subject_token(state, asked)?;
    let audience = target(client, asked.params)?;
    access_token::check_binding(client, &audience, asked.jkt())?;
    let id: GrantId = subject.gid.parse().map_err(|_| WRONG)?;
    may_still_act(state, id, subject.level().ok_or(WRONG)?).await?;

    let mut tx = asked.begin(state).await?;
    let standing = check::standing(&mut tx, &Facts::of(&subject), asked.now).await?.ok_or(WRONG)?;
    let Holder::Person { account, granted, .. } = &standing.grant.holder else {
        return Err(WRONG.into());
    };
    if granted.session.guest {
        // What a guest allows is for the client alone that asked.
        return Err(WRONG.into());
    }
    let granted_now = narrowed(client, &subject, granted, &audience, asked.params)?;
    let level = standing.level(subject.level()).ok_or(WRONG)?;
    access_token::check_level(state, &audience, level)?;
    let signed_in = subject.auth_time.map(Timestamp::from_seconds).ok_or(WRONG)?;
    let session = SessionView { level, authenticated_at: signed_in, ..granted.session.clone() };
    let name = audit_name(*account);
    asked.record(&mut tx, id, &name, Some(level), "done").await?;
    tx.commit().await?;

    let exp = subject.exp.min(asked.now.as_seconds() + LIFETIME);
    let act = Actor { sub: client.client_id.clone(), act: subject.act.clone().map(Box::new) };
    let new = NewToken {
        subject: &subject.sub,
        audience: &audience,
        // Whom the person allowed; who asked for the token stands in `act`.
        client_id: &subject.client_id,
        tenant: subject.tenant.as_deref(),
        scopes: &granted_now,
        kind: TokenKind::Person,
        grant: id,
        session: Some((granted, &session)),
        acting_for: None,
        confirmation: asked.confirmation(),
        now: access_token::issued_after(standing.stop, asked.now),
    };
    Ok(TokenAnswer {
        access_token: access_token::sign_onward(state, &new, Some(act), exp)?,
        token_type: asked.token_type(),
        expires_in: exp - asked.now.as_seconds(),
        scope: granted_now.join(" "),
        refresh_token: None,
        id_token: None,
        issued_token_type: Some(ACCESS_TOKEN),
    })
}

/// Refuses when the person of a grant may no longer act for whom they chose. Asked before the
/// transaction: nothing leaves the house within one.
async fn may_still_act(
    state: &Identity,
    id: GrantId,
    level: TrustLevel,
) -> Result<(), EndpointError> {
    let mut tx = state.outside.db.read().await?;
    let grant = grants::find(&mut tx, id).await?.ok_or(WRONG)?;
    drop(tx);
    let Holder::Person { account, granted, .. } = &grant.holder else { return Err(WRONG.into()) };
    tokens::still(state, granted, *account, level, false).await?;
    Ok(())
}

/// A person's access token of ours that this client holds rightly: issued to it, or sent to it as
/// the audience it answers for.
fn subject_token(state: &Identity, asked: &Asked<'_>) -> Result<AccessToken, Refused> {
    let params = asked.params;
    let token = params.get("subject_token");
    let token = token.ok_or(Refused::invalid_request("subject_token is missing"))?;
    if params.get("subject_token_type") != Some(ACCESS_TOKEN) {
        let text = "subject_token_type is not that of an access token";
        return Err(Refused::invalid_request(text));
    }
    if params.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(Refused::invalid_request("only access tokens are issued"));
    }
    if params.get("actor_token").is_some() || params.get("actor_token_type").is_some() {
        return Err(Refused::invalid_request("the actor is the client itself"));
    }
    let claims: AccessToken =
        state.keys.verify(token, AccessToken::TYP, asked.now).map_err(|_| WRONG)?;
    let client = &asked.client;
    let held = claims.client_id == client.client_id || client.introspects.contains(&claims.aud);
    let alive = claims.iss == state.issuer() && claims.exp > asked.now.as_seconds();
    if !held || !alive || claims.kind != TokenKind::Person {
        return Err(WRONG);
    }
    if claims.cnf.is_some() && asked.confirmation().is_none() {
        let text = "the subject token is bound to a key, so the new one must be";
        return Err(Refused::new(OAuthError::InvalidDpopProof, text));
    }
    let mut actors = std::iter::successors(claims.act.as_ref(), |actor| actor.act.as_deref());
    if actors.nth(LONGEST_CHAIN - 1).is_some() {
        return Err(Refused::invalid_grant("too many parties act one behind the other"));
    }
    Ok(claims)
}

/// The one audience asked for, by `resource` or `audience`, that the client is registered for.
fn target(client: &Client, params: &Params) -> Result<String, Refused> {
    let no = |text| Refused::new(OAuthError::InvalidTarget, text);
    let mut wanted = request::resources(client, params)?;
    if let Some(audience) = params.get("audience")
        && !wanted.iter().any(|w| w == audience)
    {
        wanted.push(audience.to_owned());
    }
    match wanted.as_slice() {
        [one] if client.audiences().contains(one) => Ok(one.clone()),
        [] => Err(no("say which resource the token is for")),
        [_] => Err(no("the resource is not an audience of this client")),
        _ => Err(no("an access token has one audience: ask once per resource")),
    }
}

/// The scopes of the new token: the client's own, within what the person granted it, or within
/// the token when it was issued to somebody else.
fn narrowed(
    client: &Client,
    subject: &AccessToken,
    granted: &Granted,
    audience: &str,
    params: &Params,
) -> Result<Vec<String>, Refused> {
    let no = |text| Refused::new(OAuthError::InvalidScope, text);
    let limit: Vec<String> = if subject.client_id == client.client_id {
        granted.request.scopes.clone()
    } else {
        subject.scope.split_ascii_whitespace().map(str::to_owned).collect()
    };
    let mut wanted = params.words("scope");
    if wanted.iter().any(|scope| !limit.contains(scope)) {
        return Err(no("a scope was not granted at the log-in"));
    }
    if wanted.is_empty() {
        wanted = limit;
    }
    wanted.retain(|scope| client.scopes.contains(scope));
    let found = scopes::for_audience(&wanted, audience);
    if found.is_empty() || !granted.audiences().iter().any(|a| a == audience) {
        return Err(no("nothing was granted for this resource"));
    }
    Ok(found)
}
