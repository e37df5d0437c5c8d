//! A new letter's row: sealed texts, first state, first entries.

use siegel_crypto::{DataKey, sha256};
use siegel_db::Tx;
use siegel_kernel::Timestamp;
use siegel_receipt::{Actor, Kind};

use super::evidence::{Declared, Fact};
use super::upload::Uploaded;
use super::vault::{self, Head};
use super::{Now, Postbox, Trouble};
use crate::domain::action;
use crate::domain::canon::{Content, SenderPart};
use crate::domain::flags::Folder;
use crate::domain::letter::Letter;
use crate::domain::state::{Delivery, Ending};
use crate::domain::{LetterId, MailboxId};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::LetterRow;
use crate::store::mailboxes::Mailbox;
use crate::store::senders::Sender;

/// What a letter goes with into its transaction.
pub(super) struct Draft {
    pub id: LetterId,
    pub key: DataKey,
    pub content: Content,
    pub uploaded: Uploaded,
}

impl Postbox {
    /// Builds the row and signs what happened to it; `None` when the mailbox was closed.
    pub(super) async fn write(
        &self,
        tx: &mut Tx,
        (sender, mailbox): (&Sender, &Mailbox),
        letter: &Letter,
        (draft, now): (&Draft, Now),
    ) -> Result<Option<(LetterRow, Vec<u8>, Vec<EvidenceRow>)>, Trouble> {
        let (mut row, sealed_content) = self.row((sender, mailbox), letter, (draft, now))?;
        let later = letter.publish_at.filter(|at| *at > now.legal);
        let rows = self.accept(tx, &mut row, later, now).await?;
        Ok(rows.map(|rows| (row, sealed_content, rows)))
    }

    /// The row of a new letter, without any entry, and its sealed content.
    pub(super) fn row(
        &self,
        (sender, mailbox): (&Sender, &Mailbox),
        letter: &Letter,
        (draft, now): (&Draft, Now),
    ) -> Result<(LetterRow, Vec<u8>), Trouble> {
        let digests = draft.uploaded.rows.iter().flat_map(|a| a.sha256.clone()).collect();
        let (bare, canonical) = self.bare_row(
            (mailbox.id, draft.id),
            (sender, letter),
            (&draft.content, digests),
            now,
        )?;
        let mailbox_key = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        let head = Head {
            subject: letter.subject.clone(),
            sender_reference: letter.sender_reference.clone(),
            case_id: letter.case_id.clone(),
        };
        let wrapped_key =
            self.vault.wrap_letter_key((mailbox.id, &mailbox_key), draft.id, &draft.key)?;
        let sealed_head = self.vault.seal_head(&draft.key, mailbox.id, draft.id, &head)?;
        let sealed_content =
            self.vault.seal_content(&draft.key, mailbox.id, draft.id, &canonical)?;
        let row = LetterRow {
            wrapped_key,
            sealed_head,
            case_tag: (!letter.case_id.is_empty())
                .then(|| vault::case_tag(&mailbox_key, &letter.case_id)),
            ..bare
        };
        Ok((row, sealed_content))
    }

    /// The row of a letter without anything sealed in it, and its canonical form. `digests` are
    /// those of its attachments, 32 bytes each.
    pub(super) fn bare_row(
        &self,
        (mailbox_id, id): (MailboxId, LetterId),
        (sender, letter): (&Sender, &Letter),
        (content, digests): (&Content, Vec<u8>),
        now: Now,
    ) -> Result<(LetterRow, Vec<u8>), Trouble> {
        let canonical = content.canonical()?;
        let salt: [u8; 32] = self.entropy.array()?;
        let later = letter.publish_at.filter(|at| *at > now.legal);
        let row = LetterRow {
            mailbox_id,
            id,
            sequence: None,
            handle_id: letter.handle,
            sector: sender.sector.clone(),
            client_id: sender.client_id.clone(),
            tenant: sender.tenant.clone(),
            authority: sender.authority.clone(),
            ars: sender.ars.clone(),
            service_id: sender.service_id.clone(),
            state: Delivery::Accepted.as_str().to_owned(),
            ending: Ending::ExpiredUnread.as_str().to_owned(),
            delivery_type: letter.delivery_type.as_str().to_owned(),
            importance: if letter.important { 2 } else { 1 },
            required_level: letter.required_level,
            hide_preview: letter.hide_preview,
            lane: if letter.bulk { "bulk" } else { "interactive" }.to_owned(),
            thread: letter.thread,
            legal_basis: letter.legal_basis.clone(),
            legal_rule: None,
            legal_effect: None,
            announced_on: None,
            attachment_count: i64::try_from(digests.len() / 32).unwrap_or(i64::MAX),
            content_digest: sha256(&canonical).to_vec(),
            attachment_digests: digests,
            wrapped_key: Vec::new(),
            sealed_head: Vec::new(),
            commitment_salt: salt.to_vec(),
            accepted_at: now.legal,
            publish_at: None,
            provided_at: None,
            notified_at: None,
            opened_at: None,
            terminal_by: self.expires(later.unwrap_or(now.legal)),
            due_at: None,
            unread: false,
            evidence_count: 0,
            last_evidence: None,
            declared: declared(content)?,
            replaced_by: None,
            folder: Folder::Inbox.as_str().to_owned(),
            sealed_labels: None,
            case_tag: None,
            due_on: action::first_due(&letter.actions).map(|day| day.to_string()),
            retrieve_until: letter.retrieve_until,
        };
        Ok((row, canonical))
    }

    /// Signs that a letter was accepted.
    pub(super) async fn acknowledge(
        &self,
        tx: &mut Tx,
        row: &mut LetterRow,
        now: Now,
    ) -> Result<EvidenceRow, Trouble> {
        let mut accepted = Fact::by_service(Kind::Accepted, now.legal);
        accepted.actor = Actor {
            role: "sender".into(),
            client_id: Some(row.client_id.clone()),
            ..accepted.actor
        };
        self.attest(tx, row, accepted, now).await
    }

    /// Signs that a letter was accepted, and provides it or puts that off to `later`; `None` when
    /// the mailbox was closed. The caller saves `row`.
    pub(super) async fn accept(
        &self,
        tx: &mut Tx,
        row: &mut LetterRow,
        later: Option<Timestamp>,
        now: Now,
    ) -> Result<Option<Vec<EvidenceRow>>, Trouble> {
        let mut rows = vec![self.acknowledge(tx, row, now).await?];
        match later {
            Some(at) => {
                let scheduled = Delivery::Accepted.schedule(at);
                row.set_delivery(scheduled.map_err(|_| Trouble::Contradiction("scheduled twice"))?);
            }
            None => match self.provide(tx, row, now).await? {
                Some(provided) => rows.push(provided),
                None => return Ok(None),
            },
        }
        Ok(Some(rows))
    }
}

/// What the sender declared, as rows keep it.
fn declared(content: &Content) -> Result<Option<String>, Trouble> {
    let declared = Declared {
        instruction: content.instruction.clone(),
        service_use: content.service_use.clone(),
    };
    if declared == Declared::default() {
        return Ok(None);
    }
    Ok(Some(serde_json::to_string(&declared)?))
}

/// The sender as the canonical letter names it.
pub(super) fn sender_part(sender: &Sender) -> SenderPart {
    SenderPart {
        tenant: sender.tenant.clone(),
        client_id: sender.client_id.clone(),
        authority: sender.authority.clone(),
        ars: sender.ars.clone(),
        service_id: sender.service_id.clone(),
    }
}
