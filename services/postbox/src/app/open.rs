//! Opening a letter: level, legal effect, evidence and content from one transaction.

use siegel_db::Tx;
use siegel_db::audit::{self, Entry};
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::{Kind, ReceiptFile};
use siegel_telemetry::metric;

use super::access::Looked;
use super::evidence::{Fact, Party, entry_of, opening_of};
use super::provide::{effect, set_effect};
use super::reader::{ReadError, Reader, Summary, letter_key, summary};
use super::{Now, Postbox, Trouble, vault};
use crate::domain::canon::Content;
use crate::domain::holidays::Land;
use crate::domain::state::{Ending, Opening};
use crate::domain::upload::Scan;
use crate::domain::{AttachmentId, LetterId};
use crate::store::attachments::AttachmentRow;
use crate::store::evidence::EvidenceRow;
use crate::store::letters::{self, LetterRow};
use crate::store::{attachments, rules};

/// Kind of the audit line.
const OPENED: &str = "postbox.letter.opened";
/// Kind of the audit line of reading without the right to receive.
const READ: &str = "postbox.letter.read";
/// Its outcome.
const NO_EFFECT: &str = "without_effect";

/// An opened letter.
#[derive(Clone, Debug)]
pub struct Opened {
    pub summary: Summary,
    pub content: Content,
    /// The canonical text whose SHA-256 receipts sign.
    pub content_json: String,
    /// In the order of `content.attachments`.
    pub attachments: Vec<AttachmentId>,
    /// What is known about viruses in them, in the same order.
    pub scans: Vec<Scan>,
    /// `None` where it was read without legal effect.
    pub receipt: Option<(EvidenceRow, ReceiptFile)>,
}

