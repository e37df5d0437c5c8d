//! Redeeming a provider's code, and checking its ID token in full (OpenID Connect Core §3.1.3.7).

use std::time::Duration;

use openidconnect::core::{
    CoreErrorResponseType, CoreIdToken, CoreIdTokenClaims, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClaimsVerificationError, Nonce,
    OAuth2TokenResponse as _, PkceCodeVerifier, RequestTokenError, SignatureVerificationError,
    StandardErrorResponse, TokenResponse as _,
};
use siegel_crypto::b64;
use siegel_kernel::Timestamp;

use super::calls::{Asserting, CallError, Plain, get_with};
use super::fault::{Fault, plain_code};
use super::provider::{Client, FRESH, Known, LOOK_AGAIN};
use super::start::{callback, key, secret};
use super::{Attempt, answer::Answer};
use crate::domain::client::AssertionAudience;
use crate::domain::upstream::{Claims, Upstream, UpstreamAuth};
use crate::state::Identity;
use crate::store::upstreams::Stored;

/// How far ahead of ours the provider's clock may be, and how far behind at a log-in that must be
/// fresh.
const SKEW: Duration = Duration::from_mins(1);

/// What a provider said of a person, verified.
pub struct Asserted {
    pub subject: String,
    pub acr: Option<String>,
    /// When the person logged in there, if it said so.
    pub auth_time: Option<Timestamp>,
    pub claims: Claims,
}

type TokenError = RequestTokenError<CallError, StandardErrorResponse<CoreErrorResponseType>>;

/// Checks who answered, redeems the code and verifies what comes for it.
pub async fn redeem(
    state: &Identity,
    stored: &Stored,
    attempt: &Attempt,
    answer: Answer,
    now: Timestamp,
) -> Result<Asserted, Fault> {
    let upstream = &stored.upstream;
    let known = state.upstreams.known(state, &upstream.issuer, FRESH).await?;
    // Mix-up: the answer of another provider that a browser brought here (RFC 9207 §2.4).
    let named = answer.iss.as_deref();
    if named.is_some_and(|iss| iss != upstream.issuer) || (named.is_none() && known.names_itself())
    {
        return Err(Fault::OtherIssuer);
    }
    if let Some(error) = answer.error {
        return Err(Fault::Refused(plain_code(&error)));
    }
    let secret = secret(state, stored)?;
    let client = known.client(upstream, &secret, callback(state, &upstream.id))?;
    let code = answer.code.unwrap_or_default();
    let tokens = if upstream.auth == UpstreamAuth::PrivateKeyJwt {
        let audience = match upstream.assertion_audience {
            AssertionAudience::Issuer => upstream.issuer.as_str(),
            AssertionAudience::TokenEndpoint => known.token_endpoint().unwrap_or_default(),
        };
        let key = key(&secret)?;
        let client_id = &upstream.client_id;
        exchange(&client, code, attempt, &Asserting { state, key: &key, client_id, audience, now })
            .await?
    } else {
        exchange(&client, code, attempt, &Plain(&state.outside.egress)).await?
    };
    let token = tokens.id_token().ok_or(Fault::IdTokenLacks("there is none"))?;
    let verified = verify(state, stored, &secret, &known, token, attempt, now).await?;
    let client = verified.known.client(upstream, &secret, callback(state, &upstream.id))?;
    check_more(&client, upstream, token, &verified.claims, &tokens)?;
    let auth_time = verified.claims.auth_time().map(instant);
    check_age(attempt, auth_time, now)?;

    let subject = verified.claims.subject().as_str().to_owned();
    let mut claims = if upstream.userinfo {
        let token = tokens.access_token().secret();
        userinfo(state, &verified.known, token, &subject).await?
    } else {
        Claims::new()
    };
    claims.extend(payload(token)?);
    let acr = verified.claims.auth_context_ref().map(|acr| acr.as_str().to_owned());
    Ok(Asserted { subject, acr, auth_time, claims })
}

async fn exchange<C>(
    client: &Client,
    code: String,
    attempt: &Attempt,
    http: &C,
) -> Result<CoreTokenResponse, Fault>
where
    C: for<'c> AsyncHttpClient<'c, Error = CallError>,
{
    client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|_| Fault::Unintelligible("no token endpoint"))?
        .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
        .request_async(http)
        .await
        .map_err(refusal)
}

fn refusal(error: TokenError) -> Fault {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            Fault::Refused(plain_code(answer.error().as_ref()))
        }
        RequestTokenError::Request(cause) => Fault::unreachable(cause),
        // The cause would repeat the body.
        RequestTokenError::Parse(..) => Fault::Unintelligible("the token response"),
        RequestTokenError::Other(_) => Fault::Unintelligible("the token response is empty"),
    }
}

/// Claims, and the keys that signed them.
struct Verified {
    claims: CoreIdTokenClaims,
    known: std::sync::Arc<Known>,
}

