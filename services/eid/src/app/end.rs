//! What happens in front of the person: the session ends once.

use siegel_db::{StoreError, Tx, audit};
use siegel_kernel::{EntropyUnavailable, Timestamp};
use siegel_telemetry::metric;
use url::Url;

use super::App;
use crate::domain::{Ending, Session, SessionId};
use crate::store::sessions;

/// Ending a session failed.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// Unknown, expired, or ended before: which of them is not told.
    #[error("no identification is open under this id")]
    NotOpen,
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    #[error("storing the outcome failed")]
    Store(#[from] StoreError),
}

/// What a wrong PIN led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongPin {
    /// The person may try again this often.
    TriesLeft(u32),
    /// The card is blocked and the identification has failed; the browser goes here.
    Blocked(Url),
}

impl App {
    /// The session that waits for this person.
    pub async fn open_session(&self, id: SessionId) -> Result<Session, EndError> {
        let mut tx = self.db.read().await?;
        sessions::find_open(&mut tx, id, self.clock.now()).await?.ok_or(EndError::NotOpen)
    }

    /// Ends an open session and says where the browser goes.
    pub async fn end(&self, id: SessionId, ending: Ending) -> Result<Url, EndError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let way_back = self.end_in(&mut tx, id, &ending, now).await?;
        tx.commit().await?;
        self.count(&ending);
        Ok(way_back)
    }

    /// Counts a wrong PIN; at `tries` of them the identification has failed.
    pub async fn wrong_pin(&self, id: SessionId, tries: u32) -> Result<WrongPin, EndError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let wrong = sessions::count_wrong_pin(&mut tx, id, now).await?.ok_or(EndError::NotOpen)?;
        let left = tries.saturating_sub(u32::try_from(wrong).unwrap_or(u32::MAX));
        if left > 0 {
            tx.commit().await?;
            return Ok(WrongPin::TriesLeft(left));
        }
        let way_back = self.end_in(&mut tx, id, &Ending::Failed, now).await?;
        tx.commit().await?;
        self.count(&Ending::Failed);
        Ok(WrongPin::Blocked(way_back))
    }

    async fn end_in(
        &self,
        tx: &mut Tx,
        id: SessionId,
        ending: &Ending,
        now: Timestamp,
    ) -> Result<Url, EndError> {
        let session = sessions::find_open(tx, id, now).await?.ok_or(EndError::NotOpen)?;
        let ticket = siegel_crypto::random_token(self.entropy.as_ref())?;
        let hash = siegel_crypto::sha256(ticket.as_bytes());
        if !sessions::end(tx, id, ending, &hash, now).await? {
            return Err(EndError::NotOpen);
        }
        let entry = audit::Entry {
            kind: "eid.identification.ended",
            actor: "anyone",
            subject: &id.to_string(),
            level: None,
            outcome: ending.as_str(),
            request_id: "",
            detail: self.source_name(),
            at: now,
        };
        audit::record(tx, &entry).await?;
        Ok(session.way_back(&ticket))
    }

    fn count(&self, ending: &Ending) {
        metric::IDENTIFICATIONS.count([self.source_name(), ending.as_str()]);
    }

    pub(super) fn source_name(&self) -> &'static str {
        self.source.as_ref().map_or("none", |source| source.name())
    }
}
