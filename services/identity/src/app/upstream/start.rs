//! Sending a browser to a provider.

use std::time::Duration;

use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow};
use openidconnect::{
    AuthenticationContextClass, CsrfToken, LanguageTag, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    Scope,
};
use siegel_crypto::{KeySet, SigningKey, random_token, sha256};
use siegel_kernel::TrustLevel;
use siegel_telemetry::metric;
use url::Url;

use super::finish::right_kind;
use super::provider::FRESH;
use super::{Attempt, Fault, seal};
use crate::domain::ageing::Limits;
use crate::domain::upstream::{METHOD, Upstream, UpstreamAuth};
use crate::state::Identity;
use crate::store::upstream_logins::{self, NewLogin, Purpose, UpstreamLoginId};
use crate::store::upstreams::{self, Stored};

/// How long a person may take at the provider.
const LIFETIME: Duration = Duration::from_mins(10);

/// A log-in to be begun.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// Id of the provider.
    pub upstream: &'a str,
    pub purpose: Purpose,
    /// SHA-256 of the cookie that the browser comes back with.
    pub browser: &'a [u8; 32],
    /// The tenant whose log-in page this is; nobody's when an account is linked.
    pub tenant: Option<&'a str>,
    pub needed: TrustLevel,
    /// A fresh log-in is demanded.
    pub again: bool,
    /// The oldest log-in that the client takes, seconds.
    pub max_age: Option<i64>,
    /// `de` or `en`.
    pub locale: &'a str,
}

/// Begins a log-in: the address to send the browser to.
pub async fn begin(state: &Identity, start: Start<'_>) -> Result<Url, Fault> {
    let stored = offered(state, &start).await?;
    let upstream = &stored.upstream;
    metric::LOGIN_STARTED.count([METHOD]);
    let known = state.upstreams.known(state, &upstream.issuer, FRESH).await?;
    let client = known.client(upstream, b"", callback(state, &upstream.id))?;

    let (clock, entropy) = (&*state.outside.clock, &*state.outside.entropy);
    let id = UpstreamLoginId::new(clock, entropy)?;
    let now = state.now();
    let limit = Limits::of(start.needed).absolute.as_secs();
    let asked = start.max_age.map(|s| u64::try_from(s).unwrap_or(0));
    let attempt = Attempt {
        issuer: upstream.issuer.clone(),
        nonce: random_token(entropy)?,
        verifier: random_token(entropy)?,
        again: start.again,
        max_age: if start.again { 0 } else { asked.unwrap_or(limit).min(limit) },
        dated: start.again || asked.is_some(),
        sent_at: now,
    };
    let oauth_state = random_token(entropy)?;
    let sealed = seal(&state.people.keys, "attempt", id, &attempt)?;
    let login = NewLogin {
        id,
        upstream: &upstream.id,
        state_hash: &sha256(oauth_state.as_bytes()),
        purpose: start.purpose,
        browser: start.browser,
        attempt_sealed: &sealed,
        expires_at: now.plus(LIFETIME),
    };
    let mut tx = state.outside.db.begin().await?;
    upstream_logins::insert(&mut tx, &login).await?;
    tx.commit().await?;

    let verifier = PkceCodeVerifier::new(attempt.verifier);
    let nonce = attempt.nonce;
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(oauth_state),
            move || Nonce::new(nonce),
        )
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .set_max_age(Duration::from_secs(attempt.max_age))
        .add_ui_locale(LanguageTag::new(start.locale.to_owned()));
    for scope in upstream.scopes.iter().filter(|s| *s != "openid") {
        request = request.add_scope(Scope::new(scope.clone()));
    }
    for acr in upstream.acr_values(start.needed).unwrap_or_default().split_ascii_whitespace() {
        request = request.add_auth_context_value(AuthenticationContextClass::new(acr.to_owned()));
    }
    if start.again {
        request = request.add_prompt(CoreAuthPrompt::Login);
    }
    Ok(request.url().0)
}

/// Where a log-in at this provider leads, for the policy of the page that leads there.
pub async fn destination(state: &Identity, upstream: &Upstream) -> Result<Url, Fault> {
    let known = state.upstreams.known(state, &upstream.issuer, FRESH).await?;
    Ok(known.authorization_endpoint().clone())
}

/// The public keys that prove us to a provider, as a JWK Set; `None` when we use none there.
pub async fn public_keys(state: &Identity, id: &str) -> Result<Option<String>, Fault> {
    let mut tx = state.outside.db.read().await?;
    let found = upstreams::find(&mut tx, id).await?;
    drop(tx);
    let with_key = |s: &Stored| s.upstream.auth == UpstreamAuth::PrivateKeyJwt;
    let Some(stored) = found.filter(with_key) else { return Ok(None) };
    let key = key(&secret(state, &stored)?)?;
    Ok(Some(KeySet::new([key.public_jwk().clone()]).to_json()))
}

/// The provider, if it is switched on, of the right kind, and offered here.
async fn offered(state: &Identity, start: &Start<'_>) -> Result<Stored, Fault> {
    let mut tx = state.outside.db.read().await?;
    let found = upstreams::find(&mut tx, start.upstream).await?.filter(Stored::is_enabled);
    let stored = found.ok_or(Fault::NotOffered)?;
    right_kind(&stored.upstream, start.purpose)?;
    let groups = &state.config.connection_groups;
    let here = start.tenant.is_none_or(|t| stored.upstream.is_offered_to(t, groups));
    if here { Ok(stored) } else { Err(Fault::NotOffered) }
}

/// The one address where a provider's answers are taken (RFC 9700 §4.4.2).
pub fn callback(state: &Identity, id: &str) -> String {
    state.url(&format!("/login/upstream/{id}/callback"))
}

/// What proves us to a provider.
pub fn secret(
    state: &Identity,
    stored: &Stored,
) -> Result<zeroize::Zeroizing<Vec<u8>>, siegel_crypto::SealError> {
    let what = format!("upstream secret {}", stored.upstream.id);
    state.people.keys.open_job(&what, &stored.secret_sealed)
}

/// The key in a secret.
pub fn key(secret: &[u8]) -> Result<SigningKey, Fault> {
    let pem = std::str::from_utf8(secret).unwrap_or_default();
    SigningKey::from_pem(pem).map_err(Fault::Key)
}
