//! Deleting content whose time is over: the key first, with a signed entry, then the objects that
//! nobody can read any more. Evidence and digests stay.

use siegel_crypto::DataKey;
use siegel_db::audit::{self, Entry};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::Kind;

use super::batch::STAGED;
use super::evidence::Fact;
use super::quota::Policy;
use super::submit::SubmitError;
use super::{Now, Postbox, Trouble, reader, vault};
use crate::domain::LetterId;
use crate::domain::flags::Folder;
use crate::domain::retention::{Cause, Facts, Verdict, decide};
use crate::domain::state::Delivery;
use crate::store::letters::{self, LetterRow};
use crate::store::retention::{self, NewOrder, OrderRow};
use crate::store::{admin, evidence, mailboxes, replies, words};

/// Letters and objects taken at a time.
const BATCH: i64 = 100;
const DAY: std::time::Duration = std::time::Duration::from_hours(24);

impl Postbox {
    /// Notes how long the content of a new letter stays, if anything says so.
    pub(super) async fn order_retention(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        (policy, named): (&Policy, &str),
    ) -> Result<(), SubmitError> {
        let Some(class) = policy.class(&letter.tenant, named)? else { return Ok(()) };
        let days = u32::try_from(class.days).unwrap_or(u32::MAX);
        let order = NewOrder {
            cause: Cause::Class,
            class: &class.name,
            days: class.days,
            since: None,
            // It cannot end before it was accepted.
            check_at: letter.accepted_at.plus(DAY.saturating_mul(days)),
        };
        Ok(retention::order(tx, (letter.mailbox_id, letter.id), order).await?)
    }

    /// Notes that a letter was thrown away, or that it was not after all.
    pub(super) async fn order_trash(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        now: Now,
    ) -> Result<(), StoreError> {
        let place = (letter.mailbox_id, letter.id);
        if letter.folder != Folder::Trash.as_str() || letter.is_purged() {
            return retention::cancel(tx, place, Cause::Trash).await;
        }
        let days = self.retention.trash_days;
        let order = NewOrder {
            cause: Cause::Trash,
            class: "",
            days: i64::from(days),
            since: Some(now.legal),
            check_at: now.legal.plus(DAY.saturating_mul(days)),
        };
        retention::order(tx, place, order).await
    }

    /// Deletes what is due; how many letters and objects it looked at.
    pub(super) async fn sweep_retention(&self) -> Result<usize, Trouble> {
        let due = retention::due(&self.db, self.now().legal, BATCH).await?;
        let mut failed = None;
        for order in &due {
            if let Err(trouble) = self.look_at(order).await {
                failed.get_or_insert(trouble);
            }
        }
        let objects = self.sweep_objects().await?;
        failed.map_or(Ok(due.len() + objects), Err)
    }

    /// Removes objects without a key, and those nothing refers to.
    pub(super) async fn sweep_objects(&self) -> Result<usize, Trouble> {
        let keys = retention::doomed(&self.db, BATCH).await?;
        self.remove(&keys).await?;
        Ok(keys.len())
    }

    async fn look_at(&self, order: &OrderRow) -> Result<(), Trouble> {
        let cause = order.cause()?;
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let place = (order.mailbox_id, order.letter_id);
        let row = letters::lock(&mut tx, order.mailbox_id, order.letter_id).await?;
        let check_at = retention::current(&mut tx, order).await?;
        let (Some(mut row), Some(check_at)) = (row, check_at) else { return Ok(()) };
        if check_at > now.legal {
            return Ok(()); // somebody was faster
        }
        let restored = cause == Cause::Trash && row.folder != Folder::Trash.as_str();
        if restored || (row.is_purged() && cause == Cause::Trash) {
            retention::cancel(&mut tx, place, cause).await?;
            return Ok(tx.commit().await?);
        }
        if row.state == STAGED {
            retention::look_again(&mut tx, order, now.legal.plus(DAY)).await?;
            return Ok(tx.commit().await?);
        }
        // A hold that is placed meanwhile waits for the outcome, or is seen.
        mailboxes::hold(&mut tx, row.mailbox_id).await?;
        let facts = self.facts(&mut tx, &row, order).await?;
        let days = (order.since, order.days);
        match decide(&facts, days, self.retention.remedy_days, now.legal) {
            Verdict::NotBefore(at) => retention::look_again(&mut tx, order, at).await?,
            Verdict::Now if row.is_purged() => {
                // The trash was emptied before; what was answered stayed.
                retention::destroy_replies(&mut tx, &row).await?;
                retention::cancel(&mut tx, place, cause).await?;
            }
            Verdict::Now => self.purge(&mut tx, &mut row, (cause, now)).await?,
        }
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }

