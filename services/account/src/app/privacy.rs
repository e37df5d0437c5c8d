//! What a person sees of consents, disclosures and staff.

use serde_json::{Value, json};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

use super::consents::receipt_name;
use super::vault::AccountKey;
use super::{App, Failure, export, kinds};
use crate::domain::Names;
use crate::domain::receipt::{self, About, Page, Receipt};
use crate::store::accounts;
use crate::store::consents::{self, ConsentId, Past};
use crate::store::disclosures::{self, Disclosure};
use crate::store::documents::DocumentId;

/// How many lines one piece of an export holds.
const PIECE: i64 = 200;

/// Where a list of consents goes on.
type Place = (Timestamp, ConsentId);

/// A receipt with the consent it is of.
#[derive(Clone, Debug)]
pub struct Receipted {
    pub past: Past,
    pub receipt: Receipt,
    /// The same as a document to keep.
    pub document: Vec<u8>,
}

/// A line of the disclosure log as its person reads it.
#[derive(Clone, Debug)]
pub struct Told {
    pub line: Disclosure,
    /// Name of the document that was handed out; empty for attributes.
    pub document_name: String,
}

impl App {
    /// Up to `limit` consents, standing and ended, newest first.
    pub async fn past_consents(
        &self,
        account: AccountId,
        before: (Timestamp, ConsentId),
        limit: i64,
    ) -> Result<Vec<Past>, Failure> {
        let mut tx = self.db.read().await?;
        accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        Ok(consents::past(&mut tx, account, before, limit).await?)
    }

    /// The receipt of a consent that the account gave.
    pub async fn consent_receipt(
        &self,
        account: AccountId,
        id: ConsentId,
    ) -> Result<Receipted, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let past = consents::find(&mut tx, account, id).await?.ok_or(Failure::UnknownConsent)?;
        let receipt = read_receipt(&self.vault.key_of(&row)?, &past)?;
        let receipt = receipt.ok_or(Failure::NoReceipt)?;
        let document = document_of(&past, &receipt);
        let document = serde_json::to_vec_pretty(&document).map_err(|_| Failure::StoredAnswer)?;
        Ok(Receipted { past, receipt, document })
    }

    /// Up to `limit` lines of the disclosure log older than `before`, newest first.
    pub async fn disclosures(
        &self,
        account: AccountId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Told>, Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let lines = disclosures::before(&mut tx, account, before, limit).await?;
        lines.into_iter().map(|line| told(&key, line)).collect()
    }

    /// On record that the export begins.
    pub async fn begin_export(
        &self,
        account: AccountId,
        level: Option<TrustLevel>,
    ) -> Result<(), Failure> {
        let mut tx = self.db.begin().await?;
        accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let what = (kinds::DISCLOSURES_EXPORTED, account, level);
        export::taken(&mut tx, what, &audit_name(account), self.clock.now()).await?;
        tx.commit().await?;
        self.committed();
        Ok(())
    }

    /// Consents, disclosures and staff accesses as one JSON document, piece by piece: `None` when
    /// the last piece was given out. Every list is written whole, newest first.
    pub async fn export_piece(
        &self,
        account: AccountId,
        at: &mut Export,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let piece = match at {
            Export::Begin => {
                let head = json!({
                    "format": "siegel-disclosures/1",
                    "account_id": account.to_string(),
                    "exported_at": self.clock.now().to_rfc3339(),
                });
                let newest =
                    (Timestamp::from_micros(i64::MAX), ConsentId::from_uuid(uuid::Uuid::max()));
                *at = Export::Consents(List::new(newest));
                // The lists follow within the same object.
                let head = head.to_string();
                format!("{},\n\"consents\":[", head.trim_end_matches('}'))
            }
            Export::Consents(list) => {
                let (lines, next) = self.consent_lines(account, list.before).await?;
                let text = list.write(&lines, next);
                if next.is_none() {
                    *at = Export::Disclosures(List::new(i64::MAX));
                    return Ok(Some(format!("{text}],\n\"disclosures\":[").into_bytes()));
                }
                text
            }
            Export::Disclosures(list) => {
                let told = self.disclosures(account, list.before, PIECE).await?;
                let next = full(told.len()).then(|| told.last().map(|t| t.line.id)).flatten();
                let lines: Vec<Value> = told.iter().map(disclosure_line).collect();
                let text = list.write(&lines, next);
                if next.is_none() {
                    *at = Export::Staff(List::new(i64::MAX));
                    return Ok(Some(format!("{text}],\n\"staff_accesses\":[").into_bytes()));
                }
                text
            }
            Export::Staff(list) => {
                let looks = self.staff_accesses(account, list.before, PIECE).await?;
                let next = full(looks.len()).then(|| looks.last().map(|l| l.id)).flatten();
                let lines: Vec<Value> = looks
                    .iter()
                    .map(|l| {
                        json!({"at": l.at.to_rfc3339(), "staff": l.staff, "what": l.what,
                            "reason": l.reason.reason, "reference": l.reason.reference})
                    })
                    .collect();
                let text = list.write(&lines, next);
                if next.is_none() {
                    *at = Export::End;
                    return Ok(Some(format!("{text}]}}\n").into_bytes()));
                }
                text
            }
            Export::End => return Ok(None),
        };
        Ok(Some(piece.into_bytes()))
    }

    async fn consent_lines(
        &self,
        account: AccountId,
        before: (Timestamp, ConsentId),
    ) -> Result<(Vec<Value>, Option<Place>), Failure> {
        let mut tx = self.db.read().await?;
        let row = accounts::find(&mut tx, account).await?.ok_or(Failure::UnknownAccount)?;
        let key = self.vault.key_of(&row)?;
        let past = consents::past(&mut tx, account, before, PIECE).await?;
        let last = past.last().map(|p| (p.consent.given_at, p.consent.id));
        let next = full(past.len()).then_some(last).flatten();
        let line = |past: &Past| {
            let receipt = read_receipt(&key, past)?;
            // Of one without a receipt the names are known, and nothing of its page.
            let receipt = receipt.unwrap_or_else(|| {
                let asked = &past.consent.asked;
                receipt::write(&Page::default(), asked, &Names::default(), &[])
            });
            Ok(document_of(past, &receipt))
        };
        Ok((past.iter().map(line).collect::<Result<_, Failure>>()?, next))
    }
}

