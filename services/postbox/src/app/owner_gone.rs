//! The end of an account's mailbox: closed, its letters ended with evidence for their senders, their
//! content and all keys destroyed. What proves deliveries stays; nothing says any more whose they
//! were.

use std::time::Duration;

use siegel_db::Tx;
use siegel_db::audit::{self, Entry};
use siegel_grpc::{Progress, audit_name};
use siegel_kernel::AccountId;
use siegel_kernel::berlin::LegalDay;

use super::handles::HandleError;
use super::{Postbox, Trouble};
use crate::domain::owner_gone::OpenMatters;
use crate::domain::retention::Cause;
use crate::domain::{LetterId, MailboxId};
use crate::store::mailboxes::{self, Mailbox, Owner};
use crate::store::{letters, owner_gone, retention};

/// Letters taken at a time.
const BATCH: i64 = 100;
/// Deliveries that began before the mailbox was closed are over after this long.
const UNDER_WAY: Duration = Duration::from_secs(10);
/// Who closes it.
const SAGA: &str = "service:identity";

impl Postbox {
    /// Takes the mailbox of a deleted account as far towards its end as it can be taken now. Every
    /// letter is a transaction of its own: stopped anywhere, the next call does the rest.
    #[tracing::instrument(name = "postbox.owner_gone", skip_all)]
    pub async fn owner_gone(&self, account: AccountId) -> Result<Progress, Trouble> {
        let (owner, name) = (Owner::Account(account), audit_name(account));
        let mut tx = self.db.begin().await?;
        // From here on no mailbox opens for it.
        owner_gone::mark(&mut tx, &name, self.now().recorded).await?;
        let found = owner_gone::mailbox(&mut tx, owner).await?;
        tx.commit().await?;
        self.end_uploads_of(&format!("person:{name}")).await?;
        let Some((mailbox, closed_at)) = found else { return Ok(Progress::Done) };
        let Some(closed_at) = closed_at else {
            self.close_mailbox(SAGA, "", owner).await.map_err(|error| match error {
                HandleError::Trouble(trouble) => trouble,
                HandleError::Closed => Trouble::Contradiction("closed while it was closed"),
            })?;
            self.end_letters(mailbox.id).await?;
            return Ok(Progress::Waits("DELIVERIES_UNDER_WAY"));
        };
        self.end_letters(mailbox.id).await?;
        if closed_at.plus(UNDER_WAY) > self.now().recorded {
            return Ok(Progress::Waits("DELIVERIES_UNDER_WAY"));
        }
        let held = self.destroy_letters(mailbox.id).await?;
        let mut tx = self.db.read().await?;
        let staged = owner_gone::staged(&mut tx, mailbox.id).await?;
        drop(tx);
        if held {
            return Ok(Progress::Waits("LEGAL_HOLD"));
        }
        if staged > 0 {
            // Until the sender commits or cancels its batch, or the batch expires.
            return Ok(Progress::Waits("BATCH_OPEN"));
        }
        if !self.delete_objects(mailbox.id).await? {
            return Ok(Progress::Waits("OBJECTS_LEFT"));
        }
        self.wipe(&mailbox, account).await?;
        Ok(Progress::Done)
    }

    /// Gives every letter without an end one, as the sweeper would.
    async fn end_letters(&self, mailbox: MailboxId) -> Result<(), Trouble> {
        let mut before = Vec::new();
        loop {
            let mut tx = self.db.begin().await?;
            letters::all_due(&mut tx, mailbox, self.now().legal).await?;
            let waiting = owner_gone::without_end(&mut tx, mailbox, BATCH).await?;
            tx.commit().await?;
            if waiting.is_empty() {
                return Ok(());
            }
            if waiting == before {
                return Err(Trouble::Contradiction("a letter of a closed mailbox does not end"));
            }
            for letter in &waiting {
                self.step(mailbox, *letter).await?;
            }
            before = waiting;
        }
    }

    /// Destroys what can be read; whether an order to keep something stands against it.
    async fn destroy_letters(&self, mailbox: MailboxId) -> Result<bool, Trouble> {
        let (mut after, mut held) = (None, false);
        loop {
            let mut tx = self.db.read().await?;
            let found = owner_gone::readable(&mut tx, mailbox, after, BATCH).await?;
            drop(tx);
            let Some(last) = found.last().copied() else { return Ok(held) };
            for letter in found {
                held |= !self.destroy_letter(mailbox, letter).await?;
            }
            after = Some(last);
        }
    }

    /// `false`: it has to be kept.
    async fn destroy_letter(&self, mailbox: MailboxId, id: LetterId) -> Result<bool, Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let Some(mut row) = letters::lock(&mut tx, mailbox, id).await? else { return Ok(true) };
        mailboxes::hold(&mut tx, mailbox).await?;
        if self.is_held(&mut tx, &row).await? {
            return Ok(false);
        }
        if row.is_purged() {
            retention::destroy_replies(&mut tx, &row).await?;
        } else {
            self.purge(&mut tx, &mut row, (Cause::OwnerGone, now)).await?;
        }
        tx.commit().await?;
        self.feed.committed();
        Ok(true)
    }

    /// Removes the objects without a key; `false` while some are left.
    async fn delete_objects(&self, mailbox: MailboxId) -> Result<bool, Trouble> {
        loop {
            let swept = self.sweep_objects().await?;
            let mut tx = self.db.read().await?;
            let left = owner_gone::doomed(&mut tx, mailbox).await?;
            if left == 0 || swept == 0 {
                return Ok(left == 0);
            }
        }
    }

    async fn end_uploads_of(&self, owner: &str) -> Result<(), Trouble> {
        let mut tx = self.db.read().await?;
        let uploads = owner_gone::uploads(&mut tx, owner).await?;
        drop(tx);
        for upload in uploads {
            self.end_upload(upload).await?;
        }
        Ok(())
    }

    async fn wipe(&self, mailbox: &Mailbox, account: AccountId) -> Result<(), Trouble> {
        let name = audit_name(account);
        let new_key = self.vault.new_mailbox_key(mailbox.id)?;
        let mut tx = self.db.begin().await?;
        owner_gone::wipe(&mut tx, mailbox.id, (&new_key, &format!("person:{name}"))).await?;
        let entry = Entry {
            kind: "postbox.mailbox.deleted",
            actor: SAGA,
            subject: &name,
            level: None,
            outcome: "done",
            request_id: "",
            detail: "",
            at: self.now().recorded,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    /// What of an account's letters is not over yet.
    pub async fn open_matters(&self, account: AccountId) -> Result<OpenMatters, Trouble> {
        let today = LegalDay::of(self.now().legal).to_string();
        let mut tx = self.db.read().await?;
        let found = mailboxes::of_owner(&mut tx, Owner::Account(account)).await?;
        let Some(mailbox) = found else { return Ok(OpenMatters::default()) };
        Ok(owner_gone::open_matters(&mut tx, mailbox.id, &today).await?)
    }
}

/// Whether no mailbox may be opened for this owner any more.
pub(super) async fn is_gone(tx: &mut Tx, owner: Owner) -> Result<bool, Trouble> {
    match owner {
        Owner::Account(account) => Ok(owner_gone::is_marked(tx, &audit_name(account)).await?),
        Owner::Beside(_, beside) => Ok(owner_gone::is_marked(tx, &beside.to_string()).await?),
        Owner::Organisation(_) => Ok(false),
    }
}