impl Postbox {
    /// Opens a letter with legal effect; again, with the same receipt and none.
    #[tracing::instrument(name = "postbox.open", skip_all, fields(letter.id = %letter))]
    pub async fn open(
        &self,
        reader: &Reader,
        letter: LetterId,
        request_id: &str,
    ) -> Result<Opened, ReadError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::lock(&mut tx, mailbox.id, letter).await?;
        let mut row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        if let Err(refused) = reader.check_level(&row) {
            self.audit(&mut tx, reader, &row, (OPENED, request_id, refused.outcome()), now).await?;
            tx.commit().await?;
            return Err(refused);
        }
        // What the law made of the letter before this instant comes first.
        self.settle(&mut tx, &mut row, now).await?;
        let opening = row.delivery()?.open().map_err(ReadError::from);
        let first = match reader.check_time(&row).and(opening) {
            Ok((delivery, opening)) => {
                row.set_delivery(delivery);
                opening == Opening::First
            }
            Err(refused) => {
                letters::save(&mut tx, &row).await?;
                let what = (OPENED, request_id, refused.outcome());
                self.audit(&mut tx, reader, &row, what, now).await?;
                tx.commit().await?;
                self.feed.committed();
                return Err(refused);
            }
        };
        if first {
            self.first_opening(&mut tx, reader, &mut row, (&mailbox_key, now)).await?;
        }
        letters::save(&mut tx, &row).await?;
        self.audit(&mut tx, reader, &row, (OPENED, request_id, "done"), now).await?;
        let opened = self.opened(&mut tx, reader, row, (&mailbox_key, Kind::Opened)).await?;
        tx.commit().await?;
        self.feed.committed();
        if first {
            metric::LETTERS_OPENED.count([&opened.summary.letter.delivery_type]);
        }
        Ok(opened)
    }

    /// The content of a letter for somebody who may read but not receive for the mailbox's owner:
    /// without legal effect and without receipt, unless somebody opened it before. On record as what
    /// it is; the sender learns nothing.
    #[tracing::instrument(name = "postbox.read", skip_all, fields(letter.id = %letter))]
    pub async fn read_without_effect(
        &self,
        reader: &Reader,
        letter: LetterId,
        request_id: &str,
    ) -> Result<Opened, ReadError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, mailbox_key) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::lock(&mut tx, mailbox.id, letter).await?;
        let mut row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        self.settle(&mut tx, &mut row, now).await?;
        let gone = row.delivery()?.open().map(|_| ()).map_err(ReadError::from);
        let refused = reader.check_level(&row).and(reader.check_time(&row)).and(gone).err();
        let outcome = refused.as_ref().map_or(NO_EFFECT, ReadError::outcome);
        letters::save(&mut tx, &row).await?;
        self.audit(&mut tx, reader, &row, (READ, request_id, outcome), now).await?;
        let opened = match refused {
            Some(refused) => Err(refused),
            None => Ok(self.opened(&mut tx, reader, row, (&mailbox_key, Kind::Opened)).await?),
        };
        tx.commit().await?;
        self.feed.committed();
        opened
    }

    /// The content of a letter with the receipt of one kind, if there is one.
    pub(super) async fn opened(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        row: LetterRow,
        (mailbox_key, kind): (&siegel_crypto::DataKey, Kind),
    ) -> Result<Opened, Trouble> {
        let receipt = match kind {
            Kind::Opened if row.opened_at.is_none() => None,
            Kind::Opened => Some(opening_of(tx, &row).await?),
            kind => Some(entry_of(tx, &row, kind).await?),
        };
        let sealed = letters::sealed_content(tx, row.mailbox_id, row.id).await?;
        let files = attachments::of_letter(tx, row.mailbox_id, row.id).await?;
        let key = letter_key(mailbox_key, &row)?;
        let (content, content_json) = vault::open_content(&key, row.mailbox_id, row.id, &sealed)?;
        let receipt = receipt.map(|receipt| {
            let file = self.receipt(&row, &receipt, Party::Recipient);
            (receipt, file)
        });
        Ok(Opened {
            summary: summary(reader, mailbox_key, row)?,
            content,
            content_json,
            attachments: files.iter().map(|a| a.id).collect(),
            scans: files.iter().map(AttachmentRow::scan).collect::<Result<_, _>>()?,
            receipt,
        })
    }

    pub(super) async fn first_opening(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        row: &mut LetterRow,
        (mailbox_key, now): (&siegel_crypto::DataKey, Now),
    ) -> Result<(), Trouble> {
        row.opened_at = Some(now.legal);
        self.no_longer_unread(tx, row).await?;
        self.index_content(tx, row, mailbox_key).await?;
        if let Some(id) = &row.legal_rule
            && let Some(rule) = rules::by_id(tx, id).await?
            && let Some(effect) = rule.on_retrieval(LegalDay::of(now.legal), Land::of_ars(&row.ars))
        {
            set_effect(row, &rule, &effect)?;
        }
        let kind = if reader.is_delegate() { Kind::OpenedByDelegate } else { Kind::Opened };
        let mut fact = Fact::by_service(kind, now.legal);
        fact.actor = reader.actor(row, mailbox_key);
        fact.on_behalf_of = reader.on_behalf_of(row, mailbox_key);
        // Opening serves nothing formally: that takes a confirmation (VwZG § 5) or time.
        if row.ending != Ending::DeemedServed.as_str() {
            fact.legal_effect = effect(row)?;
        }
        self.attest(tx, row, fact, now).await?;
        Ok(())
    }

    /// One line per access, the refused ones too.
    pub(super) async fn audit(
        &self,
        tx: &mut Tx,
        reader: &Reader,
        letter: &LetterRow,
        (kind, request_id, outcome): (&str, &str, &str),
        now: Now,
    ) -> Result<(), Trouble> {
        let entry = Entry {
            kind,
            actor: &reader.name(),
            subject: &reader.subject(),
            level: Some(reader.who.level()),
            outcome,
            request_id,
            detail: &letter.id.to_string(),
            at: now.recorded,
        };
        audit::record(tx, &entry).await?;
        let looked = ["opened", "confirmed", "refused", "read"]
            .into_iter()
            .find(|what| kind.strip_prefix("postbox.letter.") == Some(what));
        if let Some(what) = looked {
            let looked = Looked { outcome, ..Looked::at(what, letter.id) };
            self.note_access(tx, reader, looked, now).await?;
        }
        Ok(())
    }
}
