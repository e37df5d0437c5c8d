//! Whether a token still holds, read from the database.

use siegel_db::{StoreError, Tx};
use siegel_kernel::{GrantId, Timestamp, TrustLevel};
use siegel_oidc::AccessToken;

use super::sessions;
use crate::domain::grant::{Grant, Holder};
use crate::domain::interaction::SessionView;
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

/// What stands behind a token that holds.
#[derive(Clone, Debug)]
pub struct Standing {
    pub grant: Grant,
    /// The session it was issued in, as it is now; `None` for clients, services and grants that
    /// outlive their session.
    pub session: Option<SessionView>,
    /// The latest not-before of its subject or client; the token came after it.
    pub stop: Option<Timestamp>,
}

impl Standing {
    /// What the session is still worth, for a token that says `level`.
    pub fn level(&self, level: Option<TrustLevel>) -> Option<TrustLevel> {
        match &self.session {
            Some(session) => level.map(|level| level.min(session.level)),
            None => level,
        }
    }
}

/// The grant lives, is this client's and subject's, its session has not ended, and no not-before
/// came after the token.
pub async fn is_active(tx: &mut Tx, facts: &Facts<'_>, now: Timestamp) -> Result<bool, StoreError> {
    Ok(standing(tx, facts, now).await?.is_some())
}

/// As [`is_active`], with what was found.
pub async fn standing(
    tx: &mut Tx,
    facts: &Facts<'_>,
    now: Timestamp,
) -> Result<Option<Standing>, StoreError> {
    let Some(id) = facts.grant else { return Ok(None) };
    let Some((grant, not_before)) = grants::find_with_stop(tx, id).await? else {
        return Ok(None);
    };
    let same = grant.client_id == facts.client_id && grant.subject == facts.subject;
    if !same || !grant.is_live(now) || comes_after(not_before, facts) {
        return Ok(None);
    }
    let session = match grant.holder {
        Holder::Person { session: Some(session), ref granted, .. } => {
            match sessions::view_in(tx, session, &granted.request, now).await? {
                Some(view) => Some(view),
                None => return Ok(None),
            }
        }
        _ => None,
    };
    Ok(Some(Standing { grant, session, stop: not_before }))
}

/// Whether a not-before of the subject or the client came after what was issued then: it reaches
/// codes, access and refresh tokens, and what they would be exchanged for. `Ok` with the latest one
/// before it otherwise.
pub async fn stop_before(
    tx: &mut Tx,
    facts: &Facts<'_>,
) -> Result<Result<Option<Timestamp>, Stopped>, StoreError> {
    let not_before = revocations::not_before(tx, facts.subject, facts.client_id).await?;
    Ok(if comes_after(not_before, facts) { Err(Stopped) } else { Ok(not_before) })
}

/// A not-before came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// Tokens say whole seconds, rounded down: in doubt they were issued before.
fn comes_after(not_before: Option<Timestamp>, facts: &Facts<'_>) -> bool {
    not_before.is_some_and(|at| facts.issued_at <= at)
}
