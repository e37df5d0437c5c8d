//! Handing out an attachment of an opened letter.

use bytes::Bytes;
use siegel_db::audit::{self, Entry};
use siegel_proto::organisation::v1::Action;
use siegel_receipt::Kind;

use super::access::{self, Looked};
use super::acting::Recheck;
use super::content::{Plain, Whole};
use super::evidence::Fact;
use super::reader::{ReadError, Reader, letter_key};
use super::{Postbox, Trouble, vault};
use crate::domain::canon::{AttachmentPart, SenderPart};
use crate::domain::upload::Scan;
use crate::domain::{AttachmentId, LetterId};
use crate::store::attachments::{self, AttachmentRow};
use crate::store::letters;

/// An attachment that may be handed out.
pub struct Download {
    pub id: AttachmentId,
    pub part: AttachmentPart,
    /// Who sent the letter.
    pub sender: SenderPart,
    pub scan: Scan,
    still: Recheck,
    plain: Plain,
    handed_out: HandedOut,
}

/// Bytes of an attachment that were handed out, until they are on record: at the latest when nobody
/// asks for more, so that a download that broke off can be completed.
struct HandedOut {
    postbox: Postbox,
    row: AttachmentRow,
    reader: Reader,
    from: u64,
    to: u64,
}

impl Drop for HandedOut {
    fn drop(&mut self) {
        if self.from == self.to {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (postbox, row, reader) = (self.postbox.clone(), self.row.clone(), self.reader.clone());
        let range = (self.from, self.to);
        runtime.spawn(async move {
            if let Err(error) = postbox.note_handed_out(&row, &reader, range).await {
                let error = &error as &dyn std::error::Error;
                tracing::info!(error, "how far a download came was not noted");
            }
        });
    }
}

/// Which bytes of an attachment are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub offset: u64,
    /// To the end when absent.
    pub length: Option<u64>,
}

impl Range {
    pub const ALL: Self = Self { offset: 0, length: None };

    /// What of `size` bytes is wanted, where that is not all: offset and length.
    fn part_of(self, size: u64) -> Option<(u64, u64)> {
        let rest = size.saturating_sub(self.offset);
        let length = self.length.map_or(rest, |length| length.min(rest));
        (length < size).then_some((self.offset, length))
    }
}

impl Postbox {
    /// Checks the right to an attachment, notes the access, and begins to read: an object that is
    /// gone is known before the first byte.
    #[tracing::instrument(name = "postbox.download", skip_all, fields(letter.id = %letter))]
    pub async fn download(
        &self,
        reader: &Reader,
        letter: LetterId,
        attachment: AttachmentId,
        range: Range,
    ) -> Result<Download, ReadError> {
        let mut download = self.admit_download(reader, letter, attachment, range).await?;
        download.plain.begin().await?;
        Ok(download)
    }

