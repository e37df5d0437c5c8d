//! Keys: one per letter and attachment, wrapped by the mailbox's, wrapped by the key-encryption
//! key. Every wrapped or sealed thing names what it is, so that nothing opens in another's place.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siegel_crypto::{DataKey, hkdf_sha256, open, seal, unwrap_key, wrap_key};
use siegel_kernel::Entropy;

use super::Trouble;
use super::submit::SenderClient;
use crate::domain::canon::Content;
use crate::domain::reply::ReplyContent;
use crate::domain::{AttachmentId, LetterId, MailboxId, ReplyId, WebhookId};

/// Wraps and opens keys.
#[derive(Clone)]
pub struct Vault {
    key_encryption_key: DataKey,
    entropy: Arc<dyn Entropy>,
}

/// What lists show of a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub subject: String,
    pub sender_reference: String,
    pub case_id: String,
}

/// What an update of a case says to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseWords {
    pub case_id: String,
    pub note: String,
}

impl Vault {
    pub fn new(key_encryption_key: DataKey, entropy: Arc<dyn Entropy>) -> Self {
        Self { key_encryption_key, entropy }
    }

    /// A fresh key for a mailbox, wrapped.
    pub fn new_mailbox_key(&self, mailbox: MailboxId) -> Result<Vec<u8>, Trouble> {
        let key = DataKey::generate(self.entropy.as_ref())?;
        let context = mailbox_context(mailbox);
        Ok(wrap_key(&self.key_encryption_key, &context, &key, self.entropy.as_ref())?)
    }

    pub fn mailbox_key(&self, mailbox: MailboxId, wrapped: &[u8]) -> Result<DataKey, Trouble> {
        Ok(unwrap_key(&self.key_encryption_key, &mailbox_context(mailbox), wrapped)?)
    }

    pub fn new_key(&self) -> Result<DataKey, Trouble> {
        Ok(DataKey::generate(self.entropy.as_ref())?)
    }

    /// Wraps a letter's key under its mailbox's.
    pub fn wrap_letter_key(
        &self,
        mailbox: (MailboxId, &DataKey),
        letter: LetterId,
        key: &DataKey,
    ) -> Result<Vec<u8>, Trouble> {
        let context = letter_context("key", mailbox.0, letter);
        Ok(wrap_key(mailbox.1, &context, key, self.entropy.as_ref())?)
    }

    pub fn seal_head(
        &self,
        key: &DataKey,
        mailbox: MailboxId,
        letter: LetterId,
        head: &Head,
    ) -> Result<Vec<u8>, Trouble> {
        let context = letter_context("head", mailbox, letter);
        Ok(seal(key, &context, &serde_json::to_vec(head)?, self.entropy.as_ref())?)
    }

    /// Seals the canonical bytes of a letter.
    pub fn seal_content(
        &self,
        key: &DataKey,
        mailbox: MailboxId,
        letter: LetterId,
        canonical: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        let context = letter_context("content", mailbox, letter);
        Ok(seal(key, &context, canonical, self.entropy.as_ref())?)
    }

    /// Seals the words a recipient put on a letter.
    pub fn seal_labels(
        &self,
        key: &DataKey,
        mailbox: MailboxId,
        letter: LetterId,
        labels: &[String],
    ) -> Result<Vec<u8>, Trouble> {
        let context = letter_context("labels", mailbox, letter);
        Ok(seal(key, &context, &serde_json::to_vec(labels)?, self.entropy.as_ref())?)
    }

    pub fn seal_case(
        &self,
        mailbox_key: &DataKey,
        mailbox: MailboxId,
        number: i64,
        words: &CaseWords,
    ) -> Result<Vec<u8>, Trouble> {
        let plain = serde_json::to_vec(words)?;
        Ok(seal(mailbox_key, &case_context(mailbox, number), &plain, self.entropy.as_ref())?)
    }

    /// Seals who looked at something, bound to what.
    pub fn seal_access(
        &self,
        mailbox_key: &DataKey,
        mailbox: MailboxId,
        letter: Option<LetterId>,
        visitor: &impl Serialize,
    ) -> Result<Vec<u8>, Trouble> {
        let plain = serde_json::to_vec(visitor)?;
        Ok(seal(mailbox_key, &access_context(mailbox, letter), &plain, self.entropy.as_ref())?)
    }

    /// What finds the letters of a case in their sender's book: across mailboxes, so under a key
    /// of the sender's. `None` without a case.
    pub fn sent_case_tag(&self, who: &SenderClient, case_id: &str) -> Option<Vec<u8>> {
        let salt = siegel_crypto::sha256_fields(&[who.tenant.as_bytes(), who.client_id.as_bytes()]);
        let info = b"siegel postbox sent case index";
        let key = siegel_crypto::hkdf_sha256(self.key_encryption_key.as_bytes(), &salt, info);
        (!case_id.is_empty()).then(|| siegel_crypto::hmac_sha256(&key, case_id.as_bytes()).to_vec())
    }

