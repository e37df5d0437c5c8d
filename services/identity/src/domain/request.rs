//! From the parameters of an authorization request to a request that needs no more checking.

use siegel_oidc::{audience, pkce};

use super::acting::ActingRequest;
use super::claims_request::ClaimsRequest;
use super::client::{Client, Environment, GrantType};
use super::interaction::{AuthRequest, ClientFace, RequestedClaim, ResponseMode};
use super::levels::{self, Rules};
use super::oauth::{OAuthError, Refused};
use super::outputs::{Output, Place, want};
use super::params::Params;
use super::scopes;

/// Longest value of a parameter that is echoed or kept, bytes.
const LONGEST: usize = 2_000;

/// Where an answer may go: established before anything else is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTo {
    pub redirect_uri: String,
    pub response_mode: ResponseMode,
    pub state: Option<String>,
}

/// Finds the registered redirect URI. Without one nothing may be sent anywhere, so a refusal here
/// is shown to the person and never redirected (RFC 6749 §4.1.2.1).
pub fn reply_to(client: &Client, params: &Params) -> Result<ReplyTo, Refused> {
    let wrong = Refused::invalid_request("redirect_uri is not registered for this client");
    // A repeated parameter could mean another address to the next reader.
    if matches!(params.repeated(), Some("client_id" | "redirect_uri")) {
        return Err(Refused::invalid_request("client_id or redirect_uri is sent twice"));
    }
    let uri = match params.get("redirect_uri") {
        Some(uri) if client.allows_redirect(uri) => uri.to_owned(),
        Some(_) => return Err(wrong),
        // RFC 6749 §3.1.2.3 lets it out when there is only one; OpenID Connect does not.
        None => return Err(Refused::invalid_request("redirect_uri is missing")),
    };
    let response_mode = match params.get("response_mode") {
        Some("form_post") => ResponseMode::FormPost,
        _ => ResponseMode::Query,
    };
    let state = params.get("state").filter(|s| s.len() <= LONGEST).map(str::to_owned);
    Ok(ReplyTo { redirect_uri: uri, response_mode, state })
}

/// Checks everything else. `dpop_jkt` is the key of a proof that came with a pushed request.
pub fn read(
    client: &Client,
    rules: &Rules<'_>,
    params: &Params,
    reply: ReplyTo,
    dpop_jkt: Option<String>,
) -> Result<AuthRequest, Refused> {
    let params = params.clone().once()?;
    if params.get("state").is_some_and(|s| s.len() > LONGEST)
        || params.get("nonce").is_some_and(|s| s.len() > LONGEST)
    {
        return Err(Refused::invalid_request("state or nonce is too long"));
    }
    response(client, &params)?;
    let prompt = prompt(&params)?;
    let scopes = granted_scopes(client, &params, &prompt)?;
    let claims_request = match params.get("claims") {
        Some(text) => ClaimsRequest::parse(text)?,
        None => ClaimsRequest::default(),
    };
    let (wanted, acr_essential) = match &claims_request.acr {
        Some(acr) => (acr.values.join(" "), acr.essential),
        None => (params.get("acr_values").unwrap_or_default().to_owned(), false),
    };
    let resources = resources(client, &params)?;
    let levels = levels::of(client, rules, &wanted, acr_essential, &scopes, &resources)?;
    let (claims, outputs) = requested_claims(client, &scopes, &claims_request);
    let tenant = rules.tenant;
    let acting = ActingRequest::read(
        &client.acting,
        client.service_id.as_deref(),
        params.get("acting_for"),
        claims_request.acting_for.as_ref(),
    )?;
    Ok(AuthRequest {
        client_id: client.client_id.clone(),
        client_name: client.name.clone(),
        tenant: client.tenant.clone(),
        sector: client.sector.clone(),
        redirect_uri: reply.redirect_uri,
        response_mode: reply.response_mode,
        state: reply.state,
        nonce: params.get("nonce").map(str::to_owned),
        code_challenge: code_challenge(client, &params)?,
        resources,
        scopes,
        wanted,
        acr_essential,
        floor: levels.floor,
        aim: levels.aim,
        max_age: max_age(&params)?,
        prompt,
        login_hint: short(&params, "login_hint"),
        ui_locales: short(&params, "ui_locales"),
        claims,
        purpose: client.purpose.clone(),
        dpop_jkt: bound_key(&params, dpop_jkt)?,
        first_party: client.first_party,
        pushed: None,
        face: ClientFace {
            tenant_name: if tenant.name.is_empty() { &client.tenant } else { &tenant.name }.clone(),
            logo_uri: client.logo_uri.clone(),
            policy_uri: client.policy_uri.clone(),
            test: client.environment == Environment::Test,
        },
        single_sign_on: tenant.single_sign_on,
        shared_with: Vec::new(),
        methods: levels.methods,
        limits: tenant.session_limits.clone(),
        subjects: claims_request.subjects,
        outputs,
        verified: claims_request.verified,
        // Guests act for nobody.
        guests: client.guests && !acting.is_required(),
        passkeys: tenant.passkeys(),
        upstreams: Vec::new(),
        acting,
    })
}

fn response(client: &Client, params: &Params) -> Result<(), Refused> {
    if params.get("request_uri").is_some() {
        let text = "only request URIs of pushed requests are supported";
        return Err(Refused::new(OAuthError::RequestUriNotSupported, text));
    }
    if params.get("registration").is_some() {
        let text = "self-issued registration is not supported";
        return Err(Refused::new(OAuthError::RegistrationNotSupported, text));
    }
    if !client.may(GrantType::AuthorizationCode) {
        let text = "the client is not registered for log-ins";
        return Err(Refused::new(OAuthError::UnauthorizedClient, text));
    }
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => {
            let text = "the only response type is code";
            return Err(Refused::new(OAuthError::UnsupportedResponseType, text));
        }
        None => return Err(Refused::invalid_request("response_type is missing")),
    }
    match params.get("response_mode") {
        None | Some("query" | "form_post") => Ok(()),
        Some(_) => Err(Refused::invalid_request("response_mode is neither query nor form_post")),
    }
}