    /// Signs that the content is deleted, and deletes it: one transaction, both or neither.
    pub(super) async fn purge(
        &self,
        tx: &mut Tx,
        row: &mut LetterRow,
        (cause, now): (Cause, Now),
    ) -> Result<(), Trouble> {
        self.no_longer_unread(tx, row).await?;
        let mut fact = Fact::by_service(Kind::Purged, now.legal);
        fact.reason = Some(cause.reason());
        self.attest(tx, row, fact, now).await?;
        letters::save(tx, row).await?;
        retention::destroy(tx, row, cause).await?;
        words::forget_letter(tx, row.mailbox_id, row.id).await?;
        if cause != Cause::Trash {
            // An emptied trash takes nothing from the authority that was answered.
            retention::destroy_replies(tx, row).await?;
        }
        let entry = Entry {
            kind: "postbox.letter.purged",
            actor: "service:postbox",
            subject: &row.tenant,
            level: None,
            outcome: "done",
            request_id: "",
            detail: &row.id.to_string(),
            at: now.recorded,
        };
        Ok(audit::record(tx, &entry).await?)
    }

    async fn facts(
        &self,
        tx: &mut Tx,
        row: &LetterRow,
        order: &OrderRow,
    ) -> Result<Facts, Trouble> {
        let ended_at = match row.delivery()? {
            Delivery::Ended { end, .. } => {
                let entries = evidence::of_letter(tx, row.mailbox_id, row.id).await?;
                // Without its entry an end is none: the content may be all there is to show.
                entries.iter().find(|e| end.is_shown_by(&e.kind)).map(|e| e.event_at)
            }
            _ => None,
        };
        Ok(Facts {
            ended_at,
            terminal_by: row.terminal_by,
            announced_on: row.announced_on.as_deref().and_then(LegalDay::parse),
            needed_until: match order.cause()? {
                Cause::Class => self.answers_until(tx, row, order.days).await?,
                Cause::Trash | Cause::OwnerGone => None,
            },
            held: self.is_held(tx, row).await?,
        })
    }

    /// Until when replies are awaited, or stay for the authority that asked for them: as long after
    /// the last one as content after the letter's end.
    async fn answers_until(
        &self,
        tx: &mut Tx,
        row: &LetterRow,
        days: i64,
    ) -> Result<Option<Timestamp>, StoreError> {
        let days = u32::try_from(days).unwrap_or(u32::MAX);
        let due = row.due_on.as_deref().and_then(LegalDay::parse).map(LegalDay::end);
        let last = replies::last(tx, row.mailbox_id, row.id).await?;
        Ok(due.max(last.map(|at| at.plus(DAY.saturating_mul(days)))))
    }

    pub(super) async fn is_held(&self, tx: &mut Tx, row: &LetterRow) -> Result<bool, Trouble> {
        let holds = admin::holds_in(tx, &row.tenant, row.mailbox_id).await?;
        if holds.iter().all(|h| h.case_tag.is_none()) {
            return Ok(holds.iter().any(|h| covers(h.letter_id, row.id)));
        }
        let mailbox = mailboxes::by_id(tx, row.mailbox_id).await?;
        let mailbox = mailbox.ok_or(Trouble::Contradiction("a letter's mailbox is gone"))?;
        let key: DataKey = self.vault.mailbox_key(mailbox.id, &mailbox.wrapped_key)?;
        let case = vault::case_tag(&key, &reader::head(&key, row)?.case_id);
        Ok(holds.iter().any(|h| match &h.case_tag {
            Some(tag) => *tag == case,
            None => covers(h.letter_id, row.id),
        }))
    }
}

/// A hold without a letter lies on all of them.
fn covers(held: Option<LetterId>, letter: LetterId) -> bool {
    held.is_none_or(|held| held == letter)
}