/// How far an export is.
#[derive(Debug)]
pub enum Export {
    Begin,
    Consents(List<(Timestamp, ConsentId)>),
    Disclosures(List<i64>),
    Staff(List<i64>),
    End,
}

/// A JSON list that is being written.
#[derive(Debug)]
pub struct List<T> {
    before: T,
    begun: bool,
}

impl<T: Copy> List<T> {
    const fn new(before: T) -> Self {
        Self { before, begun: false }
    }

    /// The text of further lines; `next` is where those after them begin.
    fn write(&mut self, lines: &[Value], next: Option<T>) -> String {
        let mut text = String::new();
        for line in lines {
            text.push_str(if std::mem::replace(&mut self.begun, true) { ",\n" } else { "\n" });
            text.push_str(&line.to_string());
        }
        if let Some(next) = next {
            self.before = next;
        }
        text
    }
}

fn full(lines: usize) -> bool {
    i64::try_from(lines).unwrap_or(i64::MAX) >= PIECE
}

pub(super) fn read_receipt(key: &AccountKey, past: &Past) -> Result<Option<Receipt>, Failure> {
    let Some(sealed) = &past.receipt else { return Ok(None) };
    let plain = key.open_text(&receipt_name(past.consent.id), sealed)?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| Failure::StoredAnswer)
}

pub(super) fn document_of(past: &Past, receipt: &Receipt) -> Value {
    let id = past.consent.id.to_string();
    let about = About {
        consent: &id,
        asked: &past.consent.asked,
        given_at: past.consent.given_at,
        ended_at: past.ended_at,
        ended_by: past.ended_by.as_deref(),
    };
    receipt::document(receipt, &about)
}

fn disclosure_line(told: &Told) -> Value {
    let Told { line, document_name } = told;
    let document = line.document.as_ref();
    json!({
        "at": line.at.to_rfc3339(),
        "client_id": line.to.client_id,
        "client_name": line.to.client_name,
        "attributes": line.to.attributes.to_list(),
        "document": document.map(|d| json!({"id": d.id.to_string(), "name": document_name})),
        "purpose": line.to.purpose,
        "level": TrustLevel::as_str(line.level),
    })
}

/// What the name of a document that was handed out is sealed as.
pub(super) fn handed_name(id: DocumentId) -> String {
    format!("disclosed document/{id}")
}

/// The name that a document had when it was handed out.
pub(super) fn handed(key: &AccountKey, id: DocumentId, sealed: &[u8]) -> Result<String, Failure> {
    let plain = key.open_text(&handed_name(id), sealed)?;
    String::from_utf8(plain).map_err(|_| Failure::StoredAnswer)
}

fn told(key: &AccountKey, line: Disclosure) -> Result<Told, Failure> {
    let document_name = match &line.document {
        None => String::new(),
        Some(document) => handed(key, document.id, &document.name)?,
    };
    Ok(Told { line, document_name })
}
