//! Which client is calling an endpoint, and how it proves it.

use std::sync::Arc;

use base64::Engine as _;
use http::{HeaderMap, header};
use siegel_crypto::{SignatureAlg, b64, same_bytes, sha256};
use siegel_db::Tx;
use siegel_kernel::Timestamp;
use siegel_oidc::assertion::{self, Accepted, Assertion, AssertionError};
use url::form_urlencoded;

use super::acting::programs;
use super::endpoint::EndpointError;
use super::{certificate_auth, client_keys};
use crate::domain::client::{AssertionAudience, AuthMethod, Client};
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::params::Params;
use crate::domain::program::Program;
use crate::registry::Registered;
use crate::state::Identity;
use crate::store::replay::{self, Seen};

/// Said to a client that registered itself, until an operator has looked at it.
pub const UNAPPROVED: &str = "the client waits for its approval";

/// Said to who is unknown and to who proved nothing, in the same words.
pub const UNPROVEN: &str = "the client is unknown or did not prove who it is";

/// What a client sent to prove itself.
enum Sent<'a> {
    Assertion(&'a str),
    Basic { id: String, secret: String },
    Post { secret: &'a str },
    Nothing,
}

/// The authenticated client. `endpoint` is the path it called. A client assertion is used up
/// whether or not the request succeeds afterwards.
pub async fn authenticate(
    state: &Identity,
    headers: &HeaderMap,
    params: &Params,
    endpoint: &str,
    now: Timestamp,
) -> Result<Arc<Client>, EndpointError> {
    let proven = prove(state, headers, params, endpoint, now).await?;
    proven.settle_alone(state).await?;
    Ok(proven.client)
}

/// A client whose proof holds, but for one thing: that its assertion is used once.
#[derive(Debug)]
pub struct Proven {
    pub client: Arc<Client>,
    /// It is a program of an organisation.
    pub program: Option<Program>,
    assertion: Option<Assertion>,
}

impl Proven {
    /// Uses the assertion up in a transaction of the caller's. Until that is committed, the client
    /// gets nothing.
    pub async fn settle(&self, tx: &mut Tx) -> Result<(), EndpointError> {
        let Some(Assertion { jti, expires_at }) = &self.assertion else { return Ok(()) };
        let owner = &self.client.client_id;
        if replay::first_use(tx, Seen::Assertion, owner, jti, *expires_at).await? {
            return Ok(());
        }
        let description = "the client assertion was used before";
        Err(EndpointError::Client { by_header: false, description })
    }

    /// Uses the assertion up in a transaction of its own.
    pub async fn settle_alone(&self, state: &Identity) -> Result<(), EndpointError> {
        if self.assertion.is_none() {
            return Ok(());
        }
        let mut tx = state.outside.db.begin().await?;
        self.settle(&mut tx).await?;
        Ok(tx.commit().await?)
    }
}

/// As [`authenticate`] for endpoints that call [`Proven::settle`] in a transaction of their own.
pub async fn prove(
    state: &Identity,
    headers: &HeaderMap,
    params: &Params,
    endpoint: &str,
    now: Timestamp,
) -> Result<Proven, EndpointError> {
    let sent = sent(headers, params)?;
    let by_header = matches!(sent, Sent::Basic { .. });
    let failed = |description| EndpointError::Client { by_header, description };
    let unproven = || failed(UNPROVEN);
    let named = params.get("client_id");
    let client_id = match &sent {
        Sent::Assertion(text) => assertion::unverified_client(text),
        Sent::Basic { id, .. } => Some(id.clone()),
        Sent::Post { .. } | Sent::Nothing => named.map(str::to_owned),
    };
    let client_id = client_id.ok_or_else(unproven)?;
    if named.is_some_and(|id| id != client_id) {
        return Err(failed("client_id is not the client that authenticated"));
    }
    let mut tx = state.outside.db.read().await?;
    let registered = state.clients.find(&mut tx, &client_id).await?;
    drop(tx);
    let registered = match registered {
        None if matches!(sent, Sent::Assertion(_)) => {
            programs::registered(state, &client_id).await?.map(Arc::new)
        }
        found => found,
    };
    let registered = registered.ok_or_else(unproven)?;
    let client = registered.client.clone();
    let mut assertion = None;
    match (sent, client.auth_method) {
        (Sent::Assertion(text), AuthMethod::PrivateKeyJwt) => {
            assertion = Some(by_assertion(state, &registered, text, endpoint, now).await?);
        }
        // Each client has one method: a secret in the other place is no proof.
        (Sent::Basic { secret, .. }, AuthMethod::ClientSecretBasic) => {
            by_secret(&client, &secret).ok_or_else(unproven)?;
        }
        (Sent::Post { secret }, AuthMethod::ClientSecretPost) => {
            by_secret(&client, secret).ok_or_else(unproven)?;
        }
        (Sent::Nothing, AuthMethod::None) => {}
        (Sent::Nothing, method) if method.by_certificate() => {
            let fetched = match &client.jwks_uri {
                Some(_) => client_keys::keys_of(state, &client, None).await.ok(),
                None => None,
            };
            let jwks = fetched.map(|keys| keys.to_json()).or_else(|| client.jwks.clone());
            if !certificate_auth::proves(&client, jwks.as_deref()) {
                return Err(unproven());
            }
        }
        _ => return Err(unproven()),
    }
    if !client.approved {
        return Err(Refused::new(OAuthError::UnauthorizedClient, UNAPPROVED).into());
    }
    Ok(Proven { client, program: registered.program.clone(), assertion })
}

/// Compares hashes, in constant time.
fn by_secret(client: &Client, secret: &str) -> Option<()> {
    let held = client.secret_hash.as_deref().filter(|held| !held.is_empty())?;
    let hash = b64::encode(sha256(secret.as_bytes()));
    same_bytes(held.as_bytes(), hash.as_bytes()).then_some(())
}

async fn by_assertion(
    state: &Identity,
    registered: &Registered,
    text: &str,
    endpoint: &str,
    now: Timestamp,
) -> Result<Assertion, EndpointError> {
    let failed = |description| EndpointError::Client { by_header: false, description };
    let client = &registered.client;
    let fetched;
    let keys = if let Some(keys) = &registered.keys {
        keys
    } else {
        let kid = assertion::unverified_key(text);
        let found = client_keys::keys_of(state, client, kid.as_deref()).await;
        fetched = found.map_err(|_| failed("the client has no usable keys"))?;
        &fetched
    };
    let (here, token) = (state.url(endpoint), state.url("/token"));
    let (issuer, older) = ([state.issuer()], [state.issuer(), token.as_str(), here.as_str()]);
    let accepted = match client.assertion_audience {
        _ if client.is_fapi() => Accepted::Exactly(state.issuer()),
        AssertionAudience::Issuer => Accepted::OneOf(&issuer),
        // OpenID Connect Core §9, RFC 9126 §2.
        AssertionAudience::TokenEndpoint => Accepted::OneOf(&older),
    };
    let held = assertion::verify(text, keys, &client.client_id, accepted, now);
    let held = held.map_err(|e| {
        failed(match e {
            // Who has not the key learns nothing of a program, not even that there is one.
            AssertionError::Malformed | AssertionError::BadSignature
                if registered.program.is_some() =>
            {
                UNPROVEN
            }
            AssertionError::Malformed => "the client assertion is malformed",
            AssertionError::BadSignature => "the client assertion is not signed by the client",
            AssertionError::OtherParty => "the client assertion names another client or audience",
            AssertionError::Stale => "the client assertion is expired, too long-lived or early",
        })
    })?;
    let alg = siegel_crypto::unverified(text).ok().and_then(|header| header.alg);
    if client.is_fapi() && !alg.is_some_and(|alg| SignatureAlg::FAPI.contains(&alg)) {
        return Err(failed("the client assertion's algorithm is not one of FAPI 2.0"));
    }
    Ok(held)
}

/// Finds the one method used; two at once are refused (RFC 6749 §2.3).
fn sent<'a>(headers: &HeaderMap, params: &'a Params) -> Result<Sent<'a>, EndpointError> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let first = authorization.next();
    let assertion = params.get("client_assertion");
    let methods = usize::from(first.is_some())
        + usize::from(assertion.is_some())
        + usize::from(params.get("client_secret").is_some());
    if methods > 1 || authorization.next().is_some() {
        let text = "two ways of client authentication at once";
        return Err(Refused::invalid_request(text).into());
    }
    if let Some(secret) = params.get("client_secret") {
        return Ok(Sent::Post { secret });
    }
    if let Some(value) = first {
        let description = "the Authorization header holds no client id and secret";
        let parts = value.to_str().ok().and_then(basic);
        let (id, secret) = parts.ok_or(EndpointError::Client { by_header: true, description })?;
        return Ok(Sent::Basic { id, secret });
    }
    let Some(text) = assertion else { return Ok(Sent::Nothing) };
    if params.get("client_assertion_type") != Some(assertion::TYPE) {
        let text = "client_assertion_type is not that of a JWT";
        return Err(Refused::invalid_request(text).into());
    }
    Ok(Sent::Assertion(text))
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, text) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| -> String {
        // A name without `=`: its value is empty, and the name is what we want decoded.
        form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
    };
    let escaped = |text: &str| text.replace('&', "%26").replace('=', "%3D");
    Some((decoded(&escaped(id)), decoded(&escaped(secret))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_of_http_basic_are_form_decoded() {
        let header = |pair: &str| {
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        };
        assert_eq!(basic(&header("a%3Ab:c+d%25")), Some(("a:b".into(), "c d%".into())));
        assert_eq!(basic(&header("a:x=y&z")), Some(("a".into(), "x=y&z".into())));
        assert_eq!(basic(&header("no colon")), None);
        assert_eq!(basic("Bearer abc"), None);
    }
}
