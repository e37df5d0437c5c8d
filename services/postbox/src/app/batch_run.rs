//! What follows a decision about a batch: delivery of each letter, or removal. Each letter has a
//! transaction of its own and is taken out of its state there: stopping between any two of them, on
//! any replica, loses nothing and doubles nothing.

use std::time::Duration;

use siegel_db::audit::{self, Entry};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_telemetry::metric;

use super::handles::audit_subject;
use super::opt_outs;
use super::{Now, Postbox, Trouble};
use crate::domain::BatchId;
use crate::domain::batch::BatchState;
use crate::domain::state::Delivery;
use crate::store::batches::{self, BatchRow, EntryRow, Moved};
use crate::store::letters;
use crate::store::mailboxes;
use crate::store::sent;

/// Entries read at a time.
const READ: i64 = 200;
/// How often somebody looks for batches; a look that finds nothing is one indexed read.
const EVERY: Duration = Duration::from_secs(1);
/// When a batch is looked at again of which a letter could not be handled.
const AGAIN: Duration = Duration::from_secs(30);
/// For how long a replica claims a batch, from each page of its letters on: longer than a page
/// takes, and as long as a batch waits whose replica ended.
const CLAIM: Duration = Duration::from_secs(30);

impl Postbox {
    /// Works on batches until the task is dropped. Every replica may: each batch is claimed.
    pub async fn run_batches(self) {
        loop {
            match self.next_batch().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a letter of a batch could not be handled"
                    );
                }
            }
            let _ = tokio::time::timeout(EVERY, self.batches.notified()).await;
        }
    }

    /// Does all there is to do with one batch; `false` when there was none.
    pub async fn next_batch(&self) -> Result<bool, Trouble> {
        let now = self.now().legal;
        let Some((batch, due)) = batches::due(&self.db, now).await? else { return Ok(false) };
        let mut claim = Claim { batch: batch.id, until: due };
        if !self.hold_batch(&mut claim).await? {
            return Ok(true); // somebody was faster; there may be another batch
        }
        let done = match batch.state()? {
            BatchState::Open => self.expire_batch(&batch).await,
            state => self.finish_batch(&batch, (state, &mut claim)).await,
        };
        if done.is_err() {
            // Other batches do not wait for this one.
            batches::postpone(&self.db, batch.id, self.now().legal.plus(AGAIN)).await?;
        }
        done.map(|()| true)
    }

    /// Claims a batch, or goes on claiming it; `false` when somebody else has it.
    async fn hold_batch(&self, claim: &mut Claim) -> Result<bool, Trouble> {
        // Never the same instant twice: it names the claim.
        let until = self.now().legal.plus(CLAIM).max(claim.until.plus(Duration::from_micros(1)));
        let held = batches::claim(&self.db, claim.batch, (claim.until, until)).await?;
        claim.until = until;
        Ok(held)
    }

    /// Cancels a batch whose time is over.
    async fn expire_batch(&self, batch: &BatchRow) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let turn = (BatchState::Open, BatchState::Cancelled);
        if batches::turn(&mut tx, batch.id, turn, Some(now.legal)).await? {
            let entry = Entry {
                kind: "postbox.batch.cancelled",
                actor: "service:postbox",
                subject: "",
                level: None,
                outcome: "expired",
                request_id: &batch.request_id,
                detail: "",
                at: now.recorded,
            };
            audit::record(&mut tx, &entry).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Handles every letter that waits; the first failure is the answer and keeps no other letter.
    async fn finish_batch(
        &self,
        batch: &BatchRow,
        (state, claim): (BatchState, &mut Claim),
    ) -> Result<(), Trouble> {
        let (mut after, mut failed) = (0, None);
        loop {
            let entries = batches::waiting(&self.db, batch.id, (after, READ)).await?;
            let Some(last) = entries.last().map(|entry| entry.number) else { break };
            if !self.hold_batch(claim).await? {
                return Ok(()); // it took too long, or something else was decided
            }
            for entry in &entries {
                let handled = if state == BatchState::Committed {
                    self.deliver_entry(batch, entry).await
                } else {
                    self.remove_entry(entry).await
                };
                if let Err(trouble) = handled {
                    failed.get_or_insert(trouble);
                }
            }
            after = last;
        }
        if let Some(trouble) = failed {
            return Err(trouble);
        }
        let mut tx = self.db.begin().await?;
        let to = if state == BatchState::Committed { BatchState::Delivered } else { state };
        batches::turn(&mut tx, batch.id, (state, to), None).await?;
        Ok(tx.commit().await?)
    }

    /// Delivers a letter of a committed batch: accepted and provided, with evidence. Its recipient
    /// may be gone since: then it is accepted and undeliverable.
    pub(crate) async fn deliver_entry(
        &self,
        batch: &BatchRow,
        entry: &EntryRow,
    ) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        if !batches::take(&mut tx, entry, "delivered").await? {
            return Ok(()); // somebody was faster
        }
        let (mailbox, letter) = entry.mailbox_id.zip(entry.letter_id).ok_or(MISSING)?;
        let mut row = letters::lock(&mut tx, mailbox, letter).await?.ok_or(MISSING)?;
        let later = row.publish_at.take().filter(|at| *at > now.legal);
        self.begin_reminder(&mut tx, (mailbox, letter), later.unwrap_or(now.legal)).await?;
        Delivery::Accepted.as_str().clone_into(&mut row.state);
        row.accepted_at = now.legal;
        row.terminal_by = self.expires(later.unwrap_or(now.legal));
        let reached = mailboxes::by_handle(&mut tx, row.handle_id, &row.sector).await?;
        let day = LegalDay::of(later.unwrap_or(now.legal));
        let to = (mailbox, row.client_id.as_str());
        let excluded = opt_outs::excludes(&mut tx, to, row.legal_basis.as_deref(), day).await?;
        let accepted = if reached.is_some() && !excluded {
            self.accept(&mut tx, &mut row, later, now).await?.is_some()
        } else {
            self.acknowledge(&mut tx, &mut row, now).await?;
            false
        };
        let owner = mailboxes::by_id(&mut tx, mailbox).await?.ok_or(MISSING)?;
        if !accepted {
            let reason = match (owner.is_closed(), reached.is_some()) {
                (true, _) => "MAILBOX_CLOSED",
                (false, true) => "RECIPIENT_OPTED_OUT",
                (false, false) => "HANDLE_REVOKED",
            };
            self.fail(&mut tx, &mut row, (reason, now)).await?;
        }
        batches::accept(&mut tx, &row).await?;
        let tag = entry.case_tag.as_deref();
        sent::add(&mut tx, &row, &entry.request_id, tag).await?;
        let moved = Moved { waiting: -1, delivered: 1, ..Moved::default() };
        batches::count(&mut tx, batch.id, moved).await?;
        let subject = audit_subject(owner.owner());
        audit::record(&mut tx, &submitted(batch, entry, (&subject, &row.id.to_string()), now))
            .await?;
        tx.commit().await?;
        metric::LETTERS_ACCEPTED.count([&row.delivery_type]);
        self.feed.committed();
        self.outbox.committed();
        Ok(())
    }

    /// Removes what was staged of a letter of a cancelled batch.
    pub(crate) async fn remove_entry(&self, entry: &EntryRow) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        if !batches::take(&mut tx, entry, "removed").await? {
            return Ok(());
        }
        let (mailbox, letter) = entry.mailbox_id.zip(entry.letter_id).ok_or(MISSING)?;
        let objects = batches::remove(&mut tx, mailbox, letter).await?;
        let moved = Moved { waiting: -1, ..Moved::default() };
        batches::count(&mut tx, entry.batch_id, moved).await?;
        tx.commit().await?;
        self.discard(&objects).await;
        Ok(())
    }
}

/// A batch that this replica works on.
struct Claim {
    batch: BatchId,
    /// Until when; also when others may look at it, so that it names this claim.
    until: Timestamp,
}

const MISSING: Trouble = Trouble::Contradiction("a batch's letter is gone");

/// The line that `Submit` leaves.
fn submitted<'a>(
    batch: &'a BatchRow,
    entry: &'a EntryRow,
    (subject, letter): (&'a str, &'a str),
    now: Now,
) -> Entry<'a> {
    Entry {
        kind: "postbox.letter.submitted",
        actor: &batch.caller,
        subject,
        level: None,
        outcome: "done",
        request_id: &entry.request_id,
        detail: letter,
        at: now.recorded,
    }
}
