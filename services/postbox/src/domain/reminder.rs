//! When a recipient is reminded of a letter that nobody opened.

use std::time::Duration;

use siegel_kernel::Timestamp;

use super::letter::Violation;

/// The latest that a reminder may be wished for.
const DAYS: i32 = 365;
const DAY: Duration = Duration::from_hours(24);

/// What the sender wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reminder {
    /// Days of 24 hours after provision.
    AfterDays(i32),
    At(Timestamp),
}

impl Reminder {
    pub fn violation(self, now: Timestamp) -> Option<Violation> {
        match self {
            Self::AfterDays(days) if !(1..=DAYS).contains(&days) => {
                let field = "letter.notification.reminder_after_days";
                Some(Violation::new(field, "must be 1 to 365"))
            }
            Self::At(at) if at > now.plus(DAY * 366) => {
                Some(Violation::new("letter.notification.reminder_at", "must be within a year"))
            }
            Self::AfterDays(_) | Self::At(_) => None,
        }
    }

    /// When it is due, for a letter that is provided at `provided`.
    pub fn due(self, provided: Timestamp) -> Timestamp {
        match self {
            Self::AfterDays(days) => {
                provided.plus(DAY * u32::try_from(days.clamp(0, DAYS)).unwrap_or_default())
            }
            Self::At(at) => at.max(provided),
        }
    }

    /// As the digest of a request has it.
    pub fn text(self) -> String {
        match self {
            Self::AfterDays(days) => format!("P{days}D"),
            Self::At(at) => at.to_rfc3339(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_reminder_comes_so_many_days_after_provision_and_never_before_it() {
        let provided = at("2025-03-06T10:15:00Z");
        assert_eq!(Reminder::AfterDays(3).due(provided), at("2025-03-09T10:15:00Z"));
        assert_eq!(
            Reminder::At(at("2025-03-20T08:00:00Z")).due(provided),
            at("2025-03-20T08:00:00Z")
        );
        assert_eq!(Reminder::At(at("2025-03-01T08:00:00Z")).due(provided), provided);
    }

    #[test]
    fn a_reminder_is_wished_for_within_a_year() {
        let now = at("2025-03-06T10:15:00Z");
        for good in [Reminder::AfterDays(1), Reminder::AfterDays(365), Reminder::At(now)] {
            assert_eq!(good.violation(now), None);
        }
        let far = Reminder::At(at("2027-01-01T00:00:00Z"));
        for bad in [Reminder::AfterDays(-1), Reminder::AfterDays(366), far] {
            assert!(bad.violation(now).is_some(), "{bad:?}");
        }
    }
}
