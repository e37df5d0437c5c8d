//! Handing out an attachment of an opened letter.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use siegel_crypto::Opener;
use siegel_db::audit::{self, Entry};
use siegel_receipt::Kind;

use super::evidence::Fact;
use super::reader::{ReadError, Reader, letter_key};
use super::vault::attachment_context;
use super::{Postbox, Trouble, vault};
use crate::domain::canon::AttachmentPart;
use crate::domain::{AttachmentId, LetterId};
use crate::ports::objects::ObjectError;
use crate::store::attachments::{self, AttachmentRow};
use crate::store::letters;

/// An attachment that may be handed out.
pub struct Download {
    pub id: AttachmentId,
    pub part: AttachmentPart,
    row: AttachmentRow,
    reader: Reader,
    opener: Opener,
    /// Plain bytes still to be passed over.
    skip: u64,
    sealed: Option<BoxStream<'static, Result<Bytes, ObjectError>>>,
}

impl Postbox {
    /// Checks the right to an attachment, notes the access, and begins to read from `offset`.
    #[tracing::instrument(name = "postbox.download", skip_all, fields(letter.id = %letter))]
    pub async fn download(
        &self,
        reader: &Reader,
        letter: LetterId,
        attachment: AttachmentId,
        offset: u64,
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
        let part = content.attachments.into_iter().nth(place);
        let part = part.ok_or(Trouble::Contradiction("an attachment is not in the content"))?;
        if offset > part.size_bytes {
            return Err(ReadError::OffsetBeyondEnd);
        }
        let file = files.into_iter().nth(place).ok_or(ReadError::AttachmentUnknown)?;
        let key = vault::attachment_key(&key_of_letter, attachment, &file.wrapped_key)?;
        let entry = Entry {
            kind: "postbox.attachment.downloaded",
            actor: &reader.name(),
            subject: &reader.subject(),
            level: Some(reader.person.level),
            outcome: "done",
            request_id: "",
            detail: &attachment.to_string(),
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        let sealed = self.objects.read(&file.object_key).await.map_err(Trouble::from)?;
        Ok(Download {
            id: attachment,
            part,
            row: file,
            reader: reader.clone(),
            opener: Opener::new(&key, &attachment_context("content", attachment)),
            skip: offset,
            sealed: Some(sealed),
        })
    }

    /// The next plain bytes; `None` when all were handed out, which is then on record.
    pub async fn next_bytes(&self, download: &mut Download) -> Result<Option<Bytes>, Trouble> {
        loop {
            let Some(sealed) = &mut download.sealed else { return Ok(None) };
            let plain = if let Some(piece) = sealed.next().await {
                download.opener.push(&piece?)?
            } else {
                download.sealed = None;
                // Puts an opener in its place that is never used again.
                let spent = Opener::new(&self.vault.new_key()?, b"");
                let last = std::mem::replace(&mut download.opener, spent).finish()?;
                self.downloaded(&download.row, &download.reader).await?;
                last
            };
            let skip = usize::try_from(download.skip).unwrap_or(usize::MAX).min(plain.len());
            download.skip = download.skip.saturating_sub(skip as u64);
            let wanted = Bytes::from(plain).slice(skip..);
            if !wanted.is_empty() {
                return Ok(Some(wanted));
            }
        }
    }

    /// Signs that the attachment was handed out completely; the first time only.
    async fn downloaded(&self, file: &AttachmentRow, reader: &Reader) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let letter = letters::lock(&mut tx, file.mailbox_id, file.letter_id).await?;
        let mut letter = letter.ok_or(Trouble::Contradiction("an attachment's letter is gone"))?;
        if !attachments::first_download(&mut tx, file, now.legal).await? {
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
