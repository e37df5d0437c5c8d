//! What time does: publication, ends, orphaned uploads.

use std::time::Duration;

use super::adopt::noted;
use super::{Postbox, Trouble};
use crate::domain::state::Delivery;
use crate::domain::{LetterId, MailboxId};
use crate::store::{letters, mailboxes, uploads};

/// Letters and objects taken at a time.
const BATCH: i64 = 100;
/// How long an upload may stay without a letter.
pub(super) const ORPHANED_AFTER: Duration = Duration::from_hours(7 * 24);
/// How often the sweeper looks; a look that finds nothing is one indexed read.
const EVERY: Duration = Duration::from_secs(1);

impl Postbox {
    /// Sweeps until the task is dropped. Every replica may: each letter is taken under its lock.
    pub async fn sweep_forever(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.sweep().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "letters whose time has come could not be handled"
                );
            }
        }
    }

    /// Does all that is due; how many letters and objects it took. A letter that cannot be handled
    /// keeps no other from its time; the first such failure is the answer.
    pub async fn sweep(&self) -> Result<usize, Trouble> {
        let mut taken = 0;
        let mut failed = None;
        loop {
            let due = letters::due(&self.db, self.now().legal, BATCH).await?;
            for (mailbox, letter) in &due {
                if let Err(trouble) = self.step(*mailbox, *letter).await {
                    failed.get_or_insert(trouble);
                }
            }
            taken += due.len();
            if failed.is_some() || i64::try_from(due.len()).is_ok_and(|n| n < BATCH) {
                break;
            }
        }
        // First, since keys are destroyed whether or not the object store answers.
        // None of them waits for another that fails.
        let rest = [
            self.sweep_retention().await,
            self.sweep_uploads().await,
            self.sweep_reminders().await,
            self.forget_events().await,
        ];
        for outcome in rest {
            match outcome {
                Ok(count) => taken += count,
                Err(trouble) => {
                    failed.get_or_insert(trouble);
                }
            }
        }
        failed.map_or(Ok(taken), Err)
    }

    pub(super) async fn step(&self, mailbox: MailboxId, letter: LetterId) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let Some(mut row) = letters::lock(&mut tx, mailbox, letter).await? else { return Ok(()) };
        if row.due_at.is_none_or(|due| due > now.legal) {
            return Ok(()); // somebody was faster
        }
        // What the law made of the letter before comes first.
        let settled = self.settle(&mut tx, &mut row, now).await?;
        if !settled && !matches!(row.delivery()?, Delivery::Ended { .. }) {
            let closed = mailboxes::by_id(&mut tx, mailbox).await?.is_none_or(|m| m.is_closed());
            let scheduled = matches!(row.delivery()?, Delivery::Scheduled { .. });
            let provided =
                !closed && (!scheduled || self.provide(&mut tx, &mut row, now).await?.is_some());
            if !provided {
                self.undeliverable(&mut tx, &mut row, now).await?;
            }
        }
        letters::save(&mut tx, &row).await?;
        tx.commit().await?;
        self.feed.committed();
        self.outbox.committed();
        Ok(())
    }

    async fn sweep_uploads(&self) -> Result<usize, Trouble> {
        let before = self.now().legal.minus(ORPHANED_AFTER);
        let keys = uploads::orphans(&self.db, before, BATCH).await?;
        for key in &keys {
            if let Some(upload) = noted(key) {
                self.end_upload(upload).await?;
                continue;
            }
            self.remove_untaken(std::slice::from_ref(key)).await?;
        }
        Ok(keys.len())
    }
}
