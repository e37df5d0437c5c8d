use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;

/// A mail as it was ordered. It holds everything that a person could be known by, so it is stored
/// sealed only, and wiped when the order is settled.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mail {
    /// A code that confirms an address.
    Code { email: String, locale: String, kind: CodeKind, code: String },
    /// Somebody tried to register the address of an account.
    AlreadyRegistered { email: String, locale: String },
    /// Something waits for a recipient; the address is looked up when the mail leaves.
    Notice {
        recipient: String,
        bell: Bell,
        level: TrustLevel,
        path: String,
        /// What the postbox is asked about before a reminder leaves; empty: nothing is asked.
        #[serde(default)]
        reminder_of: String,
        /// Days that are left, for notices that say so.
        #[serde(default)]
        days: u32,
    },
}

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    Registration,
    PasswordReset,
    EmailChangeNew,
    EmailChangeOld,
    DeviceRelease,
    /// To somebody whom an organisation invites; the code counts for days.
    Invitation,
}

/// What a notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bell {
    LetterProvided,
    LetterReminder,
    CredentialAdded,
    CredentialRemoved,
    PasswordChanged,
    RecoveryCodesCreated,
    RecoveryCodeUsed,
    LetterDeemedServed,
    AccountLinked,
    AccountUnlinked,
    AccountInactive,
    DeletionAsked,
    DeletionCancelled,
    DataTakenOver,
    AccountsMerged,
}

impl Mail {
    /// What a reminder is of, if that is asked about before it leaves.
    pub fn reminder_of(&self) -> Option<&str> {
        match self {
            Self::Notice { reminder_of, .. } if !reminder_of.is_empty() => Some(reminder_of),
            _ => None,
        }
    }

    /// How long it is worth sending. Codes are good for ten minutes; other mails are tried as
    /// long as RFC 5321 §4.5.4.1 asks for, 5 days.
    pub const fn lifetime(&self) -> Duration {
        match self {
            Self::Code { kind: CodeKind::Invitation, .. }
            | Self::AlreadyRegistered { .. }
            | Self::Notice { .. } => Duration::from_hours(5 * 24),
            Self::Code { .. } => Duration::from_mins(10),
        }
    }
}

/// Whether this may stand in a mail as a code: 4 to 32 letters and digits.
pub fn is_code(text: &str) -> bool {
    (4..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether this may follow our origin in a link: an absolute path without a query, which cannot
/// lead to another host.
pub fn is_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.".contains(&b);
    let steps_up = || text.split('/').any(|segment| segment == "..");
    text.len() <= 200
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(plain)
        && !steps_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_on_our_origin() {
        for good in ["/", "/postbox", "/postbox/let_0199-a.b"] {
            assert!(is_path(good), "{good}");
        }
        let bad = [
            "",
            "postbox",
            "//evil.example",
            ".evil.example",
            "/a/../b",
            "/\\evil",
            "/a\r\nB: c",
            "/a?b=c",
            "/ä",
            "/@",
        ];
        for bad in bad {
            assert!(!is_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_code_is_a_few_letters_and_digits() {
        assert!(is_code("042917"));
        for bad in ["", "123", "12 456", "1234\r\n", &"1".repeat(33)] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
