//! Looking again at what is stored when the scanner learned new signatures.

use std::time::Duration;

use siegel_crypto::DataKey;
use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};

use super::content::Whole;
use super::reader::letter_key;
use super::{Postbox, Trouble, vault};
use crate::domain::upload::Scan;
use crate::domain::{AttachmentId, LetterId, MailboxId};
use crate::ports::scanner::{ScannerError, Verdict};
use crate::store::attachments::{self, AttachmentRow};
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes;
use crate::store::replies::{self, ReplyAttachment};

/// How often the scanner is asked for its signatures.
const EVERY: Duration = Duration::from_mins(1);
/// Attachments looked at between two questions.
const BATCH: i64 = 50;
/// Kind of the event and, in the trail, of the line.
pub const BLOCKED: &str = "attachment_blocked";

/// Looking again did not work out.
#[derive(Debug, thiserror::Error)]
pub enum RescanError {
    #[error("the scanner failed")]
    Scanner(#[from] ScannerError),
    #[error("an attachment could not be looked at again")]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for RescanError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Whether waiting makes an attachment no more readable.
fn is_lost(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Objects(error) => error.is_missing(),
        Trouble::Store(_) => false,
        _ => true,
    }
}

impl Postbox {
    /// Looks again, for as long as the task is not dropped.
    pub async fn rescan_forever(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let looked = async {
                while self.rescan().await? > 0 {}
                Ok::<_, RescanError>(())
            };
            if let Err(error) = looked.await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "stored attachments could not be scanned again"
                );
            }
        }
    }

    /// Looks at attachments that these signatures have not seen; how many. One that can never be
    /// scanned (its object is gone, it is too long) is passed over until there are others.
    pub async fn rescan(&self) -> Result<usize, RescanError> {
        let Some(version) = self.scanner.ask_version().await? else { return Ok(0) };
        let letters = attachments::to_scan(&self.db, &version, BATCH).await?;
        let replies = replies::to_scan(&self.db, &version, BATCH).await?;
        let of_letters = letters.iter().map(File::OfLetter);
        let all: Vec<File<'_>> = of_letters.chain(replies.iter().map(File::OfReply)).collect();
        for file in &all {
            let Err(error) = self.look_again(file, &version).await else { continue };
            let passed_over = match &error {
                RescanError::Trouble(trouble) => is_lost(trouble),
                // A scanner that goes on answering does not take this one: it is too long for it.
                RescanError::Scanner(_) => self.scanner.ask_version().await.is_ok(),
            };
            if !passed_over {
                return Err(error);
            }
            tracing::warn!(
                attachment.id = %file.id(),
                error = &error as &dyn std::error::Error,
                "a stored attachment cannot be scanned"
            );
            self.scanned(file, (file.scan()?, &version)).await?;
        }
        Ok(all.len())
    }

    async fn look_again(&self, file: &File<'_>, version: &str) -> Result<(), RescanError> {
        let mut tx = self.db.read().await?;
        let (mailbox, letter) = file.place();
        let letter = letters::get(&mut tx, mailbox, letter).await?;
        let mailbox = mailboxes::by_id(&mut tx, mailbox).await?;
        let (Some(letter), Some(mailbox)) = (letter, mailbox) else {
            return Err(Trouble::Contradiction("an attachment's letter is gone").into());
        };
        let Some(mut scan) = self.scanner.begin(file.tenant(&letter)) else {
            drop(tx);
            return self.scanned(file, (Scan::NotScanned, version)).await;
        };
        let mailbox_key = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        let key = self.file_key(&mut tx, file, (&mailbox_key, &letter)).await?;
        let whole = file.whole(&key);
        let mut plain = self.plain(&mut tx, &whole, (0, u64::MAX)).await?;
        drop(tx);
        while let Some(bytes) = plain.next().await? {
            scan.push(bytes).await?;
        }
        match scan.verdict().await? {
            Verdict::Clean => self.scanned(file, (Scan::Scanned, version)).await,
            Verdict::Infected => self.block(file, version).await,
        }
    }

    async fn file_key(
        &self,
        tx: &mut Tx,
        file: &File<'_>,
        (mailbox_key, letter): (&DataKey, &LetterRow),
    ) -> Result<DataKey, Trouble> {
        let (owner, wrapped) = match file {
            File::OfLetter(file) => (letter_key(mailbox_key, letter)?, &file.wrapped_key),
            File::OfReply(file) => {
                let reply = replies::get(tx, file_place(file), file.reply_id).await?;
                let reply = reply.ok_or(Trouble::Contradiction("an attachment's reply is gone"))?;
                let mailbox = (file.mailbox_id, mailbox_key);
                let key = vault::reply_key(mailbox, reply.id, &reply.wrapped_key)?;
                (key, &file.wrapped_key)
            }
        };
        vault::attachment_key(&owner, file.id(), wrapped)
    }

    async fn scanned(&self, file: &File<'_>, found: (Scan, &str)) -> Result<(), RescanError> {
        let mut tx = self.db.begin().await?;
        file.set_scan(&mut tx, found).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps an attachment from being handed out ever again, and tells the letter's sender.
    async fn block(&self, file: &File<'_>, version: &str) -> Result<(), RescanError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let (mailbox, letter) = file.place();
        let letter = letters::lock(&mut tx, mailbox, letter).await?;
        let Some(letter) = letter else { return Ok(()) };
        if !file.set_scan(&mut tx, (Scan::Blocked, version)).await? {
            return Ok(());
        }
        self.tell_sender(&mut tx, &letter, BLOCKED, now.legal).await?;
        let entry = Entry {
            kind: "postbox.attachment.blocked",
            actor: "service:postbox",
            subject: &letter.id.to_string(),
            level: None,
            outcome: "ATTACHMENT_INFECTED",
            request_id: "",
            detail: &file.id().to_string(),
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}

/// A stored attachment.
enum File<'a> {
    OfLetter(&'a AttachmentRow),
    OfReply(&'a ReplyAttachment),
}

const fn file_place(file: &ReplyAttachment) -> (MailboxId, LetterId) {
    (file.mailbox_id, file.letter_id)
}

impl File<'_> {
    const fn id(&self) -> AttachmentId {
        match self {
            Self::OfLetter(file) => file.id,
            Self::OfReply(file) => file.id,
        }
    }

    /// The letter that it belongs to, or answers.
    const fn place(&self) -> (MailboxId, LetterId) {
        match self {
            Self::OfLetter(file) => (file.mailbox_id, file.letter_id),
            Self::OfReply(file) => file_place(file),
        }
    }

    /// Whose setting decides about the scan: nobody's for what persons send.
    fn tenant<'a>(&self, letter: &'a LetterRow) -> &'a str {
        match self {
            Self::OfLetter(_) => &letter.tenant,
            Self::OfReply(_) => "",
        }
    }

    fn scan(&self) -> Result<Scan, StoreError> {
        match self {
            Self::OfLetter(file) => file.scan(),
            Self::OfReply(file) => file.scan(),
        }
    }

    fn whole<'a>(&'a self, key: &'a DataKey) -> Whole<'a> {
        let (object_key, size) = match self {
            Self::OfLetter(file) => (&file.object_key, file.size_bytes),
            Self::OfReply(file) => (&file.object_key, file.size_bytes),
        };
        Whole { id: self.id(), key, object_key, size: u64::try_from(size).unwrap_or_default() }
    }

    async fn set_scan(&self, tx: &mut Tx, found: (Scan, &str)) -> Result<bool, StoreError> {
        match self {
            Self::OfLetter(file) => attachments::set_scan(tx, file, found).await,
            Self::OfReply(file) => replies::set_scan(tx, file, found).await,
        }
    }
}
