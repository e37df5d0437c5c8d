//! Writing the proof of a letter.

use std::sync::Arc;

use serde_json::json;
use siegel_crypto::{b64, sha256, sign_token};
use siegel_kernel::Timestamp;
use siegel_receipt::{PublishedKeys, ReceiptFile};
use siegel_receipt_pdf::{Known, Language};

use super::{proven, rendered, stem};
use crate::app::Trouble;
use crate::app::archive::{Archive, Broken};
use crate::app::evidence::{Notary, Party};
use crate::domain::LetterId;
use crate::domain::proof::{Facts, Item};
use crate::store::evidence::EvidenceRow;

/// `format` of the index.
pub const FORMAT: &str = "siegel-proof/1";
/// `typ` of the token that signs the index: never a receipt's.
pub const INDEX_TYP: &str = "siegel-proof+jwt";

/// Checks a whole package with Python's standard library, `PyJWT` and `cryptography`.
const VERIFY: &str = include_str!("verify.py");
const README: &str = include_str!("README.txt");

/// All that goes into the archive.
pub struct Package {
    pub letter: LetterId,
    pub party: Party,
    pub made_at: Timestamp,
    pub facts: Facts,
    pub receipts: Vec<(EvidenceRow, ReceiptFile)>,
    pub known: Known,
    pub key_set: String,
    /// Empty where there is no log.
    pub log_key: String,
    pub checkpoint: String,
    /// The mailbox's head after this letter; the recipient's only.
    pub head: Option<serde_json::Value>,
    pub language: Language,
    pub notary: Notary,
    pub origin: String,
}

impl Package {
    /// Writes the package as an archive of its own.
    pub async fn write(self, mut archive: Archive) -> Result<(), Broken> {
        self.write_into(&mut archive, "").await?;
        archive.finish(false).await
    }

    /// Writes the package into a folder of an archive; `folder` is empty or ends in `/`.
    pub async fn write_into(mut self, archive: &mut Archive, folder: &str) -> Result<(), Broken> {
        let first = archive.entries().len();
        let keys = PublishedKeys::from_json(&self.key_set);
        let keys = keys.map_err(|_| Trouble::Contradiction("the key set cannot be read"))?;
        let keys = Arc::new(keys);
        for (row, file) in &self.receipts {
            let (keys, known) = (keys.clone(), self.known.clone());
            let rendered = rendered(file.clone(), keys, known, self.language).await?;
            let path = format!("{folder}{}", stem(row));
            archive.file(&format!("{path}.json"), file.to_json().as_bytes()).await?;
            archive.file(&format!("{path}.pdf"), &rendered.pdf).await?;
            self.facts.entries.push(proven(row, &rendered.verified));
        }
        let items = self.facts.items();
        for item in &items {
            let path = format!("{folder}{}", item.stem());
            archive.file(&format!("{path}.json"), &pretty(&item.to_json())?).await?;
            archive.file(&format!("{path}.txt"), item.to_text().as_bytes()).await?;
        }
        let keys_file = format!("{folder}keys.json");
        archive.file(&keys_file, self.key_set.as_bytes()).await?;
        if !self.checkpoint.is_empty() {
            let path = format!("{folder}log/checkpoint.txt");
            archive.file(&path, self.checkpoint.as_bytes()).await?;
            archive.file(&format!("{folder}log/key.txt"), self.log_key.as_bytes()).await?;
        }
        if let Some(head) = &self.head {
            archive.file(&format!("{folder}mailbox-head.json"), &pretty(head)?).await?;
        }
        archive.file(&format!("{folder}verify.py"), VERIFY.as_bytes()).await?;
        archive.file(&format!("{folder}README.txt"), README.as_bytes()).await?;
        let index = self.index(archive, (folder, first), &items)?;
        archive.file(&format!("{folder}index.json"), &index).await?;
        let token = self.sign(&index)?;
        archive.file(&format!("{folder}index.jws"), token.as_bytes()).await
    }

    /// Names every other file with its digest.
    fn index(
        &self,
        archive: &Archive,
        (folder, first): (&str, usize),
        items: &[Item],
    ) -> Result<Vec<u8>, Trouble> {
        let files = archive.entries().iter().skip(first).map(|entry| {
            let path = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
            json!({ "path": path, "size_bytes": entry.size_bytes, "sha256": entry.sha256 })
        });
        let items = items.iter().map(|item| {
            json!({
                "item": item.number,
                "name": item.name,
                "title": item.title,
                "status": item.status(),
                "file": format!("{}.json", item.stem()),
            })
        });
        pretty(&json!({
            "format": FORMAT,
            "issuer": self.origin,
            "letter_id": self.letter,
            "made_for": match self.party { Party::Sender => "sender", Party::Recipient => "recipient" },
            "made_at": self.made_at.to_rfc3339(),
            "items": items.collect::<Vec<_>>(),
            "files": files.collect::<Vec<_>>(),
        }))
    }

    /// The service's signature over the index: what was handed out, and when.
    fn sign(&self, index: &[u8]) -> Result<String, Trouble> {
        let claims = json!({
            "iss": self.origin,
            "iat": self.made_at.as_seconds(),
            "sub": self.letter,
            "index_sha256": b64::encode(sha256(index)),
        });
        let key = self.notary.key_at(self.made_at)?;
        Ok(sign_token(key.signer.as_ref(), Some(INDEX_TYP), &claims)?)
    }
}

fn pretty(value: &serde_json::Value) -> Result<Vec<u8>, Trouble> {
    Ok(serde_json::to_vec_pretty(value)?)
}
