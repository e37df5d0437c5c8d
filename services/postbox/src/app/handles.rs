//! Giving out the handle under which senders of one sector reach an owner.

use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::{Postbox, Trouble, owner_gone};
use crate::domain::{HandleId, MailboxId};
use crate::store::mailboxes::{self, Mailbox, Owner};

/// A handle is not given out.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    #[error("the mailbox was closed")]
    Closed,
    #[error("the handle could not be stored")]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for HandleError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl Postbox {
    /// The handle of `owner` for `sector`: the same each time until it is revoked. Opens the
    /// mailbox if there is none.
    #[tracing::instrument(name = "postbox.issue_handle", skip_all)]
    pub async fn issue_handle(
        &self,
        caller: &str,
        request_id: &str,
        owner: Owner,
        sector: &str,
    ) -> Result<HandleId, HandleError> {
        let now = self.now().recorded;
        let mut tx = self.db.begin().await?;
        let mailbox = self.mailbox_or_new(&mut tx, owner, now).await?;
        let mailbox = mailbox.ok_or(HandleError::Closed)?;
        if mailboxes::handle_of(&mut tx, mailbox.id, sector).await?.is_none() {
            let id =
                HandleId::new(self.clock.as_ref(), self.entropy.as_ref()).map_err(Trouble::from)?;
            mailboxes::add_handle(&mut tx, id, mailbox.id, sector, now).await?;
        }
        let handle = mailboxes::handle_of(&mut tx, mailbox.id, sector).await?;
        let handle = handle.ok_or(Trouble::Contradiction("a handle that was just made is gone"))?;
        let subject = audit_subject(owner);
        let entry = Entry {
            kind: "postbox.handle.issued",
            actor: caller,
            subject: &subject,
            level: None,
            outcome: "done",
            request_id,
            detail: sector,
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(handle)
    }

    /// The mailbox of an owner, opened if there never was one; `None` when it was closed.
    pub(super) async fn mailbox_or_new(
        &self,
        tx: &mut Tx,
        owner: Owner,
        now: Timestamp,
    ) -> Result<Option<Mailbox>, Trouble> {
        if let Some(found) = mailboxes::of_owner(tx, owner).await? {
            return Ok(Some(found));
        }
        if owner_gone::is_gone(tx, owner).await? {
            return Ok(None);
        }
        let id = MailboxId::new(self.clock.as_ref(), self.entropy.as_ref())?;
        let wrapped_key = self.vault.new_mailbox_key(id)?;
        mailboxes::add(tx, id, owner, &wrapped_key, now).await?;
        Ok(mailboxes::of_owner(tx, owner).await?)
    }
}

/// Whom an audit line about a mailbox concerns.
pub(super) fn audit_subject(owner: Owner) -> String {
    match owner {
        Owner::Account(account) => siegel_grpc::audit_name(account),
        Owner::Organisation(organisation) | Owner::Beside(organisation, _) => {
            organisation.to_string()
        }
    }
}
