//! What may go into a safe, and who may fetch it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use siegel_kernel::{Timestamp, TrustLevel};

use super::BadField;

/// How long a fetch that broke off may be repeated, also when the grant is for one fetch.
const REPEAT: Duration = Duration::from_mins(10);

/// Where a document comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its person uploaded it.
    Person,
    /// An authority issued it.
    Issued,
    /// It came with a letter.
    Letter,
}

impl Origin {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Issued => "issued",
            Self::Letter => "letter",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Person, Self::Issued, Self::Letter].into_iter().find(|o| o.as_str() == text)
    }
}

/// What is said of a document; sealed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub name: String,
    pub media_type: String,
    /// Who issued it; empty for one's own.
    pub issuer: String,
    /// The letter it came with; empty for others.
    pub letter: String,
}

/// Who put a document into a safe, and where it comes from.
#[derive(Clone, Debug)]
pub struct Provenance {
    pub origin: Origin,
    /// Who issued it; empty for one's own.
    pub issuer: String,
    /// The letter it came with; empty for others.
    pub letter: String,
    /// The tenant of who issued it; empty for one's own, and from a postbox that tells none yet.
    pub tenant: String,
}

impl Provenance {
    /// Uploaded by its person.
    pub const fn own() -> Self {
        Self {
            origin: Origin::Person,
            issuer: String::new(),
            letter: String::new(),
            tenant: String::new(),
        }
    }

    /// Checks what another service says of it.
    pub fn check(&self) -> Result<(), BadField> {
        let plain = |text: &str| text.chars().count() <= 255 && !text.chars().any(char::is_control);
        if self.origin == Origin::Person {
            return Err(BadField::new("head.origin", "is neither issued nor from a letter"));
        }
        if self.issuer.is_empty() || !plain(&self.issuer) {
            return Err(BadField::new("head.issuer", "has not 1 to 255 characters on one line"));
        }
        if (self.origin == Origin::Letter) == self.letter.is_empty() || !plain(&self.letter) {
            return Err(BadField::new("head.letter_id", "is of a document from a letter"));
        }
        if !plain(&self.tenant) {
            return Err(BadField::new("head.tenant", "has not up to 255 characters on one line"));
        }
        Ok(())
    }
}

/// What comes before the bytes.
#[derive(Clone, Debug)]
pub struct Head {
    pub name: String,
    pub media_type: String,
    pub size: i64,
    pub sha256: Vec<u8>,
}

impl Head {
    /// Checks what was declared; `largest` in bytes.
    pub fn check(&self, largest: i64) -> Result<(), BadField> {
        check_name(&self.name)?;
        if !is_media_type(&self.media_type) {
            return Err(BadField::new("head.media_type", "is no media type"));
        }
        if self.size < 1 || self.size > largest {
            let problem = format!("is not 1 to {largest}");
            return Err(BadField::new("head.size_bytes", problem));
        }
        if self.sha256.len() != 32 {
            return Err(BadField::new("head.sha256", "has not 32 bytes"));
        }
        Ok(())
    }
}

/// A name of a file: on one line, and no path.
pub fn check_name(name: &str) -> Result<(), BadField> {
    let plain = |c: char| {
        let turns = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !c.is_control() && !turns && !matches!(c, '/' | '\\')
    };
    let fits = (1..=255).contains(&name.chars().count()) && name.trim() == name;
    if !fits || !name.chars().all(plain) || matches!(name, "." | "..") {
        return Err(BadField::new("name", "is no name of a file"));
    }
    Ok(())
}

/// `type/subtype` (RFC 6838 §4.2), without parameters.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        (1..=127).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub))
}

/// What a person agreed to when giving a grant; sealed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub document_name: String,
    pub client_name: String,
    pub purpose: String,
    /// Level of the session that gave it.
    pub level: TrustLevel,
}

/// How far a grant is.
#[derive(Clone, Debug)]
pub struct Granted<'a> {
    pub many: bool,
    pub valid_until: Timestamp,
    pub revoked: bool,
    pub fetches: i64,
    pub last: Option<(Timestamp, &'a str)>,
}

/// What a fetch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// A new one: it counts, and is disclosed.
    New,
    /// The last one again, whose answer broke off.
    Again,
    /// Not allowed (any more).
    No,
}

impl Granted<'_> {
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.valid_until && (self.many || self.fetches == 0)
    }

    pub fn fetch(&self, request_id: &str, now: Timestamp) -> Fetch {
        if self.revoked || now >= self.valid_until {
            return Fetch::No;
        }
        match self.last {
            Some((at, last)) if last == request_id && now < at.plus(REPEAT) => Fetch::Again,
            _ if self.is_open(now) => Fetch::New,
            _ => Fetch::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn granted(many: bool, last: Option<&str>) -> Granted<'_> {
        Granted {
            many,
            valid_until: NOW.plus(Duration::from_hours(1)),
            revoked: false,
            fetches: i64::from(last.is_some()),
            last: last.map(|id| (NOW, id)),
        }
    }

    #[test]
    fn one_fetch_is_one_and_its_repetition_ends_after_ten_minutes() {
        assert_eq!(granted(false, None).fetch("a", NOW), Fetch::New);
        assert_eq!(granted(false, Some("a")).fetch("a", NOW), Fetch::Again);
        assert_eq!(granted(false, Some("a")).fetch("b", NOW), Fetch::No);
        let later = NOW.plus(REPEAT);
        assert_eq!(granted(false, Some("a")).fetch("a", later), Fetch::No);
        assert_eq!(granted(true, Some("a")).fetch("b", NOW), Fetch::New);
    }

    #[test]
    fn an_ended_grant_gives_nothing_not_even_again() {
        let over = Granted { valid_until: NOW, ..granted(true, Some("a")) };
        assert_eq!(over.fetch("a", NOW), Fetch::No);
        let revoked = Granted { revoked: true, ..granted(true, Some("a")) };
        assert_eq!(revoked.fetch("a", NOW), Fetch::No);
    }

    #[test]
    fn names_are_names_and_no_paths() {
        for good in ["Bescheid.pdf", "Übersicht 2025 (1).pdf", "…"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", " a", "a/b", "a\\b", "..", "a\nb", "a\u{202e}fdp.exe"] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn media_types_have_two_tokens() {
        assert!(is_media_type("application/vnd.ms-excel"));
        for bad in ["pdf", "a/b/c", "text/html; charset=x", "/", "a/ b"] {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
