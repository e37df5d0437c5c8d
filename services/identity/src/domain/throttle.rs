//! How long to wait after wrong secrets. Counted by account, not by what was typed, and before
//! the secret is looked at, so that parallel attempts count too.

use std::time::Duration;

/// Wrong passwords after which a password is switched off for a while (BundID: 9).
pub const PASSWORD_FAILURES: i64 = 9;
/// Wrong codes after which a code is spent.
pub const CODE_TRIES: i64 = 5;
/// Mails with a code that one address gets within [`MAIL_WINDOW`].
pub const MAILS: i64 = 5;
pub const MAIL_WINDOW: Duration = Duration::from_hours(1);
/// A counter that nothing touched for this long starts anew.
pub const FORGET: Duration = Duration::from_hours(24);

/// How long a password takes no attempt after this many wrong ones in a row: nothing up to the
/// fourth, 5 s doubling from the fifth, 15 minutes doubling from the ninth, at most a day.
pub fn password_wait(failures: i64) -> Duration {
    let doubled = |base: u64, times: i64| {
        let factor = 1_u64 << u32::try_from(times.clamp(0, 20)).unwrap_or(0);
        Duration::from_secs(base.saturating_mul(factor))
    };
    let wait = match failures {
        ..=4 => Duration::ZERO,
        5..PASSWORD_FAILURES => doubled(5, failures - 5),
        _ => doubled(15 * 60, failures - PASSWORD_FAILURES),
    };
    wait.min(FORGET)
}

/// How long one-time and recovery codes take no attempt after this many wrong ones in a row:
/// nothing up to the fourth, a minute doubling from the fifth, at most a day.
pub fn code_wait(failures: i64) -> Duration {
    if failures < CODE_TRIES {
        return Duration::ZERO;
    }
    let doublings = u32::try_from((failures - CODE_TRIES).clamp(0, 20)).unwrap_or(0);
    Duration::from_secs(60_u64 << doublings).min(FORGET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_cost_no_time_and_guessing_costs_more_each_time() {
        let waits: Vec<u64> = (1..=10).map(|n| password_wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 5, 10, 20, 40, 900, 1800]);
    }

    #[test]
    fn five_wrong_codes_cost_a_minute_and_each_further_one_twice_as_much() {
        let waits: Vec<u64> = (3..=7).map(|n| code_wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 0, 60, 120, 240]);
        assert_eq!(code_wait(i64::MAX), FORGET);
    }

    #[test]
    fn no_wait_is_longer_than_a_day() {
        assert_eq!(password_wait(i64::MAX), Duration::from_hours(24));
    }
}
