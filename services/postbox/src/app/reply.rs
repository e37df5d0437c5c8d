//! Answering a letter: the reply, its evidence and its confirmation of receipt (Eingangsbestätigung)
//! from one transaction.

use bytes::Bytes;
use futures_util::Stream;
use siegel_crypto::{DataKey, b64, sha256};
use siegel_db::{
    Attempt, IdempotencyKey, StoreError, Tx, begin_request, finish_request, seen_request,
};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::{Kind, ReceiptFile, Reply};

use super::adopt::{self, Adopted};
use super::evidence::{Fact, Party};
use super::lanes::Turner;
use super::reader::{ReadError, Reader, letter_key};
use super::submit::SubmitError;
use super::upload::{Place, Uploaded, UploadedBy};
use super::{Now, Postbox, Trouble, vault};
use crate::domain::action::asked_reply;
use crate::domain::attachment::{self, Declaration};
use crate::domain::letter::Violation;
use crate::domain::reply::{self, FORMAT, MOST, ReplyContent};
use crate::domain::state::{Delivery, End};
use crate::domain::upload::Owner;
use crate::domain::{LetterId, MailboxId, ReplyId, UploadId};
use crate::store::evidence::{self, EvidenceRow};
use crate::store::letters::{self, LetterRow};
use crate::store::replies::{self, ReplyRow};
use crate::store::{resumable, uploads};

/// Kind of the audit line.
const REPLIED: &str = "postbox.letter.replied";

/// An answer to a letter.
#[derive(Clone, Debug)]
pub struct ReplyOrder {
    pub request_id: String,
    pub letter: LetterId,
    pub text: String,
    pub attachments: Vec<Declaration>,
    /// Made before; behind those attachments.
    pub uploads: Vec<UploadId>,
}

/// An accepted reply.
#[derive(Clone, Debug)]
pub struct Replied {
    pub id: ReplyId,
    pub submitted_at: Timestamp,
    pub late: bool,
    /// The canonical text whose SHA-256 the receipt signs.
    pub content_json: String,
    pub receipt: (EvidenceRow, ReceiptFile),
}

/// A reply that is not accepted. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    #[error("the letter asks for no reply")]
    NotAsked,
    #[error("a letter takes at most {MOST} replies")]
    TooMany,
    #[error(transparent)]
    Letter(#[from] ReadError),
    #[error(transparent)]
    Content(#[from] SubmitError),
}

impl From<StoreError> for ReplyError {
    fn from(error: StoreError) -> Self {
        Self::Content(error.into())
    }
}

impl From<Trouble> for ReplyError {
    fn from(error: Trouble) -> Self {
        Self::Content(error.into())
    }
}

impl ReplyError {
    /// The refusal as audit lines know it.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::NotAsked => "REPLY_NOT_ASKED",
            Self::TooMany => "TOO_MANY_REPLIES",
            Self::Letter(error) => error.outcome(),
            Self::Content(_) => "failed",
        }
    }
}

/// What the letter says about replies.
struct Asked {
    form_id: String,
    due_on: Option<LegalDay>,
}

/// A reply whose attachments are stored.
struct Drafted<'a> {
    id: ReplyId,
    key: &'a DataKey,
    /// Of all attachments, in their order.
    declared: Vec<Declaration>,
    uploaded: Uploaded,
}

/// A letter that is held, and its mailbox's key.
struct Held {
    row: LetterRow,
    mailbox_key: DataKey,
    asked: Asked,
}

impl Postbox {
    /// Accepts a reply; `content` is the attachments' bytes in order. Again, with the same answer.
    #[tracing::instrument(name = "postbox.reply", skip_all, fields(letter.id = %order.letter))]
    pub async fn reply<S>(
        &self,
        reader: &Reader,
        order: &ReplyOrder,
        content: S,
    ) -> Result<Replied, ReplyError>
    where
        S: Stream<Item = Result<Bytes, SubmitError>> + Unpin + Send,
    {
        let violations = violations(order);
        if !violations.is_empty() {
            return Err(SubmitError::Malformed(violations).into());
        }
        let owner = reader.owner().text();
        let digest = reply::request_digest(order.letter, &owner, &order.text, &order.attachments);
        let digest = adopt::digest(digest.map_err(Trouble::from)?, &order.uploads);
        let caller = reader.name();
        let key = IdempotencyKey { caller: &caller, request_id: &order.request_id, digest };
        if let Some(reply) = self.replied_before(&key).await? {
            return self.replied_again(reader, order.letter, reply).await;
        }
        let held = self.may_reply(reader, order).await?;
        let adopted = self.check_attachments(held.row.mailbox_id, order).await?;
        let id = ReplyId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
        let reply_key = self.vault.new_key()?;
        let turner = Turner { bulk: false, sender: "", weight: 1 };
        let (mailbox, letter) = (held.row.mailbox_id, order.letter);
        let place = Place { mailbox, letter, letter_key: &reply_key, turner };
        let by = UploadedBy { tenant: "", name: &caller };
        let mut uploaded = self.upload_by(&by, &place, &order.attachments, content).await?;
        let objects: Vec<String> = uploaded.rows.iter().map(|a| a.object_key.clone()).collect();
        self.adopt(&place, &adopted, &mut uploaded)?;
        let declared = adopt::declarations(&order.attachments, &adopted);
        let drafted = Drafted { id, key: &reply_key, declared, uploaded };
        let stored = self.store_reply(reader, order, &key, drafted).await;
        match stored {
            Ok(Some(replied)) => {
                self.feed.committed();
                Ok(replied)
            }
            // Somebody was faster with the same request.
            Ok(None) => {
                self.discard(&objects).await;
                let reply = self.replied_before(&key).await?;
                let reply = reply.ok_or(Trouble::Contradiction("a reply was and is not there"))?;
                self.replied_again(reader, order.letter, reply).await
            }
            Err(error) => {
                // After a commit whose outcome is unknown the objects may be part of a reply.
                if !matches!(error, ReplyError::Content(SubmitError::Trouble(_))) {
                    self.discard(&objects).await;
                }
                Err(error)
            }
        }
    }

