//! Exchanging a refresh token (RFC 6749 §6, RFC 8707 §2.2).

use std::time::Duration;

use serde_json::Map;
use siegel_crypto::{b64, hmac_sha256, sha256};
use siegel_db::{StoreError, Tx};
use siegel_grpc::audit_name;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::TokenKind;

use super::{Asked, LIFETIME, TokenAnswer};
use crate::app::access_token::{self, NewToken};
use crate::app::acting::tokens;
use crate::app::endpoint::EndpointError;
use crate::app::id_token::{self, NewIdToken};
use crate::app::{certificate_auth, revoke, sessions};
use crate::domain::client::AuthMethod;
use crate::domain::grant::{Granted, Holder};
use crate::domain::interaction::SessionView;
use crate::domain::oauth::{OAuthError, Refused};
use crate::domain::request;
use crate::state::Identity;
use crate::store::grants;
use crate::store::refresh::{self, RefreshToken};

/// A client whose answer was lost may try again with the spent token this long.
const GRACE: Duration = Duration::from_secs(10);

pub(super) async fn exchange(
    state: &Identity,
    asked: &Asked<'_>,
) -> Result<TokenAnswer, EndpointError> {
    let wrong = Refused::invalid_grant("the refresh token is unknown, expired or revoked");
    let token = asked.params.get("refresh_token");
    let token = token.ok_or(Refused::invalid_request("refresh_token is missing"))?;
    let hash = sha256(token.as_bytes());
    let resources = request::resources(&asked.client, asked.params)?;

    // Asked before the transaction: nothing leaves the house within one.
    let acting = acting(state, asked, &hash).await?;
    let mut tx = asked.begin(state).await?;
    let stored = refresh::find(&mut tx, &hash).await?.ok_or(wrong)?;
    let found = grants::find_with_stop(&mut tx, stored.grant_id).await?;
    let (grant, not_before) = found.ok_or(wrong)?;
    let ours = grant.client_id == asked.client.client_id;
    if !ours || !grant.is_live(asked.now) || stored.expires_at <= asked.now {
        return Err(wrong.into());
    }
    let Holder::Person { account, granted, .. } = &grant.holder else { return Err(wrong.into()) };
    let name = audit_name(*account);
    let granted = acting.as_ref().unwrap_or(granted);
    if not_before.is_some_and(|at| stored.issued_at <= at) {
        return Err(wrong.into());
    }
    let next = successor(state, token);
    if is_reused(&mut tx, &stored, &next, asked.now).await? {
        // A thief and the owner hold it, and nobody knows which is which (RFC 9700 §4.14.2).
        revoke::grant(&mut tx, grant.id, asked.now).await?;
        asked.record(&mut tx, grant.id, &name, None, "REFRESH_TOKEN_REUSED").await?;
        tx.commit().await?;
        state.feed.committed();
        return Err(wrong.into());
    }
    if granted.refresh_jkt.is_some() && granted.refresh_jkt.as_deref() != asked.jkt() {
        let text = "the refresh token is bound to another DPoP key";
        return Err(Refused::new(OAuthError::InvalidDpopProof, text).into());
    }
    if !certificate_auth::holds(granted.refresh_x5t.as_deref()) {
        let text = "the refresh token is bound to another certificate";
        return Err(Refused::invalid_grant(text).into());
    }
    let session = standing(&mut tx, granted, asked.now).await?;
    let session = session.ok_or(Refused::invalid_grant("the session has ended"))?;
    let scopes = narrowed(asked, granted)?;
    let start = &granted.request.resources;
    let audience = access_token::choose_audience(&resources, &granted.audiences(), start)?;
    access_token::check_binding(&asked.client, &audience, asked.jkt())?;
    access_token::check_level(state, &audience, session.level)?;

    let refresh_token = if stored.spent_at.is_none() && is_constrained(asked, granted) {
        // FAPI 2.0 §5.3.2.1: rotation adds nothing to a token only its client can use.
        token.to_owned()
    } else {
        rotate(asked, &mut tx, &hash, &stored, next).await?
    };
    asked.record(&mut tx, grant.id, &name, Some(session.level), "done").await?;
    let access_token = access_token::sign(
        state,
        &NewToken {
            subject: &grant.subject,
            audience: &audience,
            client_id: &asked.client.client_id,
            tenant: Some(&asked.client.tenant),
            scopes: &scopes,
            kind: TokenKind::Person,
            grant: grant.id,
            session: Some((granted, &session)),
            acting_for: None,
            confirmation: asked.confirmation(),
            now: access_token::issued_after(not_before, asked.now),
        },
    )?;
    // The same person, client and time of log-in as the first one; no nonce, no attributes
    // (OpenID Connect Core §12.2).
    let id_token = if scopes.iter().any(|s| s == "openid") {
        let (alg, now) = (asked.client.id_token_alg, asked.now);
        let access_token = &access_token;
        let new = NewIdToken { granted, access_token, nonce: None, alg, now };
        let mut about = Map::new();
        let claim = tokens::claim(state, &granted.request, *account);
        let acting_for = claim.as_ref().map(tokens::without_name);
        about.extend(acting_for.map(|told| ("acting_for".to_owned(), told.into())));
        Some(id_token::sign(state, &new, about)?)
    } else {
        None
    };
    tx.commit().await?;
    Ok(TokenAnswer {
        access_token,
        token_type: asked.token_type(),
        expires_in: LIFETIME,
        scope: scopes.join(" "),
        refresh_token: Some(refresh_token),
        id_token,
        issued_token_type: None,
    })
}

