//! Flags: read and unread, labels, archive and trash. No legal meaning, no evidence.

use siegel_crypto::DataKey;

use super::reader::{ReadError, Reader, Summary, letter_key, summary};
use super::watch::FLAGGED;
use super::{Postbox, Trouble, vault};
use crate::domain::LetterId;
use crate::domain::flags::Folder;
use crate::store::flags;
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes::Mailbox;

/// A change of flags.
#[derive(Clone, Debug)]
pub enum Change {
    Move(Folder),
    Set { unread: Option<bool>, labels: Option<Vec<String>> },
}

impl Change {
    /// Kind of the audit line.
    const fn kind(&self) -> &'static str {
        match self {
            Self::Move(Folder::Inbox) => "postbox.letter.restored",
            Self::Move(Folder::Archive) => "postbox.letter.archived",
            Self::Move(Folder::Trash) => "postbox.letter.trashed",
            Self::Set { .. } => "postbox.letter.flagged",
        }
    }
}

/// How many letters lie where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub inbox: i64,
    pub archive: i64,
    pub trash: i64,
    pub unread: i64,
}

impl Counted {
    pub const fn of(mailbox: &Mailbox) -> Self {
        Self {
            inbox: mailbox.letters - mailbox.archived - mailbox.trashed,
            archive: mailbox.archived,
            trash: mailbox.trashed,
            unread: mailbox.unread,
        }
    }
}

impl Postbox {
    /// Changes the flags of a letter in the reader's mailbox; at any level, since it shows nothing.
    #[tracing::instrument(name = "postbox.flag", skip_all, fields(letter.id = %letter))]
    pub async fn flag(
        &self,
        reader: &Reader,
        letter: LetterId,
        request_id: &str,
        change: Change,
    ) -> Result<Summary, ReadError> {
        let kind = change.kind();
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::lock(&mut tx, mailbox.id, letter).await?;
        let mut row = row.ok_or(ReadError::LetterUnknown)?;
        let sequence = row.sequence.ok_or(ReadError::LetterUnknown)?;
        let before = row.counted()?;
        let moved = matches!(change, Change::Move(_));
        match change {
            Change::Move(folder) => folder.as_str().clone_into(&mut row.folder),
            Change::Set { unread, labels } => {
                row.unread = unread.unwrap_or(row.unread);
                if let Some(labels) = labels {
                    if row.is_purged() {
                        return Err(ReadError::Purged);
                    }
                    let tags: Vec<_> =
                        labels.iter().map(|l| vault::label_tag(&mailbox_key, l)).collect();
                    flags::index_labels(&mut tx, mailbox.id, sequence, &tags).await?;
                    row.sealed_labels = self.seal_labels(&mailbox_key, &row, &labels)?;
                }
            }
        }
        flags::save(&mut tx, &row).await?;
        if moved {
            self.order_trash(&mut tx, &row, now).await?;
        }
        flags::count(&mut tx, mailbox.id, before.change_to(row.counted()?)).await?;
        self.audit(&mut tx, reader, &row, (kind, request_id, "done"), now).await?;
        self.tell_mailbox(&mut tx, &row, FLAGGED, now.legal).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(summary(reader, &mailbox_key, row)?)
    }

    fn seal_labels(
        &self,
        mailbox_key: &DataKey,
        row: &LetterRow,
        labels: &[String],
    ) -> Result<Option<Vec<u8>>, Trouble> {
        if labels.is_empty() {
            return Ok(None);
        }
        let key = letter_key(mailbox_key, row)?;
        Ok(Some(self.vault.seal_labels(&key, row.mailbox_id, row.id, labels)?))
    }

    /// The counters of the reader's mailbox.
    #[tracing::instrument(name = "postbox.get_counts", skip_all)]
    pub async fn counts(&self, reader: &Reader) -> Result<Counted, ReadError> {
        let mut tx = self.db.read().await?;
        let Some((mailbox, _)) = self.mailbox_of(&mut tx, reader).await? else {
            return Ok(Counted::default());
        };
        Ok(Counted::of(&mailbox))
    }
}