    /// Checks what is attached; the uploads that were made before.
    async fn check_attachments(
        &self,
        mailbox: MailboxId,
        order: &ReplyOrder,
    ) -> Result<Vec<Adopted>, SubmitError> {
        let limits = self.limits_of("").await?;
        // Before each of them is looked for.
        attachment::check_count(order.attachments.len() + order.uploads.len(), &limits)?;
        let mut tx = self.db.read().await?;
        let owner = Owner::Mailbox(mailbox);
        let adopted = self.find_adopted(&mut tx, &owner, &order.uploads).await?;
        attachment::check(&adopt::declarations(&order.attachments, &adopted), &limits)?;
        Ok(adopted)
    }

    /// Whether this person may answer this letter now; a refusal is on record.
    async fn may_reply(&self, reader: &Reader, order: &ReplyOrder) -> Result<Held, ReplyError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let held = self.hold(&mut tx, reader, order.letter, now).await?;
        match held {
            Ok(held) => Ok(held),
            Err((row, refused)) => {
                letters::save(&mut tx, &row).await?;
                let what = (REPLIED, order.request_id.as_str(), refused.outcome());
                self.audit(&mut tx, reader, &row, what, now).await?;
                tx.commit().await?;
                self.feed.committed();
                Err(refused)
            }
        }
    }

    /// Holds a letter that is answered; a refusal that is to be recorded comes with it.
    async fn hold(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        letter: LetterId,
        now: Now,
    ) -> Result<Result<Held, (Box<LetterRow>, ReplyError)>, ReplyError> {
        let found = self.mailbox_of(tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::lock(tx, mailbox.id, letter).await?;
        let mut row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        self.settle(tx, &mut row, now).await?;
        if let Err(refused) = readable(reader, &row) {
            return Ok(Err((Box::new(row), refused.into())));
        }
        let sealed = letters::sealed_content(tx, row.mailbox_id, row.id).await?;
        let key = letter_key(&mailbox_key, &row)?;
        let (content, _) = vault::open_content(&key, row.mailbox_id, row.id, &sealed)?;
        let Some((form_id, due_on)) = asked_reply(&content.actions, &row.delivery_type) else {
            return Ok(Err((Box::new(row), ReplyError::NotAsked)));
        };
        if replies::count(tx, row.mailbox_id, row.id).await? >= MOST {
            return Ok(Err((Box::new(row), ReplyError::TooMany)));
        }
        Ok(Ok(Held { row, mailbox_key, asked: Asked { form_id, due_on } }))
    }

    /// The one transaction; `None` when this very request was faster.
    async fn store_reply(
        &self,
        reader: &Reader,
        order: &ReplyOrder,
        key: &IdempotencyKey<'_>,
        drafted: Drafted<'_>,
    ) -> Result<Option<Replied>, ReplyError> {
        let Drafted { id, key: reply_key, declared, uploaded } = drafted;
        let mut tx = self.db.begin().await?;
        let now = self.now();
        match begin_request(&mut tx, key, now.recorded).await? {
            Attempt::Fresh => {}
            Attempt::Repeated(_) => return Ok(None),
            Attempt::Conflict => return Err(SubmitError::RequestIdReused.into()),
        }
        // Again: the letter may have been taken back during the upload.
        let held = self.hold(&mut tx, reader, order.letter, now).await?;
        let Held { mut row, mailbox_key, asked } = held.map_err(|(_, refused)| refused)?;
        for upload in &uploaded.adopted {
            if !resumable::take(&mut tx, *upload).await? {
                return Err(SubmitError::UploadUnknown.into());
            }
        }
        for file in &uploaded.rows {
            if !uploads::attach(&mut tx, &file.object_key).await? {
                return Err(Trouble::Contradiction("an upload was swept away").into());
            }
            replies::add_attachment(&mut tx, id, file).await?;
        }
        let late = asked.due_on.is_some_and(|due| due < LegalDay::of(now.legal));
        let content = ReplyContent {
            format: FORMAT.to_owned(),
            reply_id: id.to_string(),
            letter_id: row.id.to_string(),
            letter_digest: b64::encode(&row.content_digest),
            form_id: asked.form_id,
            text: order.text.clone(),
            attachments: reply::parts(&declared),
        };
        let canonical = content.canonical().map_err(Trouble::from)?;
        let mut fact = Fact::by_service(Kind::ReplyAccepted, now.legal);
        fact.actor = reader.actor(&row, &mailbox_key);
        fact.on_behalf_of = reader.on_behalf_of(&row, &mailbox_key);
        fact.reply = Some(Reply {
            reply_id: content.reply_id,
            content_digest: b64::encode(sha256(&canonical)),
            attachment_digests: content.attachments.into_iter().map(|a| a.sha256).collect(),
            due_on: asked.due_on.map(|day| day.to_string()),
            late,
        });
        let entry = self.attest(&mut tx, &mut row, fact, now).await?;
        let (mailbox, letter) = (row.mailbox_id, row.id);
        let stored = ReplyRow {
            mailbox_id: mailbox,
            letter_id: letter,
            number: replies::count(&mut tx, mailbox, letter).await? + 1,
            id,
            wrapped_key: self.vault.wrap_reply_key((mailbox, &mailbox_key), id, reply_key)?,
            sealed_content: self.vault.seal_reply(reply_key, mailbox, id, &canonical)?,
            attachment_count: i64::try_from(uploaded.rows.len()).unwrap_or(i64::MAX),
            late,
            submitted_at: now.legal,
            evidence_number: entry.number,
        };
        replies::add(&mut tx, &stored).await?;
        letters::save(&mut tx, &row).await?;
        let what = (REPLIED, order.request_id.as_str(), "done");
        self.audit(&mut tx, reader, &row, what, now).await?;
        finish_request(&mut tx, key, &serde_json::to_vec(&id).map_err(Trouble::from)?).await?;
        tx.commit().await?;
        let file = self.receipt(&row, &entry, Party::Recipient);
        Ok(Some(Replied {
            id,
            submitted_at: stored.submitted_at,
            late,
            content_json: String::from_utf8(canonical)
                .map_err(|_| Trouble::Contradiction("a canonical reply is not text"))?,
            receipt: (entry, file),
        }))
    }

    async fn replied_before(
        &self,
        key: &IdempotencyKey<'_>,
    ) -> Result<Option<ReplyId>, ReplyError> {
        let mut tx = self.db.read().await?;
        match seen_request(&mut tx, key).await? {
            Some(Attempt::Repeated(answer)) => {
                Ok(Some(serde_json::from_slice(&answer).map_err(Trouble::from)?))
            }
            Some(Attempt::Conflict) => Err(SubmitError::RequestIdReused.into()),
            Some(Attempt::Fresh) | None => Ok(None),
        }
    }

    /// The answer given before, from what is stored.
    async fn replied_again(
        &self,
        reader: &Reader,
        letter: LetterId,
        reply: ReplyId,
    ) -> Result<Replied, ReplyError> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        let row = row.ok_or(ReadError::LetterUnknown)?;
        reader.check_level(&row)?;
        let stored = replies::get(&mut tx, (mailbox.id, letter), reply).await?;
        let stored = stored.ok_or(Trouble::Contradiction("an answered reply is gone"))?;
        let entries = evidence::of_letter(&mut tx, mailbox.id, letter).await?;
        let entry = entries.into_iter().find(|e| e.number == stored.evidence_number);
        let entry = entry.ok_or(Trouble::Contradiction("a reply's evidence is gone"))?;
        let key = vault::reply_key((mailbox.id, &mailbox_key), reply, &stored.wrapped_key)?;
        let (_, content_json) = vault::open_reply(&key, mailbox.id, reply, &stored.sealed_content)?;
        let file = self.receipt(&row, &entry, Party::Recipient);
        Ok(Replied {
            id: reply,
            submitted_at: stored.submitted_at,
            late: stored.late,
            content_json,
            receipt: (entry, file),
        })
    }
}

fn violations(order: &ReplyOrder) -> Vec<Violation> {
    let attached = order.attachments.len() + order.uploads.len();
    let mut found = reply::violations(&order.text, attached);
    if order.request_id.is_empty() || order.request_id.chars().count() > 128 {
        found.push(Violation::new("request_id", "must have 1 to 128 characters"));
    }
    found
}

/// Whoever answers a letter has opened it, at its level. A provision that ended since takes nothing
/// from them: late replies are taken, too.
fn readable(reader: &Reader, row: &LetterRow) -> Result<(), ReadError> {
    reader.check_level(row)?;
    match row.delivery().map_err(Trouble::from)? {
        Delivery::Ended { end: End::Recalled | End::Undeliverable, .. } => Err(ReadError::Gone),
        _ if row.opened_at.is_none() => Err(ReadError::NotOpened),
        _ => Ok(()),
    }
}
