//! Tokens of the suite's own services, bound to their certificates (RFC 8705 §3).

use std::time::Duration;

use siegel_crypto::KeyError;
use siegel_db::{StoreError, audit};
use siegel_kernel::{EntropyUnavailable, GrantId, Timestamp};
use siegel_oidc::{AccessToken, Confirmation, TokenKind, audience};

use super::access_token::{self, NewToken, TokenError};
use crate::domain::grant::{Grant, Holder};
use crate::state::Identity;
use crate::store::grants;

#[derive(Debug, thiserror::Error)]
pub enum ServiceTokenError {
    #[error("{service} has no way to {audience}")]
    OutOfReach { service: String, audience: String },
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
    #[error("signing failed")]
    Sign(#[from] KeyError),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

impl From<TokenError> for ServiceTokenError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Sign(e) => e.into(),
            TokenError::Entropy(e) => e.into(),
        }
    }
}

/// Who wants a token, for which service, with which certificate.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub service: &'a str,
    /// `postbox`
    pub to: &'a str,
    pub thumbprint: &'a str,
}

/// Issues a token along the reach table, and when it expires.
#[tracing::instrument(name = "identity.service_token", skip_all, fields(service = wanted.service))]
pub async fn issue(
    state: &Identity,
    wanted: Wanted<'_>,
) -> Result<(String, Timestamp), ServiceTokenError> {
    let Wanted { service, to, thumbprint } = wanted;
    if !siegel_grpc::reach_table().may_call(service, to) {
        let (service, audience) = (service.to_owned(), to.to_owned());
        return Err(ServiceTokenError::OutOfReach { service, audience });
    }
    let now = state.now();
    let id = GrantId::new(&*state.outside.clock, &*state.outside.entropy)?;
    let expires_at = now.plus(Duration::from_secs(AccessToken::LIFETIME.unsigned_abs()));
    let grant = Grant {
        id,
        client_id: service.to_owned(),
        subject: service.to_owned(),
        holder: Holder::Service,
        created_at: now,
        revoked_at: None,
        expires_at,
    };
    let mut tx = state.outside.db.begin().await?;
    grants::insert(&mut tx, &grant).await?;
    let entry = audit::Entry {
        kind: "identity.service_token.issued",
        actor: &format!("service:{service}"),
        subject: service,
        level: None,
        outcome: "done",
        request_id: &id.to_string(),
        detail: to,
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    let confirmation = Confirmation { jkt: None, x5t_s256: Some(thumbprint.to_owned()) };
    let token = access_token::sign(
        state,
        &NewToken {
            subject: service,
            audience: &audience(to),
            client_id: service,
            tenant: None,
            scopes: &[],
            kind: TokenKind::Service,
            grant: id,
            session: None,
            acting_for: None,
            confirmation: Some(confirmation),
            now,
        },
    )?;
    Ok((token, expires_at))
}
