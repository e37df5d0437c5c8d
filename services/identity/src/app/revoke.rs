//! Revocation: of a grant, and at the endpoint for clients (RFC 7009).

use http::HeaderMap;
use siegel_crypto::sha256;
use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::{GrantId, Timestamp};
use siegel_oidc::AccessToken;

use super::client_auth;
use super::endpoint::EndpointError;
use crate::domain::oauth::Refused;
use crate::domain::params::Params;
use crate::state::Identity;
use crate::store::{grants, refresh, revocations};

/// Revokes a grant with everything issued under it, and tells the other services. Call
/// `feed.committed()` after the commit.
pub async fn grant(tx: &mut Tx, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
    let revoked = grants::revoke(tx, id, now).await?;
    if revoked {
        revocations::publish_grant(tx, id, now).await?;
    }
    Ok(revoked)
}

/// Revokes the grant behind a token of the calling client. Tokens that are unknown or another's
/// change nothing, and the answer is the same (RFC 7009 §2.2).
#[tracing::instrument(name = "identity.revoke", skip_all)]
pub async fn by_client(
    state: &Identity,
    headers: &HeaderMap,
    params: Params,
) -> Result<(), EndpointError> {
    let now = state.now();
    let params = params.once()?;
    let client = client_auth::authenticate(state, headers, &params, "/revoke", now).await?;
    let token = params.get("token").ok_or(Refused::invalid_request("token is missing"))?;
    let mut tx = state.outside.db.begin().await?;
    let Some(id) = grant_of(state, &mut tx, token, now).await? else { return Ok(()) };
    let found = grants::find(&mut tx, id).await?;
    if found.is_none_or(|g| g.client_id != client.client_id) {
        return Ok(());
    }
    if grant(&mut tx, id, now).await? {
        let entry = audit::Entry {
            kind: "identity.grant.revoked",
            actor: &client.actor(),
            subject: "",
            level: None,
            outcome: "done",
            request_id: &id.to_string(),
            detail: "",
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}

/// The grant of a refresh token or of an access token we signed.
async fn grant_of(
    state: &Identity,
    tx: &mut Tx,
    token: &str,
    now: Timestamp,
) -> Result<Option<GrantId>, StoreError> {
    if let Some(stored) = refresh::find(tx, &sha256(token.as_bytes())).await? {
        return Ok(Some(stored.grant_id));
    }
    let claims: Option<AccessToken> = state.keys.verify(token, AccessToken::TYP, now).ok();
    Ok(claims.and_then(|c| c.gid.parse().ok()))
}