    /// Checks the right to an attachment and notes the access; reading begins with the first byte.
    pub(super) async fn admit_download(
        &self,
        reader: &Reader,
        letter: LetterId,
        attachment: AttachmentId,
        range: Range,
    ) -> Result<Download, ReadError> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        let row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        reader.check_level(&row)?;
        reader.check_time(&row)?;
        // The state machine knows what is gone; opening again would change nothing here.
        row.delivery()?.open()?;
        if row.opened_at.is_none() {
            return Err(ReadError::NotOpened);
        }
        let files = attachments::of_letter(&mut tx, mailbox.id, letter).await?;
        let place = files.iter().position(|a| a.id == attachment);
        let place = place.ok_or(ReadError::AttachmentUnknown)?;
        let sealed = letters::sealed_content(&mut tx, mailbox.id, letter).await?;
        let key_of_letter = letter_key(&mailbox_key, &row)?;
        let (content, _) = vault::open_content(&key_of_letter, mailbox.id, letter, &sealed)?;
        let sender = content.sender;
        let part = content.attachments.into_iter().nth(place);
        let part = part.ok_or(Trouble::Contradiction("an attachment is not in the content"))?;
        let Range { offset, length } = range;
        if offset > part.size_bytes {
            return Err(ReadError::OffsetBeyondEnd);
        }
        let file = files.into_iter().nth(place).ok_or(ReadError::AttachmentUnknown)?;
        let scan = file.scan()?;
        if scan == Scan::Blocked {
            return Err(ReadError::AttachmentBlocked);
        }
        let key = vault::attachment_key(&key_of_letter, attachment, &file.wrapped_key)?;
        let (object_key, size) = (file.object_key.as_str(), part.size_bytes);
        let whole = Whole { id: attachment, key: &key, object_key, size };
        let plain = self.plain(&mut tx, &whole, (offset, length.unwrap_or(u64::MAX))).await?;
        let part_of = range.part_of(size);
        let detail = match part_of {
            Some((offset, length)) => format!("{attachment} {offset}+{length}"),
            None => attachment.to_string(),
        };
        let entry = Entry {
            kind: "postbox.attachment.downloaded",
            actor: &reader.name(),
            subject: &reader.subject(),
            level: Some(reader.who.level()),
            outcome: "done",
            request_id: "",
            detail: &detail,
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        let looked = Looked::at(access::DOWNLOADED, letter);
        let looked = Looked { attachment: Some(attachment), part: part_of, ..looked };
        self.note_access(&mut tx, reader, looked, now).await?;
        tx.commit().await?;
        self.feed.committed();
        let (postbox, still) = (self.clone(), Recheck::new(self, Action::DownloadMail));
        let reader = reader.clone();
        let handed_out = HandedOut { postbox, row: file, reader, from: offset, to: offset };
        Ok(Download { id: attachment, part, sender, scan, still, plain, handed_out })
    }

    /// The next plain bytes; `None` when all were handed out, which is then on record.
    /// Ends when the right to read for another has ended.
    pub async fn next_bytes(&self, download: &mut Download) -> Result<Option<Bytes>, ReadError> {
        download.still.check(self, &download.handed_out.reader).await?;
        let bytes = download.plain.next().await?;
        let handed_out = &mut download.handed_out;
        handed_out.to += bytes.as_ref().map_or(0, |bytes| bytes.len() as u64);
        let (from, to) = (handed_out.from, handed_out.to);
        if download.plain.is_done() && from < to {
            self.note_handed_out(&handed_out.row, &handed_out.reader, (from, to)).await?;
            handed_out.from = to;
        }
        Ok(bytes)
    }

    /// Notes what was handed out, and signs that the attachment was handed out completely when no
    /// byte from its first to its last is missing; the first time only.
    async fn note_handed_out(
        &self,
        file: &AttachmentRow,
        reader: &Reader,
        range: (u64, u64),
    ) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let size = u64::try_from(file.size_bytes).unwrap_or_default();
        if range.1 < size {
            if attachments::handed_out(&mut tx, file, range).await? {
                tx.commit().await?;
            }
            return Ok(());
        }
        let letter = letters::lock(&mut tx, file.mailbox_id, file.letter_id).await?;
        let mut letter = letter.ok_or(Trouble::Contradiction("an attachment's letter is gone"))?;
        if !attachments::handed_out(&mut tx, file, range).await?
            || !attachments::first_download(&mut tx, file, now.legal).await?
        {
            return Ok(());
        }
        let Some((_, mailbox_key)) = self.mailbox_of(&mut tx, reader).await? else {
            return Err(Trouble::Contradiction("an attachment's mailbox is gone"));
        };
        let mut fact = Fact::by_service(Kind::Downloaded, now.legal);
        fact.actor = reader.actor(&letter, &mailbox_key);
        fact.on_behalf_of = reader.on_behalf_of(&letter, &mailbox_key);
        fact.attachment = Some(siegel_crypto::b64::encode(&file.sha256));
        self.attest(&mut tx, &mut letter, fact, now).await?;
        letters::save(&mut tx, &letter).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}
