//! Deleting accounts: who has to delete what, and when nobody uses an account any more.

use std::time::Duration;

use siegel_kernel::Timestamp;

/// Services that hold something of accounts, each with its turn: those of a turn are asked when
/// those before it have answered. Notification comes last: what the others still order up to then
/// finds the address, or its absence. Identity itself deletes when all have answered. `eid` holds
/// nothing that names an account, and nothing beyond its sessions of minutes.
pub const SERVICES: [(&str, i64); 5] =
    [("account", 1), ("organisation", 1), ("portal", 1), ("postbox", 1), ("notification", 2)];

const DAY: Duration = Duration::from_hours(24);

/// Why an account is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its owner asked for it (OZG § 8(5)).
    Owner,
    /// Nobody logged in for too long.
    Inactivity,
}

impl Cause {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Inactivity => "inactivity",
        }
    }
}

/// When an account that nobody logs in to is deleted, and when its owner hears of it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inactivity {
    /// Days without a log-in.
    pub days: u32,
    /// Days before the deletion on which the notices go, the earlier first.
    pub notices: [u32; 2],
}

/// A step towards the deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Accounts whose last log-in is not later than this,
    pub last_login: Timestamp,
    /// and whose notice before, if there is one, went not later than this. Nobody is deleted because
    /// notices were late: the time between them is kept, whatever the clock did.
    pub noticed: Timestamp,
}

impl Inactivity {
    /// What is due of notice `number` (1 or 2), or with 3 of the deletion.
    pub fn due(&self, number: u32, now: Timestamp) -> Due {
        let [first, second] = self.notices;
        let (left, since_notice) = match number {
            1 => (first, 0),
            2 => (second, first.saturating_sub(second)),
            _ => (0, second),
        };
        Due {
            last_login: now.minus(DAY.saturating_mul(self.days.saturating_sub(left))),
            noticed: now.minus(DAY.saturating_mul(since_notice)),
        }
    }

    /// What a notice says is left.
    pub const fn days_left(&self, number: u32) -> u32 {
        let [first, second] = self.notices;
        if number == 1 { first } else { second }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Inactivity = Inactivity { days: 730, notices: [182, 91] };
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn days_ago(days: u32) -> Timestamp {
        NOW.minus(DAY * days)
    }

    #[test]
    fn notices_go_six_and_three_months_before_the_end_of_two_years() {
        assert_eq!(RULE.due(1, NOW).last_login, days_ago(548));
        assert_eq!(RULE.due(2, NOW).last_login, days_ago(639));
        assert_eq!(RULE.due(3, NOW).last_login, days_ago(730));
    }

    #[test]
    fn a_late_notice_moves_what_follows_it() {
        assert_eq!(RULE.due(2, NOW).noticed, days_ago(91));
        assert_eq!(RULE.due(3, NOW).noticed, days_ago(91));
    }

    #[test]
    fn notification_is_asked_after_all_others() {
        let last = SERVICES.iter().max_by_key(|(_, turn)| turn).map(|(name, _)| *name);
        assert_eq!(last, Some("notification"));
        let turns = SERVICES.iter().filter(|(_, turn)| *turn == 2).count();
        assert_eq!(turns, 1);
    }
}
