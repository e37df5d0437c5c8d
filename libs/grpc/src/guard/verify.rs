//! From the headers of a call to its [`Caller`].

use http::request::Parts;
use http::{HeaderMap, header};
use siegel_kernel::{GrantId, Timestamp, TrustLevel};
use siegel_oidc::{AccessToken, TokenKind, audience, dpop};
use tonic::{Code, Status};

use super::subjects::Subject;
use super::{Inner, Peer, rule_of};
use crate::{AskedAs, Caller, CallerKind, ClientCertificate, Person, Program, Rule, refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// An access token as presented.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented<'a> {
    pub(super) scheme: Scheme,
    pub(super) text: &'a str,
}

/// The one token of a call: `authorization: Bearer …` or `authorization: DPoP …`.
pub(super) fn presented(headers: &HeaderMap) -> Result<Option<Presented<'_>>, Status> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let malformed = || denied("TOKEN_MALFORMED", "the authorization metadata is malformed");
    if all.next().is_some() {
        return Err(malformed());
    }
    let (scheme, text) =
        first.to_str().ok().and_then(|v| v.split_once(' ')).ok_or_else(malformed)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(malformed()),
    };
    Ok(Some(Presented { scheme, text }))
}

fn denied(reason: &str, message: &str) -> Status {
    refusal(Code::Unauthenticated, reason, message, [])
}

fn forbidden(reason: &str, message: &str) -> Status {
    refusal(Code::PermissionDenied, reason, message, [])
}

impl Inner {
    /// Who calls, if the rule of the RPC lets them, and the token of callers from outside.
    pub(super) async fn admit(
        &self,
        head: &Parts,
    ) -> Result<(Caller, Option<AccessToken>), Status> {
        let rule = rule_of(head.uri.path())?;
        let peer = head.extensions.get::<Peer>();
        if rule.allows(CallerKind::Public) {
            return Ok((Caller::Anyone, None));
        }
        if rule.allows(CallerKind::Peer) {
            return Ok((by_certificate(rule, peer)?, None));
        }
        let token = presented(&head.headers)?
            .ok_or_else(|| denied("TOKEN_MISSING", "an access token is needed"))?;
        let claims = self.claims(token.text).await?;
        match claims.kind {
            TokenKind::Service => Ok((by_service_token(rule, &claims, peer)?, None)),
            TokenKind::Client => {
                self.for_outsiders(rule, CallerKind::Client, &claims, token, head)?;
                self.still_valid(&claims).await?;
                Ok((client(&claims)?, Some(claims)))
            }
            TokenKind::Program => {
                self.for_outsiders(rule, CallerKind::Program, &claims, token, head)?;
                self.still_valid(&claims).await?;
                let program = self.program(&claims).await?;
                high_enough(rule, Program::LEVEL)?;
                Ok((Caller::Program(program), Some(claims)))
            }
            TokenKind::Person => {
                self.for_outsiders(rule, CallerKind::Person, &claims, token, head)?;
                self.still_valid(&claims).await?;
                let person = self.person(&claims).await?;
                high_enough(rule, person.level)?;
                Ok((Caller::Person(person), Some(claims)))
            }
        }
    }

    /// The claims of a token of ours for this service, in force now.
    async fn claims(&self, token: &str) -> Result<AccessToken, Status> {
        let claims = self.keys.verify(token, self.settings.clock.now()).await?;
        let now = self.settings.clock.now().as_seconds();
        if claims.iss != self.settings.origin || claims.aud != audience(&self.settings.service) {
            return Err(denied("TOKEN_WRONG_AUDIENCE", "the token is for another service"));
        }
        if claims.exp <= now {
            return Err(denied("TOKEN_EXPIRED", "the token has expired"));
        }
        if claims.iat > now + dpop::SKEW {
            return Err(denied("TOKEN_MALFORMED", "the token is from the future"));
        }
        Ok(claims)
    }

    /// Kind, scope and proof of possession of a token that came from outside.
    fn for_outsiders(
        &self,
        rule: &Rule,
        kind: CallerKind,
        claims: &AccessToken,
        token: Presented<'_>,
        head: &Parts,
    ) -> Result<(), Status> {
        if !rule.allows(kind) {
            return Err(forbidden("WRONG_CALLER", "this call is not for the holder of this token"));
        }
        if !rule.scope.split(' ').any(|scope| claims.has_scope(scope)) {
            let facts = [("needed", rule.scope.as_str())];
            let text = "the token lacks a scope";
            return Err(refusal(Code::PermissionDenied, "SCOPE_MISSING", text, facts));
        }
        let bound = claims.cnf.clone().unwrap_or_default();
        let shown = head.extensions.get::<ClientCertificate>();
        let holds = |x5t: &String| shown.is_some_and(|c| c.thumbprint == *x5t);
        if !bound.x5t_s256.as_ref().is_none_or(holds) {
            let text = "this token holds on connections with its certificate only (RFC 8705 §3)";
            return Err(denied("TOKEN_WRONG_HOLDER", text));
        }
        match (bound.jkt.as_deref(), token.scheme) {
            (Some(jkt), Scheme::Dpop) => self.proof(jkt, token.text, head),
            (Some(_), Scheme::Bearer) => {
                Err(denied("DPOP_PROOF_MISSING", "this token is bound to a key"))
            }
            (None, Scheme::Dpop) => Err(denied("TOKEN_NOT_BOUND", "this token is bound to no key")),
            (None, Scheme::Bearer) if rule.bound && bound.x5t_s256.is_none() => {
                Err(denied("TOKEN_NOT_BOUND", "this call needs a token bound to a key"))
            }
            (None, Scheme::Bearer) => Ok(()),
        }
    }

