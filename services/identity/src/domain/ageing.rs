//! How long a log-in counts: every level has its own limits (BSI TR-03160-1 as BundID applies it).
//!
//! A proof holds at its level within that level's limits. Past them it still proves what a
//! password proves, and the session ends with the limits of the basic level.

use std::time::Duration;

use siegel_kernel::{Timestamp, TrustLevel};

use super::factors;

/// How long a level holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the proof on, whatever happens.
    pub absolute: Duration,
    /// Without any sign of the person.
    pub idle: Duration,
}

impl Limits {
    pub const fn of(level: TrustLevel) -> Self {
        let (absolute, idle) = match level {
            TrustLevel::Basic | TrustLevel::Low => (12 * 60, 60),
            TrustLevel::Substantial => (2 * 60, 30),
            TrustLevel::High => (30, 5),
        };
        Self { absolute: Duration::from_secs(absolute * 60), idle: Duration::from_secs(idle * 60) }
    }

    fn allow(self, proven_at: Timestamp, last_seen: Timestamp, now: Timestamp) -> bool {
        now.since(proven_at) < self.absolute && now.since(last_seen) < self.idle
    }
}

/// One credential used in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What it proves now: an aged proof was written back as [`TrustLevel::Basic`].
    pub level: TrustLevel,
    /// How it was proven: a method of [`factors`], which makes the session's `amr` of them.
    pub method: String,
    pub at: Timestamp,
}

/// What a session proves at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub level: TrustLevel,
    /// The latest proof of that level.
    pub authenticated_at: Timestamp,
    pub amr: Vec<String>,
}

/// The proof as it counts at `now`; `None` once even the basic limits are over.
pub fn aged(proof: &Proof, last_seen: Timestamp, now: Timestamp) -> Option<Proof> {
    if Limits::of(proof.level).allow(proof.at, last_seen, now) {
        return Some(proof.clone());
    }
    let basic = Limits::of(TrustLevel::Basic).allow(proof.at, last_seen, now);
    basic.then(|| Proof { level: TrustLevel::Basic, ..proof.clone() })
}

/// What the proofs of a session amount to at `now`; `None` when the session is over.
pub fn standing(proofs: &[Proof], last_seen: Timestamp, now: Timestamp) -> Option<Standing> {
    let held: Vec<Proof> = proofs.iter().filter_map(|p| aged(p, last_seen, now)).collect();
    let level = held.iter().map(|p| p.level).max()?;
    let authenticated_at = held.iter().filter(|p| p.level == level).map(|p| p.at).max()?;
    let methods: Vec<&str> = held.iter().map(|p| p.method.as_str()).collect();
    let amr = factors::amr(&methods);
    Some(Standing { level, authenticated_at, amr })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_741_256_100);

    fn minutes(n: u64) -> Timestamp {
        START.plus(Duration::from_secs(n * 60))
    }

    fn proof(level: TrustLevel, method: &str, at: Timestamp) -> Proof {
        Proof { level, method: method.to_owned(), at }
    }

    fn password_then_card() -> Vec<Proof> {
        vec![proof(TrustLevel::Basic, "pwd", START), proof(TrustLevel::High, "sc", minutes(10))]
    }

    fn level(proofs: &[Proof], last_seen: u64, now: u64) -> Option<TrustLevel> {
        standing(proofs, minutes(last_seen), minutes(now)).map(|s| s.level)
    }

    #[test]
    fn the_card_counts_as_high_for_thirty_minutes_and_then_the_password_is_left() {
        let proofs = password_then_card();
        assert_eq!(level(&proofs, 39, 39), Some(TrustLevel::High));
        assert_eq!(level(&proofs, 40, 40), Some(TrustLevel::Basic));
    }

    #[test]
    fn five_idle_minutes_end_the_high_level() {
        let proofs = password_then_card();
        assert_eq!(level(&proofs, 10, 14), Some(TrustLevel::High));
        assert_eq!(level(&proofs, 10, 15), Some(TrustLevel::Basic));
    }

    #[test]
    fn substantial_holds_two_hours_and_thirty_idle_minutes() {
        let proofs = [proof(TrustLevel::Substantial, "upstream", START)];
        assert_eq!(level(&proofs, 100, 119), Some(TrustLevel::Substantial));
        assert_eq!(level(&proofs, 119, 120), Some(TrustLevel::Basic));
        assert_eq!(level(&proofs, 10, 40), Some(TrustLevel::Basic));
    }

    #[test]
    fn a_session_ends_after_an_idle_hour_or_twelve_hours() {
        let proofs = [proof(TrustLevel::Basic, "pwd", START)];
        assert_eq!(level(&proofs, 0, 59), Some(TrustLevel::Basic));
        assert_eq!(level(&proofs, 0, 60), None);
        assert_eq!(level(&proofs, 719, 719), Some(TrustLevel::Basic));
        assert_eq!(level(&proofs, 719, 720), None);
    }

    #[test]
    fn a_session_of_the_card_alone_falls_to_basic_and_lives_on() {
        let proofs = [proof(TrustLevel::High, "sc", START)];
        assert_eq!(level(&proofs, 29, 31), Some(TrustLevel::Basic));
        assert_eq!(level(&proofs, 700, 721), None);
    }

    #[test]
    fn the_time_of_log_in_is_that_of_the_level_that_counts() {
        let proofs = password_then_card();
        let high = standing(&proofs, minutes(11), minutes(11)).unwrap();
        assert_eq!(
            (high.authenticated_at, high.amr),
            (minutes(10), vec!["mfa".into(), "pwd".into(), "sc".into()])
        );
    }

    #[test]
    fn no_proof_is_no_session() {
        assert_eq!(standing(&[], START, START), None);
    }
}
