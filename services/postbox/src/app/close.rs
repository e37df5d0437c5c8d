//! Ending a mailbox: nothing reaches it any more, and what never reached anybody says so.

use siegel_db::Tx;
use siegel_db::audit::{self, Entry};
use siegel_receipt::Kind;

use super::evidence::Fact;
use super::handles::{HandleError, audit_subject};
use super::{Now, Postbox, Trouble};
use crate::store::letters::{self, LetterRow};
use crate::store::mailboxes::{self, Owner};
use crate::store::{owner_gone, words};

/// `reason` of the receipt.
const REASON: &str = "MAILBOX_CLOSED";

impl Postbox {
    /// Closes the mailbox of an owner; again, or without one, nothing happens. The sweeper ends its
    /// letters, each in a transaction of its own.
    #[tracing::instrument(name = "postbox.close_mailbox", skip_all)]
    pub async fn close_mailbox(
        &self,
        caller: &str,
        request_id: &str,
        owner: Owner,
    ) -> Result<(), HandleError> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let mailbox = mailboxes::of_owner(&mut tx, owner).await?;
        if let Some(mailbox) = &mailbox {
            // Letters are held before their mailbox, as everywhere.
            letters::all_due(&mut tx, mailbox.id, now.legal).await?;
        }
        if let Owner::Beside(_, beside) = owner {
            // Given up for good: an address that is asked for at the same moment opens none again.
            owner_gone::mark(&mut tx, &beside.to_string(), now.recorded).await?;
        }
        let closed = mailboxes::close(&mut tx, owner, now.recorded).await?;
        if let Some(mailbox) = closed {
            // What was provided in between.
            letters::all_due(&mut tx, mailbox, now.legal).await?;
            words::forget_mailbox(&mut tx, mailbox).await?;
        }
        let entry = Entry {
            kind: "postbox.mailbox.closed",
            actor: caller,
            subject: &audit_subject(owner),
            level: None,
            outcome: if closed.is_some() { "done" } else { "none_open" },
            request_id,
            detail: "",
            at: now.recorded,
        };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a letter whose mailbox is closed. The caller saves it.
    pub(super) async fn undeliverable(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        now: Now,
    ) -> Result<(), Trouble> {
        self.fail(tx, letter, (REASON, now)).await
    }

    /// As [`Postbox::undeliverable`], for any reason.
    pub(super) async fn fail(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        (reason, now): (&'static str, Now),
    ) -> Result<(), Trouble> {
        let failed = letter.delivery()?.fail();
        letter.set_delivery(failed.map_err(|_| Trouble::Contradiction("failed after its end"))?);
        self.no_longer_unread(tx, letter).await?;
        (letter.announced_on, letter.legal_effect) = (None, None);
        let mut fact = Fact::by_service(Kind::Undeliverable, now.legal);
        fact.reason = Some(reason);
        self.attest(tx, letter, fact, now).await?;
        Ok(())
    }
}
