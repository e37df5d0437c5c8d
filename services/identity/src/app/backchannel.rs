//! Telling clients that a session has ended (OpenID Connect Back-Channel Logout 1.0): ordered with
//! the end, delivered afterwards, so that no client holds the person up.

use serde::{Deserialize, Serialize};
use serde_json::json;
use siegel_crypto::{KeyError, b64, hmac_sha256};
use siegel_db::{StoreError, Tx, outbox};
use siegel_kernel::{AccountId, SessionId, Timestamp};

use super::push::LOGOUT;
use crate::domain::client::Client;
use crate::state::Identity;
use crate::store::clients;
use crate::store::session_clients::{self, SessionClient};
use crate::store::sessions::Session;

/// Type of a logout token (§2.4).
pub const TYP: &str = "logout+jwt";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How long a client may take to look at it, seconds (§2.4: two minutes at most).
const LIFETIME: i64 = 120;

/// A client to be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ended {
    pub client_id: String,
    pub sector: String,
    pub session: SessionId,
    pub account: AccountId,
}

/// Orders a logout token for every client that got a grant in the session and wants one. Call in
/// the transaction that ends it.
pub async fn order(tx: &mut Tx, session: &Session, now: Timestamp) -> Result<(), StoreError> {
    for SessionClient { client_id, sector } in session_clients::of(tx, session.id).await? {
        let client = clients::find(tx, &client_id).await?;
        if client.is_none_or(|c| c.backchannel_logout_uri.is_none()) {
            continue;
        }
        let ended = Ended { client_id, sector, session: session.id, account: session.account_id };
        let payload = serde_json::to_vec(&ended).map_err(|_| StoreError::corrupt("log-out"))?;
        outbox::put(tx, LOGOUT, &payload, now).await?;
    }
    Ok(())
}

/// A logout token for the client. Its `jti` is the same at each try: a client that was told twice
/// sees that it knows.
pub fn token(
    state: &Identity,
    client: &Client,
    ended: &Ended,
    now: Timestamp,
) -> Result<String, KeyError> {
    let name = [client.client_id.as_bytes(), b"\0", ended.session.as_uuid().as_bytes()].concat();
    let id = hmac_sha256(state.keys.pairwise(), &[b"logout token\0", &name[..]].concat());
    let seconds = now.as_seconds();
    let claims = json!({
        "iss": state.issuer(),
        "aud": client.client_id,
        "iat": seconds,
        "exp": seconds + LIFETIME,
        "jti": b64::encode(id),
        "sub": state.subject(&ended.sector, ended.account),
        "sid": state.session_name(&ended.sector, ended.session),
        "events": { EVENT: {} },
    });
    state.keys.sign(client.id_token_alg, TYP, &claims, now)
}
