//! When content may go.

use std::time::Duration;

use siegel_kernel::Timestamp;
use siegel_kernel::berlin::LegalDay;

const DAY: Duration = Duration::from_hours(24);

/// Why content is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The letter's retention class.
    Class,
    /// Its owner threw it away.
    Trash,
    /// Its owner's account was deleted; nothing orders it beforehand.
    OwnerGone,
}

impl Cause {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Trash => "trash",
            Self::OwnerGone => "owner_gone",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Class, Self::Trash].into_iter().find(|c| c.as_str() == text)
    }

    /// `reason` of the receipt `purged`.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Class => "RETENTION_ENDED",
            Self::Trash => "TRASH_EMPTIED",
            Self::OwnerGone => "RECIPIENT_GONE",
        }
    }
}

/// What decides about a letter's content.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// When the letter ended; `None` while it has no end.
    pub ended_at: Option<Timestamp>,
    /// When it ends at the latest.
    pub terminal_by: Timestamp,
    /// The local date on which it counts as announced or served.
    pub announced_on: Option<LegalDay>,
    /// Something is awaited, or was answered, for which the content is needed.
    pub needed_until: Option<Timestamp>,
    pub held: bool,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Now,
    NotBefore(Timestamp),
}

/// Decides whether content goes at `now`. `counted_from`: what the days of the order count from,
/// absent for the letter's end. `remedy_days`: how long a remedy against a decision stays open,
/// during which its text is needed (VwGO § 58(2)).
pub fn decide(
    facts: &Facts,
    (counted_from, days): (Option<Timestamp>, i64),
    remedy_days: u32,
    now: Timestamp,
) -> Verdict {
    let wait = |at: Timestamp, days: i64| {
        at.plus(DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)))
    };
    let Some(ended_at) = facts.ended_at else {
        return Verdict::NotBefore(facts.terminal_by.max(now.plus(DAY)));
    };
    let mut at = wait(counted_from.unwrap_or(ended_at), days).max(ended_at);
    if let Some(day) = facts.announced_on {
        at = at.max(day.plus_days(i64::from(remedy_days)).end());
    }
    if let Some(until) = facts.needed_until {
        at = at.max(until);
    }
    if at > now {
        Verdict::NotBefore(at)
    } else if facts.held {
        // The release lets the sweeper look at once; until then a look a day costs nothing.
        Verdict::NotBefore(now.plus(DAY))
    } else {
        Verdict::Now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_740_000_000);

    fn facts() -> Facts {
        Facts {
            ended_at: Some(START),
            terminal_by: START,
            announced_on: None,
            needed_until: None,
            held: false,
        }
    }

    fn at(days: u32) -> Timestamp {
        START.plus(DAY * days)
    }

    #[test]
    fn content_goes_when_its_days_after_the_end_are_over() {
        assert_eq!(decide(&facts(), (None, 10), 0, at(9)), Verdict::NotBefore(at(10)));
        assert_eq!(decide(&facts(), (None, 10), 0, at(10)), Verdict::Now);
    }

    #[test]
    fn content_of_a_letter_without_an_end_stays() {
        let open = Facts { ended_at: None, terminal_by: at(50), ..facts() };
        assert_eq!(decide(&open, (None, 1), 0, at(20)), Verdict::NotBefore(at(50)));
        assert_eq!(decide(&open, (Some(START), 1), 0, at(60)), Verdict::NotBefore(at(61)));
    }

    #[test]
    fn content_of_a_decision_stays_as_long_as_a_remedy_is_open() {
        let day = LegalDay::of(at(4));
        let decision = Facts { announced_on: Some(day), ..facts() };
        let verdict = decide(&decision, (Some(START), 1), 30, at(20));
        assert_eq!(verdict, Verdict::NotBefore(day.plus_days(30).end()));
        assert_eq!(decide(&decision, (Some(START), 1), 30, at(36)), Verdict::Now);
    }

    #[test]
    fn content_stays_as_long_as_an_answer_needs_it() {
        let asked = Facts { needed_until: Some(at(30)), ..facts() };
        assert_eq!(decide(&asked, (None, 10), 0, at(20)), Verdict::NotBefore(at(30)));
        assert_eq!(decide(&asked, (None, 10), 0, at(30)), Verdict::Now);
    }

    #[test]
    fn a_hold_keeps_content_that_is_due() {
        let held = Facts { held: true, ..facts() };
        assert_eq!(decide(&held, (None, 10), 0, at(10)), Verdict::NotBefore(at(11)));
    }
}
