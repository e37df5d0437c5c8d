//! Access tokens (RFC 9068): one audience each, five minutes.

use siegel_crypto::{KeyError, random_token};
use siegel_kernel::{EntropyUnavailable, GrantId, Timestamp, TrustLevel};
use siegel_oidc::acr::Wanted;
use siegel_oidc::{AccessToken, Actor, Confirmation, TokenKind, audience};

use super::acting::tokens;
use super::certificate_auth;
use super::endpoint::EndpointError;
use crate::domain::acting::Chosen;
use crate::domain::client::{Client, SigningAlg};
use crate::domain::grant::Granted;
use crate::domain::interaction::SessionView;
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::scopes;
use crate::state::Identity;

/// An access token cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("signing failed")]
    Sign(#[from] KeyError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl From<TokenError> for EndpointError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Sign(e) => e.into(),
            TokenError::Entropy(e) => e.into(),
        }
    }
}

/// Which of the allowed audiences a token is for. One asked for now wins; then the only one asked
/// for at the start; then userinfo, for OpenID requests (RFC 8707 §2.2).
pub fn choose_audience(
    asked: &[String],
    allowed: &[String],
    from_start: &[String],
) -> Result<String, Refused> {
    let no = |text| Refused::new(OAuthError::InvalidTarget, text);
    match asked {
        [] => {}
        [one] if allowed.contains(one) => return Ok(one.clone()),
        [_] => return Err(no("the resource was not granted")),
        _ => return Err(no("an access token has one audience: ask once per resource")),
    }
    let own = audience("identity");
    match (from_start, allowed) {
        ([one], _) | ([], [one]) => Ok(one.clone()),
        _ if allowed.contains(&own) => Ok(own),
        _ => Err(no("say which resource the token is for")),
    }
}

/// Refuses tokens without a key where one is needed.
pub fn check_binding(client: &Client, wanted: &str, jkt: Option<&str>) -> Result<(), Refused> {
    certificate_auth::check_registered(client)?;
    let unbound = certificate_auth::confirmation(client, jkt).is_none();
    if (unbound && (scopes::must_be_bound(wanted) || client.is_fapi()))
        || (jkt.is_none() && client.dpop_bound)
    {
        let text =
            "tokens for this audience are bound: send a DPoP proof, or come with a certificate";
        return Err(Refused::new(OAuthError::InvalidDpopProof, text));
    }
    Ok(())
}

/// Refuses tokens for a resource that demands a higher level than the session has by now.
pub fn check_level(state: &Identity, wanted: &str, held: TrustLevel) -> Result<(), Refused> {
    if state.config.resource_levels.get(wanted).is_some_and(|needed| held < *needed) {
        let text = "the log-in is below the level this resource demands: authorize again";
        return Err(Refused::new(OAuthError::UnmetAuthenticationRequirements, text));
    }
    Ok(())
}

/// What a token is made of besides its times.
#[derive(Debug)]
pub struct NewToken<'a> {
    pub subject: &'a str,
    pub audience: &'a str,
    pub client_id: &'a str,
    pub tenant: Option<&'a str>,
    pub scopes: &'a [String],
    pub kind: TokenKind,
    pub grant: GrantId,
    pub session: Option<(&'a Granted, &'a SessionView)>,
    /// For whom a program acts; for whom a person does stands in what they granted.
    pub acting_for: Option<&'a Chosen>,
    pub confirmation: Option<Confirmation>,
    pub now: Timestamp,
}

/// The instant a token issued now says it was issued at. A stop reaches every token up to the end of
/// its second, because tokens say whole seconds; what is issued after it in that second says the
/// next.
pub fn issued_after(stop: Option<Timestamp>, now: Timestamp) -> Timestamp {
    stop.map_or(now, |stop| now.max(Timestamp::from_seconds(stop.as_seconds() + 1)))
}

/// Signs an access token.
pub fn sign(state: &Identity, new: &NewToken<'_>) -> Result<String, TokenError> {
    sign_onward(state, new, None, new.now.as_seconds() + AccessToken::LIFETIME)
}

/// Signs an access token for a party that acts on behalf of its subject, until `exp` (seconds).
pub fn sign_onward(
    state: &Identity,
    new: &NewToken<'_>,
    act: Option<Actor>,
    exp: i64,
) -> Result<String, TokenError> {
    let now = new.now.as_seconds();
    let claims = AccessToken {
        iss: state.issuer().to_owned(),
        sub: new.subject.to_owned(),
        aud: new.audience.to_owned(),
        exp,
        iat: now,
        jti: random_token(&*state.outside.entropy)?,
        client_id: new.client_id.to_owned(),
        scope: scopes::for_audience(new.scopes, new.audience).join(" "),
        kind: new.kind,
        gid: new.grant.to_string(),
        sid: new.session.map(|(g, s)| state.session_name(&g.request.sector, s.id)),
        trust_level: new.session.map(|(_, s)| s.level.number()),
        acr: new.session.map(|(g, s)| Wanted::parse(&g.request.wanted).answer(s.level)),
        auth_time: new.session.map(|(_, s)| s.authenticated_at.as_seconds()),
        tenant: new.tenant.map(str::to_owned),
        cnf: new.confirmation.clone(),
        act,
        acting_for: match new.session {
            Some((g, s)) => tokens::claim(state, &g.request, s.account),
            // A client without a person is a sector of its own.
            None => new.acting_for.map(|chosen| tokens::named(state, new.client_id, chosen)),
        },
    };
    Ok(state.keys.sign(SigningAlg::ES256, AccessToken::TYP, &claims, new.now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| audience(name)).collect()
    }

    #[test]
    fn the_audience_is_the_one_asked_for_now_or_at_the_start_or_userinfo() {
        let allowed = list(&["identity", "postbox", "account"]);
        let choose = |asked: &[&str], start: &[&str]| {
            choose_audience(&list(asked), &allowed, &list(start)).map_err(|r| r.error)
        };
        assert_eq!(choose(&["account"], &["postbox"]), Ok(audience("account")));
        assert_eq!(choose(&[], &["postbox"]), Ok(audience("postbox")));
        assert_eq!(choose(&[], &["postbox", "account"]), Ok(audience("identity")));
        assert_eq!(choose(&[], &[]), Ok(audience("identity")));
        assert_eq!(choose(&["eid"], &[]), Err(OAuthError::InvalidTarget));
        assert_eq!(choose(&["account", "postbox"], &[]), Err(OAuthError::InvalidTarget));
    }
}
