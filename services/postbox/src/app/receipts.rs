//! Receipts for the parties of a letter, and the sender's view of it.

use siegel_receipt::ReceiptFile;

use super::Postbox;
use super::evidence::Party;
use super::reader::{ReadError, Reader};
use super::submit::SenderClient;
use crate::domain::LetterId;
use crate::store::evidence::{self, EvidenceRow};
use crate::store::keys::{self, KeyRow};
use crate::store::letters::{self, LetterRow};
use crate::store::sent;

/// A letter as its sender sees it.
#[derive(Clone, Debug)]
pub struct SentLetter {
    pub letter: LetterRow,
    pub request_id: String,
    pub sender_reference: String,
    pub receipts: Vec<(EvidenceRow, ReceiptFile)>,
}

impl Postbox {
    /// A letter this client sent; anybody else's does not exist for it.
    pub async fn sent_letter(
        &self,
        who: &SenderClient,
        letter: LetterId,
    ) -> Result<SentLetter, ReadError> {
        let mut tx = self.db.read().await?;
        let sent = sent::find(&mut tx, &who.client_id, letter).await?;
        let sent = sent.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, sent.mailbox_id, letter).await?;
        let row = row.filter(|l| l.tenant == who.tenant).ok_or(ReadError::LetterUnknown)?;
        let rows = evidence::of_letter(&mut tx, sent.mailbox_id, letter).await?;
        let sender_reference = self.sender_reference(&mut tx, &row).await?;
        drop(tx);
        let mut receipts = self.files(&row, rows, Party::Sender);
        self.with_places(&mut receipts).await;
        Ok(SentLetter { letter: row, request_id: sent.request_id, sender_reference, receipts })
    }

    /// The receipts of a letter in the reader's mailbox. They show no content, so no level is
    /// asked for; but they name the sender, which a hidden preview does not.
    pub async fn receipts(
        &self,
        reader: &Reader,
        letter: LetterId,
    ) -> Result<Vec<(EvidenceRow, ReceiptFile)>, ReadError> {
        let mut tx = self.db.read().await?;
        let found = self.mailbox_of(&mut tx, reader).await?;
        let (mailbox, _) = found.ok_or(ReadError::LetterUnknown)?;
        let row = letters::get(&mut tx, mailbox.id, letter).await?;
        let row = row.filter(|l| l.sequence.is_some()).ok_or(ReadError::LetterUnknown)?;
        if row.hide_preview {
            reader.check_reach(&row)?;
        }
        let rows = evidence::of_letter(&mut tx, mailbox.id, letter).await?;
        drop(tx);
        let mut receipts = self.files(&row, rows, Party::Recipient);
        self.with_places(&mut receipts).await;
        Ok(receipts)
    }

    fn files(
        &self,
        letter: &LetterRow,
        rows: Vec<EvidenceRow>,
        party: Party,
    ) -> Vec<(EvidenceRow, ReceiptFile)> {
        let file = |row: EvidenceRow| {
            let file = self.receipt(letter, &row, party);
            (row, file)
        };
        rows.into_iter().map(file).collect()
    }

    /// The published key set (RFC 7517 §5), each key with the time between which it signed, and
    /// the key of the public log.
    pub async fn key_set(&self) -> Result<String, ReadError> {
        let mut tx = self.db.read().await?;
        let rows = keys::all(&mut tx).await?;
        let keys = rows.iter().map(published).collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(super::Trouble::from)?;
        let mut set = serde_json::json!({ "keys": keys });
        if let (Some(key), Some(set)) = (self.log_key(), set.as_object_mut()) {
            set.insert("siegel_log_keys".into(), serde_json::json!([key]));
        }
        Ok(set.to_string())
    }
}

fn published(row: &KeyRow) -> Result<serde_json::Value, serde_json::Error> {
    let mut jwk: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&row.jwk)?;
    jwk.insert("siegel_valid_from".into(), row.valid_from.to_rfc3339().into());
    if let Some(end) = row.valid_to {
        jwk.insert("siegel_valid_to".into(), end.to_rfc3339().into());
    }
    Ok(jwk.into())
}
