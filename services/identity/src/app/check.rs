//! Whether a token still holds, read from the database.

use siegel_db::{StoreError, Tx};
use siegel_kernel::{GrantId, Timestamp};
use siegel_oidc::AccessToken;

use super::sessions;
use crate::domain::grant::Holder;
use crate::store::{grants, revocations};

/// What a token says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub grant: Option<GrantId>,
    pub client_id: &'a str,
    pub subject: &'a str,
    pub issued_at: Timestamp,
}

impl<'a> Facts<'a> {
    pub fn of(claims: &'a AccessToken) -> Self {
        Self {
            grant: claims.gid.parse().ok(),
            client_id: &claims.client_id,
            subject: &claims.sub,
            issued_at: Timestamp::from_seconds(claims.iat),
        }
    }
}

/// The grant lives, is this client's and subject's, its session has not ended, and no not-before
/// came after the token.
pub async fn is_active(tx: &mut Tx, facts: &Facts<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let Some(id) = facts.grant else { return Ok(false) };
    let Some(grant) = grants::find(tx, id).await? else { return Ok(false) };
    let same = grant.client_id == facts.client_id && grant.subject == facts.subject;
    if !same || !grant.is_live(now) {
        return Ok(false);
    }
    let not_before = revocations::not_before(tx, facts.subject, facts.client_id).await?;
    if not_before.is_some_and(|at| facts.issued_at.as_seconds() <= at.as_seconds()) {
        return Ok(false);
    }
    match grant.holder {
        Holder::Person { session: Some(session), granted, .. } => {
            Ok(sessions::view_in(tx, session, &granted.request, now).await?.is_some())
        }
        _ => Ok(true),
    }
}