/// What was granted, with today's answer to whether the person may act for whom they chose; `None`
/// where they act for themself, or the token is refused anyhow. A right that ended takes the grant
/// with it.
async fn acting(
    state: &Identity,
    asked: &Asked<'_>,
    hash: &[u8; 32],
) -> Result<Option<Granted>, EndpointError> {
    let mut tx = state.outside.db.read().await?;
    let Some(stored) = refresh::find(&mut tx, hash).await? else { return Ok(None) };
    let Some(grant) = grants::find(&mut tx, stored.grant_id).await? else { return Ok(None) };
    if grant.client_id != asked.client.client_id || !grant.is_live(asked.now) {
        return Ok(None);
    }
    let Holder::Person { account, granted, .. } = &grant.holder else { return Ok(None) };
    if granted.request.acts_for(*account).is_none() {
        return Ok(None);
    }
    let (id, request) = (granted.session.id, &granted.request);
    let level = match sessions::view_in(&mut tx, id, request, asked.now).await? {
        Some(session) => session.level,
        None if granted.is_offline() => TrustLevel::Basic,
        None => return Ok(None),
    };
    drop(tx);
    Ok(Some(tokens::still_or_end(state, grant.id, granted, *account, level).await?))
}

/// The session as it stands now; what outlives its session is worth what a password proves.
async fn standing(
    tx: &mut Tx,
    granted: &Granted,
    now: Timestamp,
) -> Result<Option<SessionView>, StoreError> {
    let session = sessions::seen(tx, granted.session.id, &granted.request, now).await?;
    if session.is_none() && granted.is_offline() {
        let then = SessionView { level: TrustLevel::Basic, ..granted.session.clone() };
        return Ok(Some(then));
    }
    Ok(session)
}

/// Scopes can only shrink (RFC 6749 §6).
fn narrowed(asked: &Asked<'_>, granted: &Granted) -> Result<Vec<String>, Refused> {
    let wanted = asked.params.words("scope");
    if wanted.is_empty() {
        return Ok(granted.request.scopes.clone());
    }
    if wanted.iter().any(|s| !granted.request.scopes.contains(s)) {
        let text = "a scope was not granted at the log-in";
        return Err(Refused::new(OAuthError::InvalidScope, text));
    }
    Ok(wanted)
}

/// Whether the token is worth nothing without a key of its client: one it is bound to, or those of
/// a client that authenticates by key and gets bound tokens. Bearer clients' tokens rotate.
fn is_constrained(asked: &Asked<'_>, granted: &Granted) -> bool {
    let method = asked.client.auth_method;
    let by_key = (method == AuthMethod::PrivateKeyJwt || method.by_certificate())
        && asked.confirmation().is_some();
    granted.refresh_jkt.is_some()
        || granted.refresh_x5t.is_some()
        || asked.client.is_fapi()
        || by_key
}

/// The one successor of a token: made from it with a key of ours, so that an answer that was lost
/// is given again, from any replica, and a family never has two living members.
fn successor(state: &Identity, token: &str) -> String {
    b64::encode(hmac_sha256(state.keys.refresh(), token.as_bytes()))
}

/// Whether a spent token comes back when it should not: after the grace, or when its successor was
/// used, so that no answer can have been lost.
async fn is_reused(
    tx: &mut Tx,
    stored: &RefreshToken,
    next: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(spent_at) = stored.spent_at else { return Ok(false) };
    if spent_at.plus(GRACE) < now {
        return Ok(true);
    }
    let heir = refresh::find(tx, &sha256(next.as_bytes())).await?;
    Ok(heir.is_some_and(|heir| heir.spent_at.is_some()))
}

/// Spends the token and stores its successor.
async fn rotate(
    asked: &Asked<'_>,
    tx: &mut Tx,
    hash: &[u8; 32],
    stored: &RefreshToken,
    next: String,
) -> Result<String, EndpointError> {
    refresh::spend(tx, hash, asked.now).await?;
    let heir = RefreshToken { issued_at: asked.now, spent_at: None, ..*stored };
    refresh::insert_successor(tx, &sha256(next.as_bytes()), &heir).await?;
    Ok(next)
}
