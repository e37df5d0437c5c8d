//! Giving out the handle under which senders of one sector reach an owner.

use siegel_db::StoreError;
use siegel_db::audit::{self, Entry};

use super::{Postbox, Trouble};
use crate::domain::{HandleId, MailboxId};
use crate::store::mailboxes::{self, Owner};

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
        let mailbox = if let Some(found) = mailboxes::of_owner(&mut tx, owner).await? {
            found
        } else {
            let id = MailboxId::new(self.clock.as_ref(), self.entropy.as_ref())
                .map_err(Trouble::from)?;
            let wrapped_key = self.vault.new_mailbox_key(id)?;
            mailboxes::add(&mut tx, id, owner, &wrapped_key, now).await?;
            let added = mailboxes::of_owner(&mut tx, owner).await?;
            // Nothing was added: the owner had a mailbox, and it was closed.
            added.ok_or(HandleError::Closed)?
        };
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
}

/// Whom an audit line about a mailbox concerns.
pub(super) fn audit_subject(owner: Owner) -> String {
    match owner {
        Owner::Account(account) => siegel_grpc::audit_name(account),
        Owner::Organisation(organisation) => organisation.to_string(),
    }
}
