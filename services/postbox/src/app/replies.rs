//! Replies as their addressee, the sender of the letter, reads them, and as who wrote them does.

use bytes::Bytes;
use siegel_crypto::DataKey;
use siegel_db::{StoreError, Tx};
use siegel_receipt::ReceiptFile;

use super::content::{Plain, Whole};
use super::evidence::Party;
use super::reader::{ReadError, Reader};
use super::submit::SenderClient;
use super::{Postbox, Trouble, vault};
use crate::domain::canon::AttachmentPart;
use crate::domain::reply::ReplyContent;
use crate::domain::upload::Scan;
use crate::domain::{AttachmentId, LetterId, ReplyId};
use crate::store::evidence::{self, EvidenceRow};
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes;
use crate::store::replies::{self, ReplyAttachment, ReplyRow};
use crate::store::sent;

/// Kind of the audit line.
const READ: &str = "postbox.reply.read";

/// A reply is not shown.
#[derive(Debug, thiserror::Error)]
pub enum RepliesError {
    #[error("there is no such letter of this sender")]
    LetterUnknown,
    #[error("there is no such reply to the letter")]
    ReplyUnknown,
    #[error("there is no such attachment")]
    AttachmentUnknown,
    #[error("a virus was found in the attachment after it was accepted")]
    AttachmentBlocked,
    #[error("the offset is beyond the end of the attachment")]
    OffsetBeyondEnd,
    #[error(transparent)]
    Letter(#[from] ReadError),
    #[error("the reply could not be read")]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RepliesError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// A reply with its receipt.
#[derive(Clone, Debug)]
pub struct Shown {
    pub row: ReplyRow,
    pub receipt: (EvidenceRow, ReceiptFile),
}

/// A reply with its content.
#[derive(Clone, Debug)]
pub struct Read {
    pub shown: Shown,
    pub content: ReplyContent,
    pub content_json: String,
    /// In the order of `content.attachments`.
    pub attachments: Vec<(AttachmentId, Scan)>,
}

/// An attachment that is handed out.
pub struct ReplyDownload {
    pub id: AttachmentId,
    pub part: AttachmentPart,
    pub scan: Scan,
    plain: Plain,
}

impl Postbox {
    /// The replies to a letter of this sender, oldest first.
    #[tracing::instrument(name = "postbox.list_replies", skip_all, fields(letter.id = %letter))]
    pub async fn replies(
        &self,
        who: &SenderClient,
        letter: LetterId,
    ) -> Result<Vec<Shown>, RepliesError> {
        let mut tx = self.db.read().await?;
        let letter = of_sender(&mut tx, who, letter).await?;
        let rows = replies::of_letter(&mut tx, letter.mailbox_id, letter.id).await?;
        let entries = evidence::of_letter(&mut tx, letter.mailbox_id, letter.id).await?;
        let party = Party::Sender;
        let shown = rows.into_iter().map(|row| self.shown(&letter, row, (&entries, party)));
        Ok(shown.collect::<Result<_, _>>()?)
    }

    /// A reply with its content; the access is on record.
    #[tracing::instrument(name = "postbox.get_reply", skip_all, fields(letter.id = %letter))]
    pub async fn read_reply(
        &self,
        who: &SenderClient,
        letter: LetterId,
        reply: ReplyId,
    ) -> Result<Read, RepliesError> {
        let mut tx = self.db.begin().await?;
        let letter = of_sender(&mut tx, who, letter).await?;
        let read = self.whole(&mut tx, &letter, (reply, Party::Sender)).await?;
        self.audit_sender(&mut tx, who, &letter, (READ, "", "done"), self.now()).await?;
        tx.commit().await?;
        Ok(read)
    }

    /// A reply of the reader's own mailbox with its content; the access is on record.
    #[tracing::instrument(name = "postbox.get_own_reply", skip_all, fields(letter.id = %letter))]
    pub async fn own_reply(
        &self,
        reader: &Reader,
        letter: LetterId,
        reply: ReplyId,
    ) -> Result<Read, RepliesError> {
        let mut tx = self.db.begin().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, _) = found.ok_or(ReadError::LetterUnknown)?;
        let letter = letters::get(&mut tx, mailbox.id, letter).await?;
        let letter = letter.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        reader.check_level(&letter)?;
        let read = self.whole(&mut tx, &letter, (reply, Party::Recipient)).await?;
        self.audit(&mut tx, reader, &letter, (READ, "", "done"), self.now()).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(read)
    }

    /// A reply to a letter with its content, and with the receipt as this party may have it.
    async fn whole(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        (reply, party): (ReplyId, Party),
    ) -> Result<Read, RepliesError> {
        let row = replies::get(tx, (letter.mailbox_id, letter.id), reply).await?;
        let row = row.ok_or(RepliesError::ReplyUnknown)?;
        let (_, content, content_json) = self.open_reply(tx, &row).await?;
        let entries = evidence::of_letter(tx, letter.mailbox_id, letter.id).await?;
        let files = replies::attachments(tx, &row).await?;
        let attachments = files.iter().map(|file| Ok((file.id, file.scan()?)));
        let attachments = attachments.collect::<Result<_, StoreError>>()?;
        let shown = self.shown(letter, row, (&entries, party))?;
        Ok(Read { shown, content, content_json, attachments })
    }

    /// Notes the access to an attachment of a reply and begins to read from `offset`.
    #[tracing::instrument(name = "postbox.download_reply", skip_all, fields(letter.id = %letter))]
    pub async fn download_reply(
        &self,
        who: &SenderClient,
        (letter, reply, attachment): (LetterId, ReplyId, AttachmentId),
        offset: u64,
    ) -> Result<ReplyDownload, RepliesError> {
        let mut tx = self.db.begin().await?;
        let letter = of_sender(&mut tx, who, letter).await?;
        let row = replies::get(&mut tx, (letter.mailbox_id, letter.id), reply).await?;
        let row = row.ok_or(RepliesError::ReplyUnknown)?;
        let (reply_key, content, _) = self.open_reply(&mut tx, &row).await?;
        let files = replies::attachments(&mut tx, &row).await?;
        let mut files = files.into_iter().zip(content.attachments);
        let found = files.find(|(file, _)| file.id == attachment);
        let (file, part): (ReplyAttachment, _) = found.ok_or(RepliesError::AttachmentUnknown)?;
        if offset > part.size_bytes {
            return Err(RepliesError::OffsetBeyondEnd);
        }
        let scan = file.scan()?;
        if scan == Scan::Blocked {
            return Err(RepliesError::AttachmentBlocked);
        }
        let key = vault::attachment_key(&reply_key, attachment, &file.wrapped_key)?;
        let (object_key, size) = (file.object_key.as_str(), part.size_bytes);
        let whole = Whole { id: attachment, key: &key, object_key, size };
        let mut plain = self.plain(&mut tx, &whole, (offset, u64::MAX)).await?;
        self.audit_sender(&mut tx, who, &letter, (READ, "", "done"), self.now()).await?;
        tx.commit().await?;
        plain.begin().await?;
        Ok(ReplyDownload { id: attachment, part, scan, plain })
    }

    fn shown(
        &self,
        letter: &LetterRow,
        row: ReplyRow,
        (entries, party): (&[EvidenceRow], Party),
    ) -> Result<Shown, Trouble> {
        let entry = entries.iter().find(|e| e.number == row.evidence_number).cloned();
        let entry = entry.ok_or(Trouble::Contradiction("a reply's evidence is gone"))?;
        let file = self.receipt(letter, &entry, party);
        Ok(Shown { row, receipt: (entry, file) })
    }

    async fn open_reply(
        &self,
        tx: &mut Tx,
        row: &ReplyRow,
    ) -> Result<(DataKey, ReplyContent, String), Trouble> {
        let mailbox = mailboxes::by_id(tx, row.mailbox_id).await?;
        let mailbox = mailbox.ok_or(Trouble::Contradiction("a reply's mailbox is gone"))?;
        let mailbox_key = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        let key = vault::reply_key((mailbox.id, &mailbox_key), row.id, &row.wrapped_key)?;
        let (content, json) = vault::open_reply(&key, mailbox.id, row.id, &row.sealed_content)?;
        Ok((key, content, json))
    }
}

impl ReplyDownload {
    /// The next plain bytes; `None` when all were handed out.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        self.plain.next().await
    }
}

/// A letter of this sender; whose else it is is not told.
async fn of_sender(
    tx: &mut Tx,
    who: &SenderClient,
    letter: LetterId,
) -> Result<LetterRow, RepliesError> {
    let sent = sent::find(tx, &who.client_id, letter).await?;
    let sent = sent.ok_or(RepliesError::LetterUnknown)?;
    let row = letters::get(tx, sent.mailbox_id, letter).await?;
    row.filter(|l| l.tenant == who.tenant).ok_or(RepliesError::LetterUnknown)
}
