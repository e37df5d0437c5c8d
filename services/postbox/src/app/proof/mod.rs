//! Everything that proves what happened to one letter, as one archive: `siegel-proof/1`, described
//! in docs/how-to/prove-a-delivery.md.

mod package;

use std::sync::Arc;

use serde_json::{Value, json};
use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, Verified, verify_published};
use siegel_receipt_pdf::{Document, Known, Language};
use tokio::sync::mpsc;

use super::access::{Looked, PROOF_EXPORTED};
use super::archive::{Piece, run};
use super::evidence::{Party, entry_mailbox};
use super::log::MailboxHead;
use super::reader::{ReadError, Reader};
use super::submit::SenderClient;
use super::{Postbox, Trouble};
use crate::domain::LetterId;
use crate::domain::proof::{Chosen, Facts, Proven, Side};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::{self, LetterRow};
use crate::store::opt_outs::{self, ChoiceRow};
use crate::store::rules;
use package::Package;

/// Kind of the audit line.
const EXPORTED: &str = "postbox.proof.exported";

/// A party to a letter.
#[derive(Clone, Copy, Debug)]
pub enum Holder<'a> {
    Sender(&'a SenderClient),
    Recipient(&'a Reader),
}

impl Holder<'_> {
    const fn party(self) -> Party {
        match self {
            Self::Sender(_) => Party::Sender,
            Self::Recipient(_) => Party::Recipient,
        }
    }
}

/// A letter with all its receipts, in the copy of one party.
pub struct Held {
    pub letter: LetterRow,
    pub receipts: Vec<(EvidenceRow, ReceiptFile)>,
    /// What this party may know of the letter's own words.
    pub known: Known,
    request_id: String,
}

/// A receipt with what it says, and as a document.
pub struct Rendered {
    pub verified: Verified,
    pub pdf: Vec<u8>,
}

impl Postbox {
    /// A letter as a party to it holds it.
    pub async fn held(&self, holder: Holder<'_>, letter: LetterId) -> Result<Held, ReadError> {
        let (receipts, request_id) = match holder {
            Holder::Sender(who) => {
                let sent = self.sent_letter(who, letter).await?;
                (sent.receipts, sent.request_id)
            }
            Holder::Recipient(reader) => (self.receipts(reader, letter).await?, String::new()),
        };
        let mailbox = receipts.first().map(|(row, _)| row.mailbox_id);
        let mailbox = mailbox.ok_or(Trouble::Contradiction("a letter without evidence"))?;
        let mut tx = self.db.read().await?;
        let row = letters::get(&mut tx, mailbox, letter).await?;
        let row = row.ok_or(ReadError::LetterUnknown)?;
        let words = match holder {
            Holder::Sender(_) => true,
            // As a preview: hidden words stay hidden below the letter's level.
            Holder::Recipient(reader) => !row.hide_preview || reader.check_reach(&row).is_ok(),
        };
        let mut known = Known::default();
        if words {
            // Words that were removed, or whose key was destroyed, are unknown; the proof stays.
            if let Ok(head) = self.own_words(&mut tx, &row).await {
                known = Known { reference: head.sender_reference, case_id: head.case_id };
            }
        }
        // The sender's reference is part of the content.
        if let Holder::Recipient(reader) = holder
            && (row.opened_at.is_none() || reader.check_level(&row).is_err())
        {
            known.reference.clear();
        }
        Ok(Held { letter: row, receipts, known, request_id })
    }

    /// One receipt of a letter.
    pub async fn one_receipt(
        &self,
        holder: Holder<'_>,
        letter: LetterId,
        receipt: &str,
    ) -> Result<(Known, (EvidenceRow, ReceiptFile)), ReadError> {
        let held = self.held(holder, letter).await?;
        let found = held.receipts.into_iter().find(|(row, _)| row.id.to_string() == receipt);
        Ok((held.known, found.ok_or(ReadError::ReceiptUnknown)?))
    }

    /// A receipt as a document. Its keys are our own: whoever reads it has to confirm them.
    pub async fn document(
        &self,
        file: &ReceiptFile,
        known: &Known,
        language: Language,
    ) -> Result<Rendered, ReadError> {
        let keys = PublishedKeys::from_json(&self.key_set().await?);
        let keys = keys.map_err(|_| Trouble::Contradiction("the key set cannot be read"))?;
        Ok(rendered(file.clone(), Arc::new(keys), known.clone(), language).await?)
    }

    /// Checks the right to the proof of a letter, notes that it is taken out, and begins to write.
    #[tracing::instrument(name = "postbox.export_proof", skip_all, fields(letter.id = %letter))]
    pub async fn proof(
        &self,
        holder: Holder<'_>,
        letter: LetterId,
        language: Language,
    ) -> Result<mpsc::Receiver<Result<Piece, ReadError>>, ReadError> {
        let held = self.held(holder, letter).await?;
        let package = self.package(holder, held, language).await?;
        self.note_export(holder, letter).await?;
        let (out, pieces) = mpsc::channel(4);
        run(out, move |archive| package.write(archive));
        Ok(pieces)
    }

