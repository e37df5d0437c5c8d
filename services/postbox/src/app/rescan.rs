//! Looking again at what is stored when the scanner learned new signatures.

use std::time::Duration;

use siegel_db::StoreError;
use siegel_db::audit::{self, Entry};

use super::content::Whole;
use super::reader::letter_key;
use super::{Postbox, Trouble, vault};
use crate::domain::upload::Scan;
use crate::ports::scanner::{ScannerError, Verdict};
use crate::store::attachments::{self, AttachmentRow};
use crate::store::letters;
use crate::store::mailboxes;

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
        let due = attachments::to_scan(&self.db, &version, BATCH).await?;
        for one in &due {
            let Err(error) = self.look_again(one, &version).await else { continue };
            let passed_over = match &error {
                RescanError::Trouble(trouble) => is_lost(trouble),
                // A scanner that goes on answering does not take this one: it is too long for it.
                RescanError::Scanner(_) => self.scanner.ask_version().await.is_ok(),
            };
            if !passed_over {
                return Err(error);
            }
            tracing::warn!(
                attachment.id = %one.id,
                error = &error as &dyn std::error::Error,
                "a stored attachment cannot be scanned"
            );
            self.scanned(one, (one.scan()?, &version)).await?;
        }
        Ok(due.len())
    }

    async fn look_again(&self, file: &AttachmentRow, version: &str) -> Result<(), RescanError> {
        let mut tx = self.db.read().await?;
        let letter = letters::get(&mut tx, file.mailbox_id, file.letter_id).await?;
        let mailbox = mailboxes::by_id(&mut tx, file.mailbox_id).await?;
        let (Some(letter), Some(mailbox)) = (letter, mailbox) else {
            return Err(Trouble::Contradiction("an attachment's letter is gone").into());
        };
        let Some(mut scan) = self.scanner.begin(&letter.tenant) else {
            drop(tx);
            return self.scanned(file, (Scan::NotScanned, version)).await;
        };
        let mailbox_key = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        let key = letter_key(&mailbox_key, &letter)?;
        let key = vault::attachment_key(&key, file.id, &file.wrapped_key)?;
        let size = u64::try_from(file.size_bytes).unwrap_or_default();
        let whole = Whole { id: file.id, key: &key, object_key: &file.object_key, size };
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

    async fn scanned(
        &self,
        file: &AttachmentRow,
        (scan, version): (Scan, &str),
    ) -> Result<(), RescanError> {
        let mut tx = self.db.begin().await?;
        attachments::set_scan(&mut tx, file, (scan, version)).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps an attachment from being handed out ever again, and tells its sender.
    async fn block(&self, file: &AttachmentRow, version: &str) -> Result<(), RescanError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let letter = letters::lock(&mut tx, file.mailbox_id, file.letter_id).await?;
        let Some(letter) = letter else { return Ok(()) };
        if !attachments::set_scan(&mut tx, file, (Scan::Blocked, version)).await? {
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
            detail: &file.id.to_string(),
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}
