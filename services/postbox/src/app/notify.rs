//! Telling the recipient the same day, and keeping evidence of whether that happened.

use siegel_db::outbox::{Done, Job};
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::{Kind, Notification};

use super::evidence::Fact;
use super::provide::{NOTIFY_JOB, SERVED_JOB, effect};
use super::remind::REMIND_JOB;
use super::{Postbox, Trouble};
use crate::domain::state::{Delivery, End};
use crate::domain::{LetterId, MailboxId};
use crate::ports::notifier::{self, News, Order};
use crate::store::{letters, mailboxes};

impl Postbox {
    /// Works on one outbox job.
    pub async fn work(&self, job: Job) -> Done {
        let news = match job.kind.as_str() {
            NOTIFY_JOB => News::Provided,
            SERVED_JOB => News::DeemedServed,
            REMIND_JOB => return self.remind(&job).await.unwrap_or_else(|e| failed(&e)),
            _ => {
                tracing::error!(job.kind = %job.kind, "the outbox holds a job nobody knows");
                return Done::Remove;
            }
        };
        self.notify(&job.payload, news).await.unwrap_or_else(|e| failed(&e))
    }

    async fn notify(&self, payload: &[u8], news: News) -> Result<Done, Trouble> {
        let (mailbox_id, letter_id): (MailboxId, LetterId) = serde_json::from_slice(payload)?;
        let (recipient, level) = {
            let mut tx = self.db.read().await?;
            let Some(letter) = letters::get(&mut tx, mailbox_id, letter_id).await? else {
                return Ok(Done::Remove);
            };
            let mailbox = mailboxes::by_id(&mut tx, mailbox_id).await?;
            let mailbox = mailbox.ok_or(Trouble::Contradiction("a letter's mailbox is gone"))?;
            let gone = matches!(
                letter.delivery()?,
                Delivery::Ended { end: End::Recalled | End::Undeliverable, .. }
            );
            if gone || mailbox.is_closed() {
                return Ok(Done::Remove);
            }
            (mailbox.owner().contact(), letter.required_level)
        };
        let request_id = match &news {
            News::Provided => format!("postbox:{letter_id}"),
            News::DeemedServed => format!("postbox:{letter_id}:served"),
            News::Reminder { .. } => format!("postbox:{letter_id}:reminder"),
        };
        let order = notifier::tell(&self.siblings, &request_id, &recipient, level, &news).await;
        match order {
            Ok(Order::Queued) => return Ok(Done::Retry),
            // Telling of a fiction is no condition of it: no entry.
            Ok(_) if news == News::DeemedServed => {}
            Ok(order) => self.notified(mailbox_id, letter_id, order).await?,
            Err(status) => {
                tracing::info!(code = ?status.code(), "notification is out of reach, trying again");
                return Ok(Done::Retry);
            }
        }
        Ok(Done::Remove)
    }

    /// Signs how the order ended; the second time it does nothing.
    async fn notified(
        &self,
        mailbox: MailboxId,
        letter: LetterId,
        order: Order,
    ) -> Result<(), Trouble> {
        let mut tx = self.db.begin().await?;
        let now = self.now();
        let letter = letters::lock(&mut tx, mailbox, letter).await?;
        let mut letter = letter.ok_or(Trouble::Contradiction("a notified letter is gone"))?;
        if letter.notified_at.is_some() {
            return Ok(());
        }
        // A late sweeper must not let a notification move an end that has come already.
        self.settle(&mut tx, &mut letter, now).await?;
        letter.notified_at = Some(now.legal);
        let today = LegalDay::of(now.legal);
        let same_day = letter.provided_at.is_some_and(|at| LegalDay::of(at) == today);
        let reason = match order {
            Order::Sent | Order::Queued => None,
            // Notices are always needed: only reminders are asked about.
            Order::Failed | Order::NotNeeded => Some("FAILED"),
            Order::NoContact => Some("NO_CONTACT"),
        };
        let kind = if reason.is_none() { Kind::Notified } else { Kind::NotifyFailed };
        let mut fact = Fact::by_service(kind, now.legal);
        fact.notification = Some(Notification {
            channel: "email".into(),
            same_day,
            reason: reason.map(str::to_owned),
        });
        if kind == Kind::NotifyFailed {
            self.days_do_not_run(&mut tx, &mut letter).await?;
        } else if !same_day {
            self.days_run_from(&mut tx, &mut letter, today).await?;
        }
        fact.legal_effect = effect(&letter)?;
        self.attest(&mut tx, &mut letter, fact, now).await?;
        letters::save(&mut tx, &letter).await?;
        tx.commit().await?;
        self.feed.committed();
        Ok(())
    }
}

/// What broke on our side is tried again.
fn failed(error: &Trouble) -> Done {
    tracing::error!(error = error as &dyn std::error::Error, "a notification could not be ordered");
    Done::Retry
}
