//! Refusals of the protocol in the audit trail, in transactions of their own.

use std::error::Error;

use siegel_db::{StoreError, audit};

use super::endpoint::EndpointError;
use crate::domain::oauth::{OAuthError, Refused};
use crate::state::Identity;

/// Part of a log-in that goes well: nothing was attempted that should not be.
const fn is_ordinary(error: OAuthError) -> bool {
    matches!(
        error,
        OAuthError::UseDpopNonce
            | OAuthError::LoginRequired
            | OAuthError::InteractionRequired
            | OAuthError::ConsentRequired
            | OAuthError::TemporarilyUnavailable
            | OAuthError::ServerError
    )
}

/// Writes that a request was refused; who sent it is not proven, so nobody is named.
pub async fn record(state: &Identity, kind: &str, refused: Refused) {
    if is_ordinary(refused.error) {
        return;
    }
    if let Err(error) = write(state, kind, refused).await {
        tracing::error!(error = &error as &dyn Error, "a refusal is missing in the audit trail");
    }
}

/// The same for what an endpoint answered.
pub async fn record_error(state: &Identity, kind: &str, error: &EndpointError) {
    if !error.is_fault() {
        record(state, kind, error.told()).await;
    }
}

async fn write(state: &Identity, kind: &str, refused: Refused) -> Result<(), StoreError> {
    let mut tx = state.outside.db.begin().await?;
    let entry = audit::Entry {
        kind,
        actor: "anyone",
        subject: "",
        level: None,
        outcome: refused.error.as_str(),
        request_id: "",
        detail: refused.description,
        at: state.now(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await
}
