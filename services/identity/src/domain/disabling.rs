//! Why an operator closes an account to its owner.

use std::fmt;
use std::str::FromStr;

/// The reasons there are; the trail and clients get the word, never a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Somebody else got hold of it.
    Hijacked,
    /// One of many that were made to be misused.
    BulkAccount,
    /// It was used against the terms (Nutzungsbedingungen).
    Misuse,
    /// Its owner asked for it.
    OwnerRequest,
    /// A court or an authority ordered it (behördliche Anordnung).
    Ordered,
    /// Its owner has died (Sterbefall).
    Deceased,
}

/// A word that is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of hijacked, bulk-account, misuse, owner-request, ordered, deceased")]
pub struct UnknownReason;

impl Reason {
    pub const ALL: [Self; 6] = [
        Self::Hijacked,
        Self::BulkAccount,
        Self::Misuse,
        Self::OwnerRequest,
        Self::Ordered,
        Self::Deceased,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hijacked => "hijacked",
            Self::BulkAccount => "bulk-account",
            Self::Misuse => "misuse",
            Self::OwnerRequest => "owner-request",
            Self::Ordered => "ordered",
            Self::Deceased => "deceased",
        }
    }

    /// What clients are told: RISC 1.0 §2.3 knows two reasons, and no portal needs the others.
    pub const fn told(self) -> Option<&'static str> {
        match self {
            Self::Hijacked => Some("hijacking"),
            Self::BulkAccount => Some("bulk-account"),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(UnknownReason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_as_it_is_written_and_clients_learn_two() {
        for reason in Reason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert!(UnknownReason.to_string().contains(reason.as_str()));
        }
        assert_eq!("because".parse::<Reason>(), Err(UnknownReason));
        assert_eq!(Reason::ALL.iter().filter(|reason| reason.told().is_some()).count(), 2);
    }
}
