use serde::{Deserialize, Serialize};
use siegel_kernel::TrustLevel;

use super::{BadField, EmailAddress, Locale, bad};

/// What a mail will say. Never anything about a letter besides that there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// To an address that no account owns yet.
    Code { email: EmailAddress, locale: Locale, purpose: Purpose },
    /// To the contact of a recipient, as it is when the mail leaves.
    Notice(Notice),
}

/// Why a code mail is sent, and the code if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    Registration(Code),
    /// Somebody tried to register an address that has an account; there is no code.
    AlreadyRegistered,
    PasswordReset(Code),
}

/// A code that a person types in: 4 to 32 letters, digits and hyphens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code(String);

impl Code {
    pub fn parse(text: &str) -> Result<Self, BadField> {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !plain || !(4..=32).contains(&text.len()) {
            return Err(bad("code", "has not 4 to 32 letters, digits and hyphens"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(…)")
    }
}

/// That something waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub template: Template,
    /// Level the person will need to open it; `None`: not said.
    pub required_level: Option<TrustLevel>,
    pub path: OriginPath,
}

/// Which text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Template {
    LetterProvided,
    LetterReminder,
}

impl Template {
    /// As it stands in the audit trail and before the keys of the texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LetterProvided => "letter-provided",
            Self::LetterReminder => "letter-reminder",
        }
    }
}

impl Purpose {
    /// As it stands in the audit trail and before the keys of the texts.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Registration(_) => "registration",
            Self::AlreadyRegistered => "already-registered",
            Self::PasswordReset(_) => "password-reset",
        }
    }

    pub const fn code(&self) -> Option<&Code> {
        match self {
            Self::Registration(code) | Self::PasswordReset(code) => Some(code),
            Self::AlreadyRegistered => None,
        }
    }
}

/// A path under the suite's origin: whoever orders a mail cannot send people elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginPath(String);

impl OriginPath {
    /// At most 512 characters of RFC 3986 §3.3; `/` alone when empty.
    pub fn parse(text: &str) -> Result<Self, BadField> {
        let text = if text.is_empty() { "/" } else { text };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%?".contains(&b);
        let inside = text.starts_with('/') && !text.starts_with("//");
        if !inside || text.len() > 512 || !text.bytes().all(plain) {
            return Err(bad("path", "is no path under the origin"));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_nowhere_but_under_the_origin() {
        for good in ["/", "/postbox", "/postbox?letter=let_0", ""] {
            assert!(OriginPath::parse(good).is_ok(), "{good:?}");
        }
        let bad = ["//evil.example", "https://evil.example", "postbox", "/\\evil", "/a b", "/a\r\nX: y",
            "/\"><script>", "@evil.example"];
        for bad in bad {
            assert!(OriginPath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_code_is_plain_and_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Code::parse("123456").unwrap()), "Code(…)");
        for bad in ["", "123", "12 34", "1234\r\nX: y", "<b>12</b>"] {
            assert!(Code::parse(bad).is_err(), "{bad:?}");
        }
    }
}
