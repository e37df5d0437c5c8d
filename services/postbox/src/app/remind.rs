//! Reminding of a letter that nobody opened: wished for by its sender, asked for again when the
//! mail leaves.

use siegel_db::outbox::{self, Done, Job};
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::batch::STAGED;
use super::{Now, Postbox, Trouble};
use crate::domain::letter::Letter;
use crate::domain::state::Delivery;
use crate::domain::{LetterId, MailboxId};
use crate::ports::notifier::{self, News, Order};
use crate::store::letters::LetterRow;
use crate::store::{letters, mailboxes, reminders};

/// Outbox job that orders a reminder.
pub const REMIND_JOB: &str = "remind";
/// Event of a reminder that left.
pub const SENT: &str = "reminder_sent";
/// Event of one that could not be sent.
pub const FAILED: &str = "reminder_failed";
/// Reminders taken at a time.
const BATCH: i64 = 100;

/// What `notification` asks about: the letter's place.
fn subject(mailbox: MailboxId, letter: LetterId) -> String {
    format!("{mailbox}/{letter}")
}

impl Postbox {
    /// Keeps the reminder that a letter's sender wished for.
    pub(super) async fn keep_reminder(
        &self,
        tx: &mut Tx,
        place: (MailboxId, LetterId),
        letter: &Letter,
        now: Now,
    ) -> Result<(), StoreError> {
        let Some(reminder) = letter.reminder else { return Ok(()) };
        let provided = letter.publish_at.map_or(now.legal, |at| at.max(now.legal));
        reminders::add(tx, place, reminder.due(provided)).await
    }

    /// Keeps the wish about a letter of a batch: its days count from the provision, not from now.
    pub(super) async fn keep_wish(
        &self,
        tx: &mut Tx,
        place: (MailboxId, LetterId),
        letter: &Letter,
    ) -> Result<(), StoreError> {
        match letter.reminder {
            Some(wish) => reminders::wish(tx, place, wish).await,
            None => Ok(()),
        }
    }

    /// Begins to count what was wished for, now that the letter is or will be `provided`.
    pub(super) async fn begin_reminder(
        &self,
        tx: &mut Tx,
        place: (MailboxId, LetterId),
        provided: Timestamp,
    ) -> Result<(), StoreError> {
        match reminders::wished(tx, place).await? {
            Some(wish) => reminders::begin(tx, place, wish.due(provided)).await,
            None => Ok(()),
        }
    }

    /// Orders the reminders that are due; how many it took.
    pub(super) async fn sweep_reminders(&self) -> Result<usize, Trouble> {
        let due = reminders::due(&self.db, self.now().legal, BATCH).await?;
        for place in &due {
            let mut tx = self.db.begin().await?;
            let now = self.now();
            if reminders::take(&mut tx, *place, now.legal).await? {
                outbox::put(&mut tx, REMIND_JOB, &serde_json::to_vec(place)?, now.recorded).await?;
                tx.commit().await?;
                self.outbox.committed();
            }
        }
        Ok(due.len())
    }

    pub(super) async fn remind(&self, job: &Job) -> Result<Done, Trouble> {
        let place: (MailboxId, LetterId) = serde_json::from_slice(&job.payload)?;
        let mut tx = self.db.read().await?;
        let Some(letter) = letters::get(&mut tx, place.0, place.1).await? else {
            return Ok(Done::Remove);
        };
        let mailbox = mailboxes::by_id(&mut tx, place.0).await?;
        let mailbox = mailbox.ok_or(Trouble::Contradiction("a letter's mailbox is gone"))?;
        drop(tx);
        // Later attempts ask how the order stands, whatever became of the letter meanwhile.
        if job.attempts == 0 && (mailbox.is_closed() || !waits(&letter)?) {
            return Ok(Done::Remove);
        }
        let news = News::Reminder { of: subject(place.0, place.1) };
        let request_id = format!("postbox:{}:reminder", place.1);
        let (recipient, level) = (mailbox.owner().contact(), letter.required_level);
        match notifier::tell(&self.siblings, &request_id, &recipient, level, &news).await {
            Ok(Order::Queued) => Ok(Done::Retry),
            Ok(Order::NotNeeded) => Ok(Done::Remove),
            Ok(Order::Sent) => self.reminded(place, SENT).await,
            Ok(Order::Failed | Order::NoContact) => self.reminded(place, FAILED).await,
            Err(status) => {
                tracing::info!(code = ?status.code(), "notification is out of reach, trying again");
                Ok(Done::Retry)
            }
        }
    }

    /// Tells the sender once.
    async fn reminded(&self, place: (MailboxId, LetterId), kind: &str) -> Result<Done, Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let letter = letters::get(&mut tx, place.0, place.1).await?;
        if let Some(letter) = letter
            && reminders::told(&mut tx, place, now.legal).await?
        {
            self.tell_sender(&mut tx, &letter, kind, now.legal).await?;
            tx.commit().await?;
            self.feed.committed();
        }
        Ok(Done::Remove)
    }

    /// Whether a letter still waits to be opened, as a reminder names it.
    pub async fn still_unopened(&self, subject: &str) -> Result<bool, Trouble> {
        let place = subject.split_once('/');
        let place = place.and_then(|(m, l)| Some((m.parse().ok()?, l.parse().ok()?)));
        let Some((mailbox, letter)) = place else { return Ok(false) };
        let mut tx = self.db.read().await?;
        let closed = mailboxes::by_id(&mut tx, mailbox).await?.is_none_or(|m| m.is_closed());
        let letter = letters::get(&mut tx, mailbox, letter).await?;
        Ok(!closed && letter.as_ref().map(waits).transpose()?.unwrap_or(false))
    }
}

/// Provided, without an end, and not opened by anybody.
fn waits(letter: &LetterRow) -> Result<bool, StoreError> {
    if letter.state == STAGED {
        return Ok(false); // its batch waits for its commit
    }
    Ok(matches!(letter.delivery()?, Delivery::Provided { opened: false, .. }))
}
