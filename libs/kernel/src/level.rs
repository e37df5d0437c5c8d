use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How sure we are of who someone is: the four ordered levels (Vertrauensniveaus, BSI TR-03107-1;
/// Regulation (EU) 910/2014, Art. 8). Belongs to credentials, sessions, attributes, letters,
/// mandates, clients (minimum) and upstream providers (cap).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustLevel {
    /// Basisregistrierung: e-mail and password, nothing proven.
    Basic = 1,
    /// Niedrig.
    Low = 2,
    /// Substanziell.
    Substantial = 3,
    /// Hoch: the eID card.
    High = 4,
}

/// Text or number that names no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a trust level")]
pub struct UnknownLevel;

impl TrustLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Basic, Self::Low, Self::Substantial, Self::High];

    /// 1 to 4.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// `basic`, `low`, `substantial`, `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Low => "low",
            Self::Substantial => "substantial",
            Self::High => "high",
        }
    }
}

impl TryFrom<i64> for TrustLevel {
    type Error = UnknownLevel;

    fn try_from(n: i64) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|l| i64::from(l.number()) == n).ok_or(UnknownLevel)
    }
}

impl FromStr for TrustLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|l| l.as_str() == text).ok_or(UnknownLevel)
    }
}

impl fmt::Display for TrustLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_from_password_to_card() {
        let mut sorted = TrustLevel::ALL;
        sorted.sort();
        assert_eq!(sorted, TrustLevel::ALL);
        assert!(TrustLevel::Substantial < TrustLevel::High);
    }

    #[test]
    fn every_level_is_found_by_its_number_and_name() {
        for level in TrustLevel::ALL {
            assert_eq!(TrustLevel::try_from(i64::from(level.number())), Ok(level));
            assert_eq!(level.as_str().parse(), Ok(level));
        }
        assert_eq!(TrustLevel::try_from(0), Err(UnknownLevel));
        assert_eq!(TrustLevel::try_from(5), Err(UnknownLevel));
    }
}
