use siegel_db::{StoreError, audit};
use siegel_kernel::Timestamp;

use super::App;
use crate::domain::{Ending, SessionId};
use crate::ports::{Identity, SourceError};
use crate::store::sessions;

/// A result, handed out once.
pub struct Fetched {
    pub ending: Ending,
    /// Present exactly when the person was identified.
    pub identity: Option<Identity>,
    /// `simulated` or `card`.
    pub source: &'static str,
    pub ended_at: Timestamp,
}

/// There is no result.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Unknown, expired, fetched before, or somebody else's: which of them is not told.
    #[error("there is no identification of this id")]
    Unknown,
    #[error("the person is not done yet")]
    Open,
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("reading the identification failed")]
    Store(#[from] StoreError),
}

impl App {
    /// Takes the result of a session that `caller` started.
    #[tracing::instrument(name = "eid.fetch", skip_all)]
    pub async fn fetch(
        &self,
        caller: &str,
        id: SessionId,
        ticket: &str,
    ) -> Result<Fetched, FetchError> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let session = sessions::find_own(&mut tx, id, caller, now).await?;
        drop(tx);
        let session = session.ok_or(FetchError::Unknown)?;
        let (ending, ended_at) = session.ending.ok_or(FetchError::Open)?;
        let presented = siegel_crypto::sha256(ticket.as_bytes());
        let own = session.ticket_hash.unwrap_or_default();
        if !siegel_crypto::same_bytes(&own, &presented) {
            return Err(FetchError::Unknown);
        }
        let identity = match (&ending, &self.source) {
            (Ending::Identified { reference }, Some(source)) => {
                Some(source.identity(reference, &session.claims).await?)
            }
            // Started under another configuration.
            (Ending::Identified { .. }, None) => return Err(FetchError::Unknown),
            (Ending::Cancelled | Ending::Failed, _) => None,
        };

        let mut tx = self.db.begin().await?;
        if !sessions::take(&mut tx, id, now).await? {
            return Err(FetchError::Unknown); // a second caller was faster
        }
        let entry = audit::Entry {
            kind: "eid.identification.fetched",
            actor: caller,
            subject: &id.to_string(),
            level: identity.as_ref().map(|identity| identity.level),
            outcome: "done",
            request_id: "",
            detail: ending.as_str(),
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(Fetched { ending, identity, source: self.source_name(), ended_at })
    }
}
