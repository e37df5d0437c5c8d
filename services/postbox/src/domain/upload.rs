//! Uploads that go on after an interruption: to whom they belong, how far they are.

use std::fmt;

use super::MailboxId;

/// Plain bytes of one stored part. A broken connection costs at most one; what was written and not
/// yet counted when the server was killed comes again.
pub const PART: usize = 4 * 1024 * 1024;
/// Parts an upload may have beside those its size needs: every interruption leaves one.
const SPARE_PARTS: i64 = 1_000;
/// Uploads that one owner may have open.
const OPEN_UPLOADS: i64 = 1_000;
/// As many for a person: what one letter may be answered with.
const OPEN_UPLOADS_OF_PERSONS: i64 = 5;

/// To whom an upload belongs; nobody else finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Sender { tenant: String, client_id: String },
    Mailbox(MailboxId),
}

impl Owner {
    /// Uploads that may be open at once.
    pub const fn open_uploads(&self) -> i64 {
        match self {
            Self::Sender { .. } => OPEN_UPLOADS,
            Self::Mailbox(_) => OPEN_UPLOADS_OF_PERSONS,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sender { tenant, client_id } => write!(f, "client:{tenant}/{client_id}"),
            Self::Mailbox(mailbox) => write!(f, "{mailbox}"),
        }
    }
}

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Bytes are missing, or were not checked yet.
    Receiving,
    /// A letter may name it.
    Ready,
    /// The bytes were not what was declared; nothing of them is kept.
    Refused,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Ready => "ready",
            Self::Refused => "refused",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Receiving, Self::Ready, Self::Refused].into_iter().find(|s| s.as_str() == name)
    }
}

/// What is known about viruses in an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    Scanned,
    NotScanned,
    /// Something was found after it was accepted: never handed out again.
    Blocked,
}

impl Scan {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scanned => "scanned",
            Self::NotScanned => "not_scanned",
            Self::Blocked => "blocked",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Scanned, Self::NotScanned, Self::Blocked].into_iter().find(|s| s.as_str() == name)
    }
}

/// Whether an upload of this size may get another part.
pub fn may_have_part(size_bytes: i64, parts: i64) -> bool {
    let needed = size_bytes / i64::try_from(PART).unwrap_or(i64::MAX);
    parts <= needed.saturating_add(SPARE_PARTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_states_lead_back_to_them() {
        for state in [State::Receiving, State::Ready, State::Refused] {
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
        for scan in [Scan::Scanned, Scan::NotScanned, Scan::Blocked] {
            assert_eq!(Scan::parse(scan.as_str()), Some(scan));
        }
        assert_eq!(State::parse("done"), None);
    }

    #[test]
    fn two_gibibytes_in_single_bytes_end_before_they_fill_the_store() {
        assert!(may_have_part(2 << 30, 512 + 1_000));
        assert!(!may_have_part(2 << 30, 512 + 1_001));
    }
}