/// Signature, issuer, audience, expiry, nonce, times that are not in the future. A key that is not
/// known is looked up once.
async fn verify(
    state: &Identity,
    stored: &Stored,
    secret: &[u8],
    known: &std::sync::Arc<Known>,
    token: &CoreIdToken,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Verified, Fault> {
    use ClaimsVerificationError::SignatureVerification;
    let upstream = &stored.upstream;
    let redirect = || callback(state, &upstream.id);
    let client = known.client(upstream, secret, redirect())?;
    match claims(&client, known, token, attempt, now) {
        Ok(claims) => Ok(Verified { claims, known: known.clone() }),
        Err(SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
            let known = state.upstreams.known(state, &upstream.issuer, LOOK_AGAIN).await?;
            let client = known.client(upstream, secret, redirect())?;
            let claims = claims(&client, &known, token, attempt, now).map_err(Fault::IdToken)?;
            Ok(Verified { claims, known })
        }
        Err(other) => Err(Fault::IdToken(other)),
    }
}

fn claims(
    client: &Client,
    known: &Known,
    token: &CoreIdToken,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
    let latest = chrono_of(now.plus(SKEW));
    let past = move |at| if at <= latest { Ok(()) } else { Err("a time in the future".to_owned()) };
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(known.algorithms())
        .set_time_fn(move || chrono_of(now))
        .set_issue_time_verifier_fn(past)
        .set_auth_time_verifier_fn(move |at| at.map_or(Ok(()), past));
    token.claims(&verifier, &Nonce::new(attempt.nonce.clone())).cloned()
}

/// Whom it was made for (`azp`), and that it belongs to its access token (`at_hash`, §3.1.3.8).
fn check_more(
    client: &Client,
    upstream: &Upstream,
    token: &CoreIdToken,
    claims: &CoreIdTokenClaims,
    tokens: &CoreTokenResponse,
) -> Result<(), Fault> {
    if claims.authorized_party().is_some_and(|azp| azp.as_str() != upstream.client_id) {
        return Err(Fault::IdTokenLacks("it was made for another client"));
    }
    if !(1..=255).contains(&claims.subject().as_str().len()) {
        return Err(Fault::IdTokenLacks("its subject is empty or too long"));
    }
    let Some(expected) = claims.access_token_hash() else { return Ok(()) };
    let verifier = client.id_token_verifier();
    let lost = |_| Fault::IdTokenLacks("its key is gone");
    let key = token.signing_key(&verifier).map_err(lost)?;
    let alg = token.signing_alg().map_err(|_| Fault::IdTokenLacks("it is not signed"))?;
    let found = AccessTokenHash::from_token(tokens.access_token(), alg, key)
        .map_err(|_| Fault::IdTokenLacks("its at_hash cannot be computed"))?;
    if found == *expected {
        return Ok(());
    }
    Err(Fault::IdTokenLacks("it came with another access token"))
}

/// `max_age` is kept by us as well: the provider may not know it.
fn check_age(attempt: &Attempt, auth_time: Option<Timestamp>, now: Timestamp) -> Result<(), Fault> {
    let Some(at) = auth_time else {
        if attempt.dated {
            return Err(Fault::IdTokenLacks("it does not say when the person logged in"));
        }
        return Ok(());
    };
    let since = if attempt.again { attempt.sent_at } else { now };
    if since.since(at) > Duration::from_secs(attempt.max_age) + SKEW {
        return Err(Fault::IdTokenLacks("the person logged in too long ago"));
    }
    Ok(())
}

/// The claims of a token that was verified, all of them.
fn payload(token: &CoreIdToken) -> Result<Claims, Fault> {
    let text = token.to_string();
    let bytes = text.split('.').nth(1).and_then(b64::decode).unwrap_or_default();
    serde_json::from_slice(&bytes).map_err(|_| Fault::Unintelligible("the ID token"))
}

/// What the userinfo endpoint knows of the same person (§5.3.2).
async fn userinfo(
    state: &Identity,
    known: &Known,
    access_token: &str,
    subject: &str,
) -> Result<Claims, Fault> {
    let endpoint = known.userinfo_endpoint().ok_or(Fault::Unintelligible("no userinfo"))?;
    let answer = get_with(&state.outside.egress, endpoint, access_token).await;
    let answer = answer.map_err(Fault::unreachable)?;
    if !answer.status().is_success() {
        return Err(Fault::Refused(format!("userinfo_{}", answer.status().as_u16())));
    }
    let claims: Claims = serde_json::from_slice(answer.body())
        .map_err(|_| Fault::Unintelligible("the userinfo answer"))?;
    if claims.get("sub").and_then(|s| s.as_str()) != Some(subject) {
        return Err(Fault::IdTokenLacks("the userinfo answer speaks of somebody else"));
    }
    Ok(claims)
}

fn chrono_of(at: Timestamp) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_micros(at.as_micros()).unwrap_or_default()
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> Timestamp {
    Timestamp::from_micros(at.timestamp_micros())
}
