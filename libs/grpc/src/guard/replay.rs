//! Proofs seen by this replica. Nonces bind a proof to method, token and minute; this cache stops
//! its second use within them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use siegel_kernel::Timestamp;

/// A proof older than this no longer holds, seconds (window and skew of DPoP).
const KEEP: i64 = 75;
/// Above this many proofs the old ones are swept.
const SWEEP_AT: usize = 50_000;

#[derive(Default)]
pub(super) struct Replays {
    seen: Mutex<HashMap<[u8; 32], i64>>,
}

impl Replays {
    /// `true` the first time a key uses this id.
    pub(super) fn first_use(&self, jkt: &str, jti: &str, now: Timestamp) -> bool {
        let now = now.as_seconds();
        let name = siegel_crypto::sha256_fields(&[jkt.as_bytes(), jti.as_bytes()]);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > SWEEP_AT {
            seen.retain(|_, at| *at + KEEP >= now);
        }
        seen.insert(name, now).is_none_or(|at| at + KEEP < now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_used_once_and_other_keys_do_not_matter() {
        let replays = Replays::default();
        let now = Timestamp::from_seconds(1_000);
        assert!(replays.first_use("k", "1", now));
        assert!(!replays.first_use("k", "1", now));
        assert!(replays.first_use("k", "2", now));
        assert!(replays.first_use("l", "1", now));
    }
}
