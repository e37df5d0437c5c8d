//! What is written of a letter, in one transaction: the letter, its evidence, its events, the order
//! of its notification, and the answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siegel_db::audit::{self, Entry};
use siegel_db::{IdempotencyKey, Tx, claim_answered};

use super::evidence::Party;
use super::handles::audit_subject;
use super::opt_outs;
use super::quota::Policy;
use super::submit::{Order, SenderClient, SubmitError, Submitted};
use super::write::Draft;
use super::{Now, Postbox, Trouble};
use crate::domain::{LetterId, MailboxId};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes;
use crate::store::senders::Sender;
use crate::store::{attachments, resumable, sent, uploads};

/// A letter that was looked at, uploaded, and can be written.
pub(super) struct Prepared {
    pub who: SenderClient,
    pub order: Order,
    /// Of the request.
    pub digest: [u8; 32],
    pub sender: Sender,
    pub mailbox: MailboxId,
    pub draft: Draft,
    pub policy: Arc<Policy>,
}

impl Prepared {
    pub fn key(&self) -> IdempotencyKey<'_> {
        let Self { who, order, digest, .. } = self;
        IdempotencyKey { caller: &who.name, request_id: &order.request_id, digest: *digest }
    }
}

/// What is kept beside the request id: enough to give the same answer again.
#[derive(Serialize, Deserialize)]
struct Answer {
    mailbox: MailboxId,
    letter: LetterId,
    state: String,
    announced_on: String,
    receipts: usize,
}

impl Postbox {
    /// Writes a letter into a transaction that the caller commits.
    pub(super) async fn deliver(
        &self,
        tx: &mut Tx,
        letter: &Prepared,
        now: Now,
    ) -> Result<Submitted, SubmitError> {
        let Prepared { who, order, sender, draft, policy, .. } = letter;
        // Again: the handle may have been revoked during the upload.
        let mailbox = mailboxes::by_handle(tx, order.letter.handle, &sender.sector).await?;
        let mailbox = mailbox.ok_or(SubmitError::RecipientUnknown)?;
        let to = (mailbox.id, sender.client_id.as_str());
        opt_outs::check(tx, to, &order.letter, now).await?;
        let replaced = self.take_replaced(tx, who, mailbox.id, (order, now)).await?;
        take_uploads(tx, draft).await?;
        self.keep_reminder(tx, (mailbox.id, draft.id), &order.letter, now).await?;
        let written = self.write(tx, (sender, &mailbox), &order.letter, (draft, now)).await?;
        let (row, sealed_content, entries) = written.ok_or(SubmitError::RecipientUnknown)?;
        if let Some(old) = replaced {
            self.replace(tx, who, old, (&row, order, now)).await?;
        }
        letters::add(tx, &row, &sealed_content).await?;
        let tag = self.vault.sent_case_tag(who, &order.letter.case_id);
        sent::add(tx, &row, &order.request_id, tag.as_deref()).await?;
        let class = order.letter.retention_class.as_str();
        self.order_retention(tx, &row, (policy, class)).await?;
        let subject = audit_subject(mailbox.owner());
        let entry = Entry {
            kind: "postbox.letter.submitted",
            actor: &who.name,
            subject: &subject,
            level: None,
            outcome: "done",
            request_id: &order.request_id,
            detail: &row.id.to_string(),
            at: now.recorded,
        };
        audit::record(tx, &entry).await?;
        let answer = Answer {
            mailbox: row.mailbox_id,
            letter: row.id,
            state: row.state.clone(),
            announced_on: row.announced_on.clone().unwrap_or_default(),
            receipts: entries.len(),
        };
        let bytes = serde_json::to_vec(&answer).map_err(Trouble::from)?;
        claim_answered(tx, &letter.key(), &bytes, now.recorded).await?;
        Ok(self.submitted(&row, answer, entries))
    }

    /// The answer given before, from what is stored.
    pub(super) async fn again(&self, bytes: &[u8]) -> Result<Submitted, SubmitError> {
        let answer: Answer = serde_json::from_slice(bytes).map_err(Trouble::from)?;
        let mut tx = self.db.read().await?;
        let letter = letters::get(&mut tx, answer.mailbox, answer.letter).await?;
        let letter = letter.ok_or(Trouble::Contradiction("an answered letter is gone"))?;
        let mut rows =
            crate::store::evidence::of_letter(&mut tx, answer.mailbox, answer.letter).await?;
        rows.truncate(answer.receipts);
        Ok(self.submitted(&letter, answer, rows))
    }

    fn submitted(&self, letter: &LetterRow, answer: Answer, rows: Vec<EvidenceRow>) -> Submitted {
        let file = |row: EvidenceRow| {
            let file = self.receipt(letter, &row, Party::Sender);
            (row, file)
        };
        Submitted {
            letter: answer.letter,
            state: answer.state,
            announced_on: answer.announced_on,
            receipts: rows.into_iter().map(file).collect(),
        }
    }
}

/// Makes what was uploaded the letter's own.
async fn take_uploads(tx: &mut Tx, draft: &Draft) -> Result<(), SubmitError> {
    for upload in &draft.uploaded.adopted {
        if !resumable::take(tx, *upload).await? {
            return Err(SubmitError::UploadUnknown);
        }
    }
    for row in &draft.uploaded.rows {
        if !uploads::attach(tx, &row.object_key).await? {
            return Err(Trouble::Contradiction("an upload was swept away").into());
        }
        attachments::add(tx, row).await?;
    }
    Ok(())
}