fn code_challenge(client: &Client, params: &Params) -> Result<Option<String>, Refused> {
    let Some(challenge) = params.get("code_challenge") else {
        let half = params.get("code_challenge_method").is_some();
        if half || client.require_pkce || client.is_public() {
            return Err(Refused::invalid_request("code_challenge is missing"));
        }
        return Ok(None);
    };
    // Absent means `plain` (RFC 7636 §4.3), which shows the verifier to everybody on the way.
    if params.get("code_challenge_method") != Some("S256") {
        return Err(Refused::invalid_request("code_challenge_method is not S256"));
    }
    if !pkce::is_challenge(challenge) {
        return Err(Refused::invalid_request("code_challenge is not a base64url SHA-256"));
    }
    Ok(Some(challenge.to_owned()))
}

fn prompt(params: &Params) -> Result<Vec<String>, Refused> {
    const KNOWN: [&str; 4] = ["none", "login", "consent", "select_account"];
    let mut words = params.words("prompt");
    words.retain(|w| KNOWN.contains(&w.as_str()));
    if words.len() > 1 && words.iter().any(|w| w == "none") {
        return Err(Refused::invalid_request("prompt=none stands with another value"));
    }
    Ok(words)
}

/// Unknown scopes and those the client is not registered for are left out: the token answer says
/// what was granted (RFC 6749 §3.3).
fn granted_scopes(
    client: &Client,
    params: &Params,
    prompt: &[String],
) -> Result<Vec<String>, Refused> {
    let mut found = params.words("scope");
    found.retain(|s| scopes::known(s).is_some() && client.scopes.contains(s));
    let may_stay = prompt.iter().any(|p| p == "consent") && client.may(GrantType::RefreshToken);
    // Without a consent page it would be granted in silence (OpenID Connect Core §11).
    found.retain(|s| s != "offline_access" || (may_stay && !client.first_party));
    if found.is_empty() {
        let text = "none of the scopes is known and allowed for this client";
        return Err(Refused::new(OAuthError::InvalidScope, text));
    }
    Ok(found)
}

fn max_age(params: &Params) -> Result<Option<i64>, Refused> {
    let Some(text) = params.get("max_age") else { return Ok(None) };
    let seconds = text.parse::<i64>().ok().filter(|s| *s >= 0);
    seconds.map(Some).ok_or(Refused::invalid_request("max_age is not a number of seconds"))
}

/// Audiences asked for: each absolute, without fragment, and allowed for the client (RFC 8707 §2).
pub fn resources(client: &Client, params: &Params) -> Result<Vec<String>, Refused> {
    let allowed = client.audiences();
    let mut found: Vec<String> = Vec::new();
    for resource in params.resources() {
        let absolute = url::Url::parse(&resource).is_ok_and(|u| u.fragment().is_none());
        if !absolute || !(allowed.contains(&resource) || resource == audience("identity")) {
            let text = "a resource is not an audience of this client";
            return Err(Refused::new(OAuthError::InvalidTarget, text));
        }
        if !found.contains(&resource) {
            found.push(resource);
        }
    }
    Ok(found)
}

fn bound_key(params: &Params, proven: Option<String>) -> Result<Option<String>, Refused> {
    let named = params.get("dpop_jkt").map(str::to_owned);
    if named.as_ref().is_some_and(|jkt| !pkce::is_challenge(jkt)) {
        return Err(Refused::invalid_request("dpop_jkt is not a base64url SHA-256"));
    }
    match (named, proven) {
        (Some(named), Some(proven)) if named != proven => {
            let text = "dpop_jkt is not the key of the proof";
            Err(Refused::new(OAuthError::InvalidDpopProof, text))
        }
        (named, proven) => Ok(named.or(proven)),
    }
}

fn short(params: &Params, name: &str) -> Option<String> {
    params.get(name).filter(|v| v.len() <= 254).map(str::to_owned)
}

/// The attributes behind scopes and the `claims` parameter, each once, and the claims to answer
/// with. What scopes stand for comes from the userinfo endpoint (OpenID Connect Core §5.4).
fn requested_claims(
    client: &Client,
    scopes: &[String],
    request: &ClaimsRequest,
) -> (Vec<RequestedClaim>, Vec<Output>) {
    let mut all: Vec<RequestedClaim> = scopes::claims(scopes)
        .into_iter()
        .map(|name| RequestedClaim {
            name: name.to_owned(),
            userinfo: true,
            ..RequestedClaim::default()
        })
        .collect();
    let mut outputs = request.outputs.clone();
    for name in scopes::outputs(scopes) {
        // A demand by name is narrower, and meant so.
        if !outputs.iter().any(|o| o.name == name && o.userinfo.is_some()) {
            want(&mut outputs, name, Place::Userinfo, Vec::new());
        }
    }
    for wish in &request.claims {
        match all.iter_mut().find(|c| c.name == wish.name) {
            Some(known) => {
                known.essential |= wish.essential;
                known.id_token |= wish.id_token;
                known.userinfo |= wish.userinfo;
                known.purpose.clone_from(&wish.purpose);
            }
            None => all.push(wish.clone()),
        }
    }
    for claim in &mut all {
        if claim.purpose.is_empty()
            && let Some(registered) = client.claim_purposes.get(&claim.name)
        {
            claim.purpose.clone_from(registered);
        }
    }
    (all, outputs)
}
