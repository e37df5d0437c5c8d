//! What a client asks for at the end of a session (OpenID Connect RP-Initiated Logout 1.0 §2).

use serde::{Deserialize, Serialize};
use siegel_crypto::{b64, hmac_sha256, same_bytes};
use siegel_db::StoreError;
use siegel_kernel::Timestamp;

use crate::domain::answer::with_query;
use crate::domain::client::Client;
use crate::domain::interaction::SessionView;
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::state::Identity;
use crate::store::clients;

/// How long a browser may take from a client's POST to our page, seconds.
const TICKET: i64 = 300;

/// A request that may be followed, once the person agrees.
#[derive(Debug)]
pub struct Asked {
    pub client: Option<Client>,
    /// The session and person an ID token names; absent without a token.
    hinted: Option<Hinted>,
    /// Where the browser goes afterwards, without `state`: registered, exactly.
    pub post_logout_redirect_uri: Option<String>,
    pub state: Option<String>,
    pub ui_locales: Option<String>,
}

/// Whom an ID token of ours is about. Expired ones count (§2): the end of a session is the time
/// when they have.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hinted {
    iss: String,
    aud: String,
    sub: String,
    #[serde(default)]
    sid: Option<String>,
}

/// [`Hinted`] on its way from a POST to the page: the token itself stays out of addresses.
#[derive(Serialize, Deserialize)]
struct Ticket {
    hinted: Hinted,
    until: i64,
}

/// A request that cannot be followed. Nobody is redirected, nothing ends.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("reading failed")]
    Store(#[from] StoreError),
}

/// Reads a request and checks everything in it against the registration.
pub async fn read(
    identity: &Identity,
    params: Params,
    now: Timestamp,
) -> Result<Asked, LogoutError> {
    let params = params.once()?;
    let text = |name: &str| params.get(name).map(str::to_owned);
    let bad = Refused::invalid_request;
    let token = params.get("id_token_hint").map(|token| verified(identity, token));
    let ticket = params.get("hint").map(|ticket| opened(identity, ticket, now));
    let hinted = token.or(ticket).transpose()?;
    let named = params.get("client_id");
    if hinted.as_ref().is_some_and(|h| named.is_some_and(|id| id != h.aud)) {
        return Err(bad("client_id is not the client of the id_token_hint").into());
    }
    let client = match hinted.as_ref().map(|h| h.aud.as_str()).or(named) {
        Some(id) => {
            let mut tx = identity.outside.db.read().await?;
            let found = clients::find(&mut tx, id).await?;
            Some(found.ok_or(bad("the client is not registered"))?)
        }
        None => None,
    };
    if let (Some(client), Some(token)) = (&client, params.get("id_token_hint"))
        && algorithm(token).as_deref() != Some(client.id_token_alg.as_str())
    {
        return Err(bad("the id_token_hint is not signed as tokens of this client are").into());
    }
    let target = params.get("post_logout_redirect_uri");
    if let Some(uri) = target
        && !client.as_ref().is_some_and(|c| c.allows_logout_redirect(uri))
    {
        return Err(bad("post_logout_redirect_uri is not registered").into());
    }
    Ok(Asked {
        client,
        hinted,
        post_logout_redirect_uri: target.map(str::to_owned),
        state: text("state"),
        ui_locales: text("ui_locales"),
    })
}

impl Asked {
    /// The address of the page that asks, for a browser whose POST brought no cookie.
    pub fn page(&self, identity: &Identity, now: Timestamp) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let ticket = self.hinted.clone().map(|hinted| sealed(identity, hinted, now));
        let client = self.client.as_ref().map(|c| c.client_id.clone());
        for (name, value) in [
            ("client_id", client),
            ("post_logout_redirect_uri", self.post_logout_redirect_uri.clone()),
            ("state", self.state.clone()),
            ("ui_locales", self.ui_locales.clone()),
            ("hint", ticket),
        ] {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        format!("/logout?{}", query.finish())
    }

    /// Where the browser goes afterwards, with the client's `state`.
    pub fn target(&self) -> Option<String> {
        let uri = self.post_logout_redirect_uri.as_deref()?;
        let Some(state) = &self.state else { return Some(uri.to_owned()) };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", state);
        Some(with_query(uri, &query.finish()))
    }

    /// Whether the client proved that it knows this very session: then nobody needs to be asked.
    /// Somebody else's session never ends for a token.
    pub fn knows(&self, identity: &Identity, session: &SessionView) -> bool {
        let (Some(hinted), Some(client)) = (&self.hinted, &self.client) else { return false };
        let name = identity.session_name(&client.sector, session.id);
        hinted.sid.as_ref().is_some_and(|sid| same_bytes(sid.as_bytes(), name.as_bytes()))
    }
}

fn verified(identity: &Identity, token: &str) -> Result<Hinted, Refused> {
    let bad = Refused::invalid_request("the id_token_hint is no ID token of ours");
    let hinted: Hinted =
        identity.keys.published().verify(token, super::id_token::TYP).map_err(|_| bad)?;
    if hinted.iss == identity.issuer() { Ok(hinted) } else { Err(bad) }
}

/// `alg` of a token whose signature was verified.
fn algorithm(token: &str) -> Option<String> {
    let head = b64::decode(token.split('.').next()?)?;
    let head: serde_json::Value = serde_json::from_slice(&head).ok()?;
    head.get("alg")?.as_str().map(str::to_owned)
}

fn sealed(identity: &Identity, hinted: Hinted, now: Timestamp) -> String {
    let ticket = Ticket { hinted, until: now.as_seconds() + TICKET };
    let text = serde_json::to_vec(&ticket).unwrap_or_default();
    format!("{}.{}", b64::encode(&text), b64::encode(mac(identity, &text)))
}

fn opened(identity: &Identity, sealed: &str, now: Timestamp) -> Result<Hinted, Refused> {
    let read = || {
        let (text, tag) = sealed.split_once('.')?;
        let (text, tag) = (b64::decode(text)?, b64::decode(tag)?);
        if !same_bytes(&mac(identity, &text), &tag) {
            return None;
        }
        let ticket: Ticket = serde_json::from_slice(&text).ok()?;
        (now.as_seconds() < ticket.until).then_some(ticket.hinted)
    };
    read().ok_or(Refused::invalid_request("the log-out request is too old"))
}

fn mac(identity: &Identity, text: &[u8]) -> [u8; 32] {
    hmac_sha256(identity.keys.nonce(), &[b"log-out ticket\0", text].concat())
}
