//! A sender's events: durable cursor, every event in order, then live.

use std::time::Duration;

use siegel_crypto::b64;
use siegel_db::events::{self, Event, NewEvent};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;
use siegel_receipt::ReceiptFile;

use super::evidence::{Party, Pointer};
use super::submit::SenderClient;
use super::{Postbox, Trouble};
use crate::domain::LetterId;
use crate::store::events as kept;
use crate::store::evidence::{self, EvidenceRow};
use crate::store::letters::{self, LetterRow, topic};

const DAY: Duration = Duration::from_hours(24);
/// Events read at a time.
pub(super) const BATCH: i64 = 100;

/// As far as waiting events are counted.
const COUNTED: i64 = 10_000;
/// Place of an event among the entries of its letter when it has none: they count from 1.
const NO_EVIDENCE: i64 = 0;

/// A cursor that was not made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor was not made here")]
pub struct BadCursor;

/// Events are not told.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error("events after the cursor are no longer kept")]
    TooOld {
        /// From here on all are.
        oldest: i64,
    },
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for EventsError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Refuses a position after which events are no longer kept. Asked after the events were read:
/// what is forgotten is noted with its removal.
pub(super) async fn check_kept(tx: &mut Tx, topic: &str, position: i64) -> Result<(), EventsError> {
    let oldest = kept::horizon(tx, topic).await?;
    if position < oldest { Err(EventsError::TooOld { oldest }) } else { Ok(()) }
}

/// An event about a letter.
#[derive(Clone, Debug)]
pub struct LetterEvent {
    pub position: i64,
    /// Events that wait behind it, counted up to [`COUNTED`].
    pub behind: i64,
    pub letter: LetterId,
    pub sender_reference: String,
    pub state: String,
    pub occurred_at: Timestamp,
    pub kind: String,
    /// `None` for what has no evidence.
    pub receipt: Option<(EvidenceRow, ReceiptFile)>,
}

/// Opaque to clients: a version and a position.
pub fn write_cursor(position: i64) -> String {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&position.to_be_bytes());
    b64::encode(bytes)
}

/// The position behind a cursor; an empty one is the beginning.
pub fn read_cursor(cursor: &str) -> Result<i64, BadCursor> {
    if cursor.is_empty() {
        return Ok(0);
    }
    match b64::decode(cursor).as_deref() {
        Some([1, position @ ..]) => {
            let position = <[u8; 8]>::try_from(position).map_err(|_| BadCursor)?;
            Ok(i64::from_be_bytes(position))
        }
        _ => Err(BadCursor),
    }
}

impl Postbox {
    /// Where the events of a sender begin that are kept.
    pub async fn events_begin(&self, who: &SenderClient) -> Result<i64, Trouble> {
        let mut tx = self.db.read().await?;
        Ok(kept::horizon(&mut tx, &topic(&who.tenant, &who.client_id)).await?)
    }

    /// The next events of a sender after a position; empty when there are none yet.
    pub async fn events_after(
        &self,
        who: &SenderClient,
        position: i64,
    ) -> Result<Vec<LetterEvent>, EventsError> {
        let topic = topic(&who.tenant, &who.client_id);
        let found = events::after(&self.db, &topic, position, BATCH).await?;
        let full = i64::try_from(found.len()).is_ok_and(|n| n == BATCH);
        let mut told = Vec::with_capacity(found.len());
        let mut tx = self.db.read().await?;
        check_kept(&mut tx, &topic, position).await?;
        let mut behind = match found.last() {
            Some(last) if full => kept::behind(&mut tx, &topic, last.position, COUNTED).await?,
            _ => 0,
        };
        for event in found.into_iter().rev() {
            let event = self.tell(&mut tx, event).await?;
            told.push(LetterEvent { behind: behind.min(COUNTED), ..event });
            behind += 1;
        }
        told.reverse();
        Ok(told)
    }

    /// Forgets events beyond their time; how many.
    pub(super) async fn forget_events(&self) -> Result<usize, Trouble> {
        let Some(days) = self.event_days else { return Ok(0) };
        let before = self.now().legal.minus(DAY * days);
        Ok(kept::forget(&self.db, before).await?)
    }

    async fn tell(&self, tx: &mut Tx, event: Event) -> Result<LetterEvent, Trouble> {
        let pointer: Pointer = serde_json::from_slice(&event.payload)?;
        let row = letters::get(tx, pointer.mailbox, pointer.letter).await?;
        let row = row.ok_or(Trouble::Contradiction("an event's letter is gone"))?;
        let receipt = match pointer.number {
            NO_EVIDENCE => None,
            number => {
                let entries = evidence::of_letter(tx, pointer.mailbox, pointer.letter).await?;
                let entry = entries.into_iter().find(|e| e.number == number);
                let entry = entry.ok_or(Trouble::Contradiction("an event's evidence is gone"))?;
                let file = self.receipt(&row, &entry, Party::Sender);
                Some((entry, file))
            }
        };
        Ok(LetterEvent {
            position: event.position,
            behind: 0,
            letter: pointer.letter,
            sender_reference: self.sender_reference(tx, &row).await?,
            state: pointer.state,
            occurred_at: event.occurred_at,
            kind: event.kind,
            receipt,
        })
    }

    /// Tells the sender what has no evidence.
    pub(super) async fn tell_sender(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        kind: &str,
        occurred_at: Timestamp,
    ) -> Result<(), Trouble> {
        let pointer = Pointer {
            mailbox: letter.mailbox_id,
            letter: letter.id,
            number: NO_EVIDENCE,
            state: letter.state.clone(),
        };
        let payload = serde_json::to_vec(&pointer)?;
        let event = NewEvent { topic: &letter.topic(), kind, payload, occurred_at };
        Ok(events::append(tx, &event).await?)
    }

    /// The sender's own reference: sealed at rest like everything people write.
    pub(super) async fn sender_reference(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
    ) -> Result<String, Trouble> {
        Ok(self.own_words(tx, letter).await?.sender_reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_position_and_others_are_refused() {
        assert_eq!(read_cursor(&write_cursor(77)), Ok(77));
        assert_eq!(read_cursor(""), Ok(0));
        for bad in ["77", "AQ", "!", "AgAAAAAAAABN"] {
            assert_eq!(read_cursor(bad), Err(BadCursor), "{bad}");
        }
    }
}