    pub(super) async fn package(
        &self,
        holder: Holder<'_>,
        held: Held,
        language: Language,
    ) -> Result<Package, ReadError> {
        let key_set = self.key_set().await?;
        // No log, or none yet: the receipts then say so themselves.
        let checkpoint = self.checkpoint().await.unwrap_or_default();
        let mut tx = self.db.read().await?;
        let rule = match &held.letter.legal_rule {
            Some(id) => rules::by_id(&mut tx, id).await?,
            None => None,
        };
        let choices = choices(&mut tx, &held.letter).await?;
        drop(tx);
        let side = match holder {
            Holder::Sender(_) => Side::Sender {
                handle: held.letter.handle_id.to_string(),
                sender_reference: held.known.reference.clone(),
                request_id: held.request_id.clone(),
            },
            Holder::Recipient(_) => {
                Side::Recipient { mailbox_entry: entry_mailbox(&held.letter).unwrap_or_default() }
            }
        };
        let head = match (holder, held.letter.sequence) {
            (Holder::Recipient(reader), Some(at)) => self.mailbox_head(reader, at).await?,
            _ => None,
        };
        Ok(Package {
            letter: held.letter.id,
            party: holder.party(),
            made_at: self.now().recorded,
            facts: Facts {
                side,
                entries: Vec::new(),
                legal_basis: held.letter.legal_basis.clone(),
                rule,
                choices,
            },
            receipts: held.receipts,
            known: held.known,
            key_set,
            log_key: self.log_key().unwrap_or_default(),
            checkpoint,
            head: head.map(|head| head_json(&head)),
            language,
            notary: self.notary.clone(),
            origin: self.notary.origin.clone(),
        })
    }

    /// On record, and for recipients among the accesses to their mailbox.
    async fn note_export(&self, holder: Holder<'_>, letter: LetterId) -> Result<(), ReadError> {
        let now = self.now();
        let mut tx = self.db.begin().await?;
        let (actor, subject, level) = match holder {
            Holder::Sender(who) => (who.name.clone(), String::new(), None),
            Holder::Recipient(reader) => {
                (reader.name(), reader.subject(), Some(reader.who.level()))
            }
        };
        let entry = Entry {
            kind: EXPORTED,
            actor: &actor,
            subject: &subject,
            level,
            outcome: "done",
            request_id: "",
            detail: &letter.to_string(),
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        if let Holder::Recipient(reader) = holder {
            self.note_access(&mut tx, reader, Looked::at(PROOF_EXPORTED, letter), now).await?;
        }
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}

/// What the recipient had chosen about letters when this one was provided, or came for nothing.
async fn choices(tx: &mut Tx, letter: &LetterRow) -> Result<Vec<Chosen>, StoreError> {
    let at = letter.provided_at.unwrap_or(letter.accepted_at);
    let rows = opt_outs::held_at(tx, letter.mailbox_id, &letter.client_id, at).await?;
    let chosen = |row: ChoiceRow| Chosen {
        about: if row.sender.is_empty() { "all_senders" } else { "this_sender" },
        choice: row.choice,
        wording_version: row.wording_version,
        trust_level: row.level.number(),
        at: row.chosen_at.to_rfc3339(),
    };
    Ok(rows.into_iter().map(chosen).collect())
}

/// As [`render`], where it holds nobody up.
async fn rendered(
    file: ReceiptFile,
    keys: Arc<PublishedKeys>,
    known: Known,
    language: Language,
) -> Result<Rendered, Trouble> {
    let work = tokio::task::spawn_blocking(move || render(&file, &keys, &known, language));
    work.await.map_err(|_| Trouble::Contradiction("a receipt's document broke off"))?
}

/// Verifies a receipt and renders it.
fn render(
    file: &ReceiptFile,
    keys: &PublishedKeys,
    known: &Known,
    language: Language,
) -> Result<Rendered, Trouble> {
    let verified = verify_published(file, keys, KeyTrust::FromReceiptAddress)
        .map_err(|_| Trouble::Contradiction("a stored receipt does not verify"))?;
    let text = file.to_json();
    let document =
        Document { verified: &verified, file: &text, jwks_uri: &file.jwks_uri, known, language };
    let pdf = siegel_receipt_pdf::render(&document)
        .map_err(|_| Trouble::Contradiction("a receipt has no document"))?;
    Ok(Rendered { verified, pdf })
}

/// As `EvidenceService.GetMailboxHead` gives it.
fn head_json(head: &MailboxHead) -> Value {
    use siegel_crypto::b64;
    let row = &head.row;
    let place = head.place.as_ref().map(|place| {
        json!({
            "origin": place.origin,
            "index": place.index,
            "tree_size": place.tree_size,
            "proof": place.proof.iter().map(b64::encode).collect::<Vec<_>>(),
            "checkpoint": place.checkpoint,
        })
    });
    json!({
        "mailbox_id": row.mailbox_id,
        "sequence": row.sequence,
        "letter_id": row.letter_id,
        "previous": b64::encode(&row.previous),
        "content_digest": b64::encode(&row.content_digest),
        "provided_digest": b64::encode(&row.provided_digest),
        "head": b64::encode(&row.head),
        "leaf_salt": b64::encode(&row.leaf_salt),
        "place": place,
    })
}

/// The entry of a receipt in an archive: `receipts/02-provided-rcp_…`.
fn stem(row: &EvidenceRow) -> String {
    format!("receipts/{:02}-{}-{}", row.number, row.kind, row.id)
}

fn proven(row: &EvidenceRow, verified: &Verified) -> Proven {
    Proven { path: format!("{}.json", stem(row)), body: verified.body.clone() }
}
