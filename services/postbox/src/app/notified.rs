//! Rules whose days run from the notification (AO § 122a(4), VwVfG § 41(2a)): from the day on which
//! it left, and from none as long as it has not.

use siegel_db::Tx;
use siegel_kernel::berlin::LegalDay;

use super::provide::{effect, set_effect};
use super::{Postbox, Trouble};
use crate::domain::holidays::Land;
use crate::domain::legal::{Day0, Rule};
use crate::domain::state::{Delivery, End};
use crate::store::letters::LetterRow;
use crate::store::rules;

impl Postbox {
    /// A notification left after the day of provision: the days run from there. The caller saves
    /// `letter`.
    pub(super) async fn days_run_from(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
        today: LegalDay,
    ) -> Result<(), Trouble> {
        let Some(rule) = rule(tx, letter).await? else { return Ok(()) };
        let delivery = letter.delivery()?;
        // Opening ends the letter and leaves the day of its fiction to be counted.
        let opened = matches!(delivery, Delivery::Ended { end: End::Opened, .. });
        if matches!(delivery, Delivery::Provided { .. })
            || (opened && rule.day0 == Day0::Notification)
        {
            let effect = rule.on_provision(today, Land::of_ars(&letter.ars));
            letter.set_delivery(delivery.end_anew(rule.ending(), effect.holds_from()));
            set_effect(letter, &rule, &effect)?;
        }
        Ok(())
    }

    /// No notification has left: there is no day that the days could run from, so that neither a
    /// fiction comes true nor provision ends. The letter waits as one without a rule does. The
    /// caller saves `letter`.
    pub(super) async fn days_do_not_run(
        &self,
        tx: &mut Tx,
        letter: &mut LetterRow,
    ) -> Result<(), Trouble> {
        let Some(rule) = rule(tx, letter).await? else { return Ok(()) };
        let from_notification = Day0::Notification.as_str();
        if effect(letter)?.is_none_or(|effect| effect.day0_event != from_notification) {
            return Ok(());
        }
        let delivery = letter.delivery()?;
        if matches!(delivery, Delivery::Ended { end, .. } if end != End::Opened) {
            return Ok(());
        }
        let provided = letter.provided_at.unwrap_or(letter.accepted_at);
        let end = self.expires(provided);
        letter.set_delivery(delivery.end_anew(rule.ending_unnotified(), end));
        letter.legal_effect = None;
        letter.announced_on = None;
        if let Some(effect) = rule.unnotified(LegalDay::of(provided), self.unread_days) {
            set_effect(letter, &rule, &effect)?;
        }
        Ok(())
    }
}

/// The letter's rule, where its days run from the notification.
async fn rule(tx: &mut Tx, letter: &LetterRow) -> Result<Option<Rule>, Trouble> {
    let Some(id) = &letter.legal_rule else { return Ok(None) };
    Ok(rules::by_id(tx, id).await?.filter(Rule::counts_from_notification))
}
