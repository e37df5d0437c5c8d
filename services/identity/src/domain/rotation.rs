//! When a signing key is used and when it is shown: the same answer at every replica, from the
//! settings and the clock alone.

use std::time::Duration;

use siegel_kernel::Timestamp;

/// How long a key is still published after its successor took over: longer than any token lives
/// (five minutes) with a client's clock error and the time caches keep the key set, so that
/// everything it signed can be verified until it expires (OpenID Connect Core §10.1.1).
pub const OVERLAP: Duration = Duration::from_hours(1);
/// How long clients may keep the key set, seconds: much shorter than [`OVERLAP`].
pub const KEY_SET_KEPT: u32 = 300;

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that everybody knows it before its first use.
    Next,
    /// Signs.
    Active,
    /// Signs no more; its last tokens may still live.
    Kept,
    /// No longer published. Only old ID tokens that come back as hints are read with it.
    Retired,
}

impl KeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Kept => "kept",
            Self::Retired => "retired",
        }
    }

    pub const fn is_published(self) -> bool {
        !matches!(self, Self::Retired)
    }
}

/// Which of the keys signs at `now`: the one that began last. `starts` is in ascending order; before
/// the first start the first one signs.
pub fn active(starts: &[Timestamp], now: Timestamp) -> usize {
    starts.iter().rposition(|start| *start <= now).unwrap_or(0)
}

/// The state of the key at `place`.
pub fn state(starts: &[Timestamp], place: usize, now: Timestamp) -> KeyState {
    let current = active(starts, now);
    if place == current {
        return KeyState::Active;
    }
    if place > current {
        return KeyState::Next;
    }
    match starts.get(place + 1) {
        Some(superseded) if now >= superseded.plus(OVERLAP) => KeyState::Retired,
        _ => KeyState::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_seconds(hours * 3600)
    }

    #[test]
    fn a_key_is_shown_before_it_signs_and_until_its_last_token_died() {
        use KeyState::{Active, Kept, Next, Retired};
        let starts = [at(-1000), at(10), at(20)];
        let all = |now| [0, 1, 2].map(|i| state(&starts, i, now));
        assert_eq!(all(at(9)), [Active, Next, Next]);
        assert_eq!(all(at(10)), [Kept, Active, Next]);
        assert_eq!(all(at(11)), [Retired, Active, Next]);
        assert_eq!(all(at(20)), [Retired, Kept, Active]);
        assert_eq!(all(at(30)), [Retired, Retired, Active]);
        assert_eq!(state(&starts, 0, at(-2000)), Active, "before the first start");
    }

    #[test]
    fn clients_forget_a_key_set_long_before_a_key_goes() {
        let lifetime = siegel_oidc::AccessToken::LIFETIME.unsigned_abs();
        assert!(OVERLAP.as_secs() > 2 * (u64::from(KEY_SET_KEPT) + lifetime));
    }
}
