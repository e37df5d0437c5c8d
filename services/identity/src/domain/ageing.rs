//! How long a log-in counts: every level has its own limits (BSI TR-03160-1 as BundID applies it).
//!
//! A proof falls stepwise: `high` until its limits, then `substantial` until its own, then `low`,
//! never below what the credential proved at least. The session ends with the limits of the
//! lowest level. A tenant may shorten the limits for log-ins made for its clients.

use std::time::Duration;

use siegel_kernel::{Timestamp, TrustLevel};

use super::tenant::LevelLimits;

/// How long a level holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the proof on, whatever happens.
    pub absolute: Duration,
    /// Without any sign of the person.
    pub idle: Duration,
}

impl Limits {
    /// The common limits.
    pub const fn of(level: TrustLevel) -> Self {
        let (absolute, idle) = match level {
            TrustLevel::Basic | TrustLevel::Low => (12 * 60, 60),
            TrustLevel::Substantial => (2 * 60, 30),
            TrustLevel::High => (30, 5),
        };
        Self { absolute: Duration::from_secs(absolute * 60), idle: Duration::from_secs(idle * 60) }
    }

    /// A tenant's limits, never longer than the common ones.
    pub fn within(own: &[LevelLimits], level: TrustLevel) -> Self {
        let common = Self::of(level);
        let minutes = |n: u64| Duration::from_secs(n.saturating_mul(60));
        match own.iter().find(|l| l.level == level) {
            Some(own) => Self {
                absolute: minutes(own.absolute_minutes).min(common.absolute),
                idle: minutes(own.idle_minutes).min(common.idle),
            },
            None => common,
        }
    }

    fn allow(self, proven_at: Timestamp, last_seen: Timestamp, now: Timestamp) -> bool {
        now.since(proven_at) < self.absolute && now.since(last_seen) < self.idle
    }
}

/// One credential used in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What it proves now: an aged proof was written back at its lower level.
    pub level: TrustLevel,
    /// The session's `amr` (RFC 8176 §2): `pwd` for a password, `sc` for a card.
    pub method: String,
    pub at: Timestamp,
    /// The limits of the tenant it was made for, where they are its own.
    pub limits: Vec<LevelLimits>,
}

impl Proof {
    /// A proof under the common limits.
    pub fn new(level: TrustLevel, method: impl Into<String>, at: Timestamp) -> Self {
        Self { level, method: method.into(), at, limits: Vec::new() }
    }
}

/// What a session proves at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub level: TrustLevel,
    /// The latest proof of that level.
    pub authenticated_at: Timestamp,
    pub amr: Vec<String>,
}

/// What a proof falls to once the limits of `level` are over; `None` at the bottom: a card or a
/// password proves its holder no longer at all.
const fn below(level: TrustLevel) -> Option<TrustLevel> {
    match level {
        TrustLevel::High => Some(TrustLevel::Substantial),
        TrustLevel::Substantial => Some(TrustLevel::Low),
        TrustLevel::Low | TrustLevel::Basic => None,
    }
}

/// The proof as it counts at `now`; `None` once even the lowest limits are over.
pub fn aged(proof: &Proof, last_seen: Timestamp, now: Timestamp) -> Option<Proof> {
    let mut level = proof.level;
    loop {
        if Limits::within(&proof.limits, level).allow(proof.at, last_seen, now) {
            return Some(Proof { level, ..proof.clone() });
        }
        level = below(level)?;
    }
}

/// The `amr` of a method: without the name of the provider that a log-in elsewhere carries.
pub fn word(method: &str) -> &str {
    method.split_once(':').map_or(method, |(word, _)| word)
}

/// What the proofs of a session amount to at `now`; `None` when the session is over.
pub fn standing(proofs: &[Proof], last_seen: Timestamp, now: Timestamp) -> Option<Standing> {
    let held: Vec<Proof> = proofs.iter().filter_map(|p| aged(p, last_seen, now)).collect();
    let level = held.iter().map(|p| p.level).max()?;
    let authenticated_at = held.iter().filter(|p| p.level == level).map(|p| p.at).max()?;
    let mut amr: Vec<String> = held.iter().map(|p| word(&p.method).to_owned()).collect();
    amr.sort();
    amr.dedup();
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
        Proof::new(level, method, at)
    }

    fn password_then_card() -> Vec<Proof> {
        vec![proof(TrustLevel::Basic, "pwd", START), proof(TrustLevel::High, "sc", minutes(10))]
    }

    fn level(proofs: &[Proof], last_seen: u64, now: u64) -> Option<TrustLevel> {
        standing(proofs, minutes(last_seen), minutes(now)).map(|s| s.level)
    }

    #[test]
    fn a_card_falls_from_high_to_substantial_to_low_each_at_its_own_limit() {
        let proofs = password_then_card();
        for (now, expected) in [
            (39, TrustLevel::High),
            (40, TrustLevel::Substantial),
            (129, TrustLevel::Substantial),
            (130, TrustLevel::Low),
            (729, TrustLevel::Low),
        ] {
            assert_eq!(level(&proofs, now, now), Some(expected), "after {now} minutes");
        }
        assert_eq!(level(&proofs, 730, 730), None);
    }

    #[test]
    fn idleness_lowers_stepwise_as_well() {
        let proofs = password_then_card();
        for (now, expected) in [
            (14, Some(TrustLevel::High)),
            (15, Some(TrustLevel::Substantial)),
            (39, Some(TrustLevel::Substantial)),
            (40, Some(TrustLevel::Low)),
            (69, Some(TrustLevel::Low)),
            (70, None),
        ] {
            assert_eq!(level(&proofs, 10, now), expected, "at {now}, last seen at 10");
        }
    }

    #[test]
    fn substantial_holds_two_hours_and_thirty_idle_minutes() {
        let proofs = [proof(TrustLevel::Substantial, "upstream", START)];
        assert_eq!(level(&proofs, 100, 119), Some(TrustLevel::Substantial));
        assert_eq!(level(&proofs, 119, 120), Some(TrustLevel::Low));
        assert_eq!(level(&proofs, 10, 40), Some(TrustLevel::Low));
    }

    #[test]
    fn a_tenants_shorter_limits_count_for_its_own_log_ins_only() {
        let own =
            vec![LevelLimits { level: TrustLevel::High, absolute_minutes: 10, idle_minutes: 5 }];
        let short = Proof { limits: own, ..proof(TrustLevel::High, "sc", START) };
        assert_eq!(level(&[short], 10, 10), Some(TrustLevel::Substantial));
        assert_eq!(level(&[proof(TrustLevel::High, "sc", START)], 10, 10), Some(TrustLevel::High));
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
    fn a_password_never_becomes_more_by_ageing() {
        let proofs = [proof(TrustLevel::Basic, "pwd", START)];
        assert_eq!(level(&proofs, 20, 20), Some(TrustLevel::Basic));
    }

    #[test]
    fn the_time_of_log_in_is_that_of_the_level_that_counts() {
        let proofs = password_then_card();
        let high = standing(&proofs, minutes(11), minutes(11)).unwrap();
        assert_eq!(
            (high.authenticated_at, high.amr),
            (minutes(10), vec!["pwd".into(), "sc".into()])
        );
    }

    #[test]
    fn clients_learn_that_a_log_in_was_elsewhere_and_not_where() {
        let proofs = [proof(TrustLevel::Low, "fed:land-b", START)];
        assert_eq!(standing(&proofs, START, START).unwrap().amr, ["fed"]);
    }

    #[test]
    fn no_proof_is_no_session() {
        assert_eq!(standing(&[], START, START), None);
    }
}
