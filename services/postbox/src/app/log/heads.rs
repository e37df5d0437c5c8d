//! Heads of mailboxes: what stood in a mailbox, and in which order, under the public log.

use siegel_crypto::sha256;
use siegel_db::Tx;
use siegel_receipt::{MailboxLink, head_leaf};

use super::LogError;
use super::prove::Inclusion;
use crate::app::reader::{ReadError, Reader};
use crate::app::{Postbox, Trouble};
use crate::store::evidence::EvidenceRow;
use crate::store::heads::{self, HeadRow};
use crate::store::letters::LetterRow;

/// A head and, once it has one, its place in the log.
#[derive(Clone, Debug)]
pub struct MailboxHead {
    pub row: HeadRow,
    pub place: Option<Inclusion>,
}

impl Postbox {
    /// Moves the mailbox's head on: `provided` is the entry of the letter that came to it. The
    /// mailbox's row is locked by whoever gave the letter its place.
    pub async fn move_head(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        provided: &EvidenceRow,
    ) -> Result<(), Trouble> {
        let Some(sequence) = letter.sequence else { return Ok(()) };
        let before = heads::at(tx, letter.mailbox_id, sequence - 1).await?;
        let previous = before.map(|row| row.head).unwrap_or_default();
        let provided_digest = sha256(provided.jws.as_bytes()).to_vec();
        let link = MailboxLink {
            mailbox_id: &letter.mailbox_id.to_string(),
            sequence: sequence.unsigned_abs(),
            previous: &previous,
            letter_id: &letter.id.to_string(),
            content_digest: &letter.content_digest,
            provided_digest: &provided_digest,
        };
        let head = link.head().to_vec();
        let leaf_salt: [u8; 32] = self.entropy.array()?;
        let row = HeadRow {
            mailbox_id: letter.mailbox_id,
            sequence,
            letter_id: letter.id,
            leaf: head_leaf(&leaf_salt, &head).to_vec(),
            previous,
            content_digest: letter.content_digest.clone(),
            provided_digest,
            head,
            leaf_salt: leaf_salt.to_vec(),
            recorded_at: provided.recorded_at,
        };
        Ok(heads::add(tx, &row).await?)
    }

    /// The head of the reader's own mailbox after the letter at `sequence`; 0 is the newest.
    /// `None` when there is no such letter.
    pub async fn mailbox_head(
        &self,
        reader: &Reader,
        sequence: i64,
    ) -> Result<Option<MailboxHead>, ReadError> {
        let mut tx = self.db.read().await?;
        let Some((mailbox, _)) = self.mailbox_of(&mut tx, reader).await? else { return Ok(None) };
        let row = match sequence {
            0 => heads::newest(&mut tx, mailbox.id).await?,
            at => heads::at(&mut tx, mailbox.id, at).await?,
        };
        drop(tx);
        let Some(row) = row else { return Ok(None) };
        let place = match self.inclusion(&row.leaf, 0).await {
            Ok(found) => Some(found),
            Err(LogError::Trouble(trouble)) => return Err(trouble.into()),
            Err(error @ LogError::Broken(_)) => {
                let _ = siegel_grpc::fault(&error);
                None
            }
            Err(LogError::Off | LogError::LeafUnknown | LogError::BeyondEnd) => None,
        };
        Ok(Some(MailboxHead { row, place }))
    }
}