    pub fn wrap_reply_key(
        &self,
        mailbox: (MailboxId, &DataKey),
        reply: ReplyId,
        key: &DataKey,
    ) -> Result<Vec<u8>, Trouble> {
        let context = reply_context("key", mailbox.0, reply);
        Ok(wrap_key(mailbox.1, &context, key, self.entropy.as_ref())?)
    }

    /// Seals the canonical bytes of a reply.
    pub fn seal_reply(
        &self,
        key: &DataKey,
        mailbox: MailboxId,
        reply: ReplyId,
        canonical: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        let context = reply_context("content", mailbox, reply);
        Ok(seal(key, &context, canonical, self.entropy.as_ref())?)
    }

    pub fn wrap_attachment_key(
        &self,
        letter_key: &DataKey,
        attachment: AttachmentId,
        key: &DataKey,
    ) -> Result<Vec<u8>, Trouble> {
        let context = attachment_context("key", attachment);
        Ok(wrap_key(letter_key, &context, key, self.entropy.as_ref())?)
    }

    /// Seals the address of a webhook: it may hold a secret.
    pub fn seal_url(&self, webhook: WebhookId, url: &str) -> Result<Vec<u8>, Trouble> {
        let context = webhook_context(webhook);
        Ok(seal(&self.webhook_key(), &context, url.as_bytes(), self.entropy.as_ref())?)
    }

    pub fn open_url(&self, webhook: WebhookId, sealed: &[u8]) -> Result<String, Trouble> {
        let plain = open(&self.webhook_key(), &webhook_context(webhook), sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Trouble::Contradiction("url"))?;
        Ok(text.to_owned())
    }

    fn webhook_key(&self) -> DataKey {
        let info = b"siegel postbox webhook addresses";
        DataKey::from_bytes(hkdf_sha256(self.key_encryption_key.as_bytes(), b"", info))
    }

    pub fn entropy(&self) -> &dyn Entropy {
        self.entropy.as_ref()
    }
}

pub fn letter_key(
    mailbox: (MailboxId, &DataKey),
    letter: LetterId,
    wrapped: &[u8],
) -> Result<DataKey, Trouble> {
    Ok(unwrap_key(mailbox.1, &letter_context("key", mailbox.0, letter), wrapped)?)
}

