//! Making a letter retrievable, and ending it when its time has come.

use siegel_db::{Tx, outbox};
use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;
use siegel_receipt::{Kind, LegalEffect, Outage};

use super::evidence::{Declared, Fact, in_receipt};
use super::{Now, Postbox, Trouble};
use crate::domain::holidays::Land;
use crate::domain::legal::{self, Effect, Outcome, Rule};
use crate::domain::state::{Delivery, End, Ending};
use crate::store::evidence::EvidenceRow;
use crate::store::letters::LetterRow;
use crate::store::{admin, flags, mailboxes, rules};

/// Outbox job that orders the notification of a letter.
pub const NOTIFY_JOB: &str = "notify";
/// Outbox job that tells a recipient of a fiction that came true (VwZG § 5(7), § 5a(4)).
pub const SERVED_JOB: &str = "notify_served";

impl Postbox {
    /// Provides an accepted or scheduled letter: place in the mailbox, legal effect, evidence,
    /// order of the notification. `None`, and nothing done, when the mailbox was closed. The caller
    /// saves `letter`.
    pub(super) async fn provide(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        now: Now,
    ) -> Result<Option<EvidenceRow>, Trouble> {
        let next = mailboxes::next_sequence(tx, letter.mailbox_id).await?;
        let Some((sequence, wrapped_key)) = next else { return Ok(None) };
        let today = LegalDay::of(now.legal);
        let rule = match &letter.legal_basis {
            Some(basis) => {
                let rows = rules::of_basis(tx, basis).await?;
                let rule = legal::in_force(&rows, basis, today).cloned();
                Some(rule.ok_or(Trouble::Contradiction("no rule is in force"))?)
            }
            None => None,
        };
        let (ending, by) = if let Some(rule) = &rule {
            let effect = rule.on_provision(today, Land::of_ars(&letter.ars));
            set_effect(letter, rule, &effect)?;
            (rule.ending(), effect.holds_from())
        } else {
            let by = self.expires(now.legal);
            (Ending::ExpiredUnread, letter.retrieve_until.map_or(by, |until| by.min(until)))
        };
        let delivery = letter.delivery()?.provide(ending, by, now.legal);
        letter.set_delivery(delivery.map_err(|_| Trouble::Contradiction("provided twice"))?);
        letter.provided_at = Some(now.legal);
        letter.unread = true;
        letter.sequence = Some(sequence);
        let mailbox_key = self.vault.mailbox_key(letter.mailbox_id, &wrapped_key)?;
        self.index_head(tx, letter, &mailbox_key).await?;
        let mut fact = Fact::by_service(Kind::Provided, now.legal);
        fact.legal_effect = effect(letter)?;
        fact.declared = declared(letter)?;
        let row = self.attest(tx, letter, fact, now).await?;
        let job = serde_json::to_vec(&(letter.mailbox_id, letter.id))?;
        outbox::put(tx, NOTIFY_JOB, &job, now.recorded).await?;
        Ok(Some(row))
    }

    /// Takes a letter off the count of unread ones.
    pub(super) async fn no_longer_unread(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
    ) -> Result<(), Trouble> {
        let before = letter.counted()?;
        letter.unread = false;
        Ok(flags::count(tx, letter.mailbox_id, before.change_to(letter.counted()?)).await?)
    }

    /// When a letter without a rule that is provided at `at` expires.
    pub(super) fn expires(&self, at: Timestamp) -> Timestamp {
        LegalDay::of(at).plus_days(i64::from(self.unread_days)).end()
    }

    /// Ends a letter whose time has come; `false` when there was nothing to end. The caller saves
    /// `letter`.
    pub(super) async fn settle(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        now: Now,
    ) -> Result<bool, Trouble> {
        let delivery = letter.delivery()?;
        if !matches!(delivery, Delivery::Provided { .. }) {
            return Ok(false);
        }
        if delivery.expire(now.legal).is_ok() && letter.notified_at.is_none() {
            self.days_do_not_run(tx, letter).await?;
        }
        let Ok((ended, end)) = letter.delivery()?.expire(now.legal) else { return Ok(false) };
        let kind = match end {
            End::DeemedAnnounced => Kind::DeemedAnnounced,
            End::DeemedServed => Kind::DeemedServed,
            End::ProvisionEnded => Kind::ProvisionEnded,
            _ => Kind::ExpiredUnread,
        };
        // The effect holds from the end of its day, however late the sweeper comes.
        let event_at = letter.terminal_by;
        letter.set_delivery(ended);
        if kind == Kind::ProvisionEnded || letter.is_withdrawn(now.legal) {
            self.no_longer_unread(tx, letter).await?;
        }
        if kind == Kind::ProvisionEnded
            && let Some(mut effect) = effect(letter)?
        {
            Outcome::ProvisionEnded.as_str().clone_into(&mut effect.effect);
            letter.legal_effect = Some(serde_json::to_string(&effect)?);
        }
        let mut fact = Fact::by_service(kind, event_at);
        fact.legal_effect = effect(letter)?;
        fact.outages = self.outages(tx, letter, event_at).await?;
        self.attest(tx, letter, fact, now).await?;
        if kind == Kind::DeemedServed {
            let job = serde_json::to_vec(&(letter.mailbox_id, letter.id))?;
            outbox::put(tx, SERVED_JOB, &job, now.recorded).await?;
        }
        Ok(true)
    }
}

impl Postbox {
    /// When the postbox was declared unreachable while the letter could be retrieved.
    async fn outages(
        &self,
        tx: &mut Tx,
        letter: &LetterRow,
        end: Timestamp,
    ) -> Result<Vec<Outage>, Trouble> {
        let from = letter.provided_at.unwrap_or(letter.accepted_at);
        let mut found = admin::outages(tx, from, end).await?;
        found.reverse();
        let outage =
            |o: &admin::OutageRow| Outage { from: o.from.to_rfc3339(), to: o.to.to_rfc3339() };
        Ok(found.iter().map(outage).collect())
    }
}

/// The latest legal effect of a letter.
pub fn effect(letter: &LetterRow) -> Result<Option<LegalEffect>, Trouble> {
    Ok(letter.legal_effect.as_deref().map(serde_json::from_str).transpose()?)
}

fn declared(letter: &LetterRow) -> Result<Declared, Trouble> {
    Ok(letter.declared.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default())
}

/// Keeps a result of the legal clock with its inputs and rule.
pub fn set_effect(letter: &mut LetterRow, rule: &Rule, effect: &Effect) -> Result<(), Trouble> {
    letter.legal_rule = Some(rule.id.clone());
    letter.legal_effect = Some(serde_json::to_string(&in_receipt(rule, effect))?);
    letter.announced_on = effect.announced_on().map(|day| day.to_string());
    Ok(())
}