    /// RFC 9449 §7: the proof of a call, with a nonce of ours, used once.
    fn proof(&self, jkt: &str, token: &str, head: &Parts) -> Result<(), Status> {
        let mut proofs = head.headers.get_all("dpop").iter();
        let text = proofs.next().and_then(|v| v.to_str().ok());
        let text = text.filter(|_| proofs.next().is_none());
        let text = text.ok_or_else(|| denied("DPOP_PROOF_MISSING", "one DPoP proof is needed"))?;
        let path = head.uri.path();
        let asked = head.extensions.get::<AskedAs>();
        let (method, at) = asked.map_or(("POST", path), |a| (a.method.as_str(), a.path.as_str()));
        let url = format!("{}{at}", self.settings.origin);
        let expected =
            dpop::Expected { method, url: &url, access_token: Some(token), jkt: Some(jkt) };
        let now = self.settings.clock.now();
        let proof = dpop::verify(text, &expected, now)
            .map_err(|e| denied("DPOP_PROOF_INVALID", &e.to_string()))?;
        let known = proof.nonce.as_deref().is_some_and(|n| self.nonces.holds(n, path, token, now));
        if !known {
            return Err(denied("USE_DPOP_NONCE", "repeat the call with the nonce of this answer"));
        }
        if !self.replays.first_use(&proof.jkt, &proof.jti, now) {
            return Err(denied("DPOP_PROOF_REPLAYED", "this proof was used before"));
        }
        Ok(())
    }

    async fn still_valid(&self, claims: &AccessToken) -> Result<(), Status> {
        if self.revocations.holds(claims).await? {
            return Ok(());
        }
        Err(denied("TOKEN_REVOKED", "the token was revoked"))
    }

    async fn person(&self, claims: &AccessToken) -> Result<Person, Status> {
        let malformed = || denied("TOKEN_MALFORMED", "the token lacks what a person's token has");
        let grant: GrantId = claims.gid.parse().map_err(|_| malformed())?;
        let level = claims.level().ok_or_else(malformed)?;
        let authenticated = claims.auth_time.ok_or_else(malformed)?;
        let Subject::Person { account, acting_for } = self.subjects.of(grant).await? else {
            return Err(malformed());
        };
        if acting_for.is_some() != claims.acting_for.is_some() {
            return Err(malformed());
        }
        Ok(Person {
            account,
            acting_for,
            level,
            authenticated_at: Timestamp::from_seconds(authenticated),
            grant,
            scopes: scopes(claims),
            client_id: claims.client_id.clone(),
            subject: claims.sub.clone(),
            session: claims.sid.clone(),
        })
    }

    async fn program(&self, claims: &AccessToken) -> Result<Program, Status> {
        let malformed = || denied("TOKEN_MALFORMED", "the token lacks what a program's token has");
        let grant: GrantId = claims.gid.parse().map_err(|_| malformed())?;
        match self.subjects.of(grant).await? {
            Subject::Program { id, organisation } if id == claims.sub => {
                Ok(Program { id, organisation, grant, scopes: scopes(claims) })
            }
            _ => Err(malformed()),
        }
    }
}

fn by_certificate(rule: &Rule, peer: Option<&Peer>) -> Result<Caller, Status> {
    match peer {
        Some(peer) if rule.allows_service(&peer.service) => {
            Ok(Caller::Sibling(peer.service.clone()))
        }
        _ => Err(denied("PEER_UNKNOWN", "this call is for services of the suite")),
    }
}

fn by_service_token(
    rule: &Rule,
    claims: &AccessToken,
    peer: Option<&Peer>,
) -> Result<Caller, Status> {
    let bound = claims.cnf.as_ref().and_then(|cnf| cnf.x5t_s256.as_deref());
    let holder = peer.filter(|p| Some(p.thumbprint.as_str()) == bound && p.service == claims.sub);
    let Some(peer) = holder else {
        return Err(denied("TOKEN_WRONG_HOLDER", "the token belongs to another certificate"));
    };
    if !rule.allows(CallerKind::Sibling) || !rule.allows_service(&peer.service) {
        return Err(forbidden("WRONG_CALLER", "this service may not make this call"));
    }
    Ok(Caller::Sibling(peer.service.clone()))
}

fn client(claims: &AccessToken) -> Result<Caller, Status> {
    let scopes = scopes(claims);
    let tenant = claims.tenant.clone();
    let tenant = tenant.ok_or_else(|| denied("TOKEN_MALFORMED", "the token names no tenant"))?;
    let (client_id, grant) = (claims.client_id.clone(), claims.gid.clone());
    Ok(Caller::Client { client_id, tenant, scopes, grant })
}

fn scopes(claims: &AccessToken) -> Vec<String> {
    claims.scope.split_ascii_whitespace().map(str::to_owned).collect()
}

fn high_enough(rule: &Rule, held: TrustLevel) -> Result<(), Status> {
    if held >= rule.level {
        return Ok(());
    }
    let facts = [("held", held.as_str()), ("needed", rule.level.as_str())];
    let text = "a higher trust level is needed";
    Err(refusal(Code::PermissionDenied, "TRUST_TOO_LOW", text, facts))
}