pub fn open_head(
    key: &DataKey,
    mailbox: MailboxId,
    letter: LetterId,
    sealed: &[u8],
) -> Result<Head, Trouble> {
    let plain = open(key, &letter_context("head", mailbox, letter), sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}

pub fn open_labels(
    key: &DataKey,
    mailbox: MailboxId,
    letter: LetterId,
    sealed: &[u8],
) -> Result<Vec<String>, Trouble> {
    let plain = open(key, &letter_context("labels", mailbox, letter), sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}

/// The content and its canonical text.
pub fn open_content(
    key: &DataKey,
    mailbox: MailboxId,
    letter: LetterId,
    sealed: &[u8],
) -> Result<(Content, String), Trouble> {
    let plain = open(key, &letter_context("content", mailbox, letter), sealed)?;
    let text = std::str::from_utf8(&plain).map_err(|_| Trouble::Contradiction("content"))?;
    Ok((serde_json::from_str(text)?, text.to_owned()))
}

pub fn attachment_key(
    letter_key: &DataKey,
    attachment: AttachmentId,
    wrapped: &[u8],
) -> Result<DataKey, Trouble> {
    Ok(unwrap_key(letter_key, &attachment_context("key", attachment), wrapped)?)
}

pub fn reply_key(
    mailbox: (MailboxId, &DataKey),
    reply: ReplyId,
    wrapped: &[u8],
) -> Result<DataKey, Trouble> {
    Ok(unwrap_key(mailbox.1, &reply_context("key", mailbox.0, reply), wrapped)?)
}

/// As [`open_content`], for a reply.
pub fn open_reply(
    key: &DataKey,
    mailbox: MailboxId,
    reply: ReplyId,
    sealed: &[u8],
) -> Result<(ReplyContent, String), Trouble> {
    let plain = open(key, &reply_context("content", mailbox, reply), sealed)?;
    let text = std::str::from_utf8(&plain).map_err(|_| Trouble::Contradiction("reply"))?;
    Ok((serde_json::from_str(text)?, text.to_owned()))
}

fn reply_context(what: &str, mailbox: MailboxId, reply: ReplyId) -> Vec<u8> {
    format!("siegel postbox reply {what} {mailbox} {reply}").into_bytes()
}

fn mailbox_context(mailbox: MailboxId) -> Vec<u8> {
    format!("siegel postbox mailbox key {mailbox}").into_bytes()
}

fn webhook_context(webhook: WebhookId) -> Vec<u8> {
    format!("siegel postbox webhook {webhook}").into_bytes()
}

fn letter_context(what: &str, mailbox: MailboxId, letter: LetterId) -> Vec<u8> {
    format!("siegel postbox letter {what} {mailbox} {letter}").into_bytes()
}

/// Opens what [`Vault::seal_access`] sealed.
pub fn open_access<T: serde::de::DeserializeOwned>(
    mailbox_key: &DataKey,
    mailbox: MailboxId,
    letter: Option<LetterId>,
    sealed: &[u8],
) -> Result<T, Trouble> {
    let plain = open(mailbox_key, &access_context(mailbox, letter), sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}

fn access_context(mailbox: MailboxId, letter: Option<LetterId>) -> Vec<u8> {
    let letter = letter.map(|letter| letter.to_string()).unwrap_or_default();
    format!("siegel postbox access {mailbox} {letter}").into_bytes()
}

/// What the sealed bytes of an attachment are bound to.
pub fn attachment_context(what: &str, attachment: AttachmentId) -> Vec<u8> {
    format!("siegel postbox attachment {what} {attachment}").into_bytes()
}

pub fn open_case(
    mailbox_key: &DataKey,
    mailbox: MailboxId,
    number: i64,
    sealed: &[u8],
) -> Result<CaseWords, Trouble> {
    let plain = open(mailbox_key, &case_context(mailbox, number), sealed)?;
    Ok(serde_json::from_slice(&plain)?)
}

fn case_context(mailbox: MailboxId, number: i64) -> Vec<u8> {
    format!("siegel postbox case update {mailbox} {number}").into_bytes()
}

/// As [`label_tag`], for the id of a case.
pub fn case_tag(mailbox_key: &DataKey, case_id: &str) -> Vec<u8> {
    let info = b"siegel postbox case index";
    let key = siegel_crypto::hkdf_sha256(mailbox_key.as_bytes(), b"", info);
    siegel_crypto::hmac_sha256(&key, case_id.as_bytes()).to_vec()
}

/// What finds a label in the index: the same for the same label of this mailbox, and nothing
/// without the mailbox's key.
pub fn label_tag(mailbox_key: &DataKey, label: &str) -> Vec<u8> {
    let info = b"siegel postbox label index";
    let key = siegel_crypto::hkdf_sha256(mailbox_key.as_bytes(), b"", info);
    siegel_crypto::hmac_sha256(&key, label.as_bytes()).to_vec()
}

/// What a person or organisation is called in receipts of one sector: the same each time there,
/// unlike what other sectors see, and nobody's once the mailbox key is gone.
pub fn pseudonym(mailbox_key: &DataKey, sector: &str, prefix: &str, who: &str) -> String {
    let key = siegel_crypto::hkdf_sha256(
        mailbox_key.as_bytes(),
        sector.as_bytes(),
        b"siegel postbox receipt pseudonym",
    );
    let tag = siegel_crypto::hmac_sha256(&key, who.as_bytes());
    format!("{prefix}_{}", siegel_crypto::b64::encode(tag.get(..16).unwrap_or(&tag)))
}

impl Vault {
    /// Wraps the key of an upload that no letter took yet.
    pub fn wrap_upload_key(
        &self,
        attachment: AttachmentId,
        key: &DataKey,
    ) -> Result<Vec<u8>, Trouble> {
        let context = attachment_context("upload key", attachment);
        Ok(wrap_key(&self.key_encryption_key, &context, key, self.entropy.as_ref())?)
    }

    pub fn upload_key(&self, attachment: AttachmentId, wrapped: &[u8]) -> Result<DataKey, Trouble> {
        let context = attachment_context("upload key", attachment);
        Ok(unwrap_key(&self.key_encryption_key, &context, wrapped)?)
    }

    /// Wraps the key of one part of an attachment under the attachment's.
    pub fn wrap_part_key(
        &self,
        (attachment, attachment_key): (AttachmentId, &DataKey),
        number: i64,
        key: &DataKey,
    ) -> Result<Vec<u8>, Trouble> {
        let context = part_context("key", attachment, number);
        Ok(wrap_key(attachment_key, &context, key, self.entropy.as_ref())?)
    }

    /// Seals what a sender declared about an upload.
    pub fn seal_declaration(
        &self,
        (attachment, key): (AttachmentId, &DataKey),
        plain: &[u8],
    ) -> Result<Vec<u8>, Trouble> {
        let context = attachment_context("declaration", attachment);
        Ok(seal(key, &context, plain, self.entropy.as_ref())?)
    }
}

pub fn open_declaration(
    (attachment, key): (AttachmentId, &DataKey),
    sealed: &[u8],
) -> Result<Vec<u8>, Trouble> {
    Ok(open(key, &attachment_context("declaration", attachment), sealed)?.to_vec())
}

pub fn part_key(
    (attachment, attachment_key): (AttachmentId, &DataKey),
    number: i64,
    wrapped: &[u8],
) -> Result<DataKey, Trouble> {
    Ok(unwrap_key(attachment_key, &part_context("key", attachment, number), wrapped)?)
}

/// What the sealed bytes of one part are bound to: its attachment and its place.
pub fn part_context(what: &str, attachment: AttachmentId, number: i64) -> Vec<u8> {
    format!("siegel postbox attachment part {what} {attachment} {number}").into_bytes()
}
