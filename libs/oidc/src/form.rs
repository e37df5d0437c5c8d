//! How values of attributes are written, and which are none.

/// How the value of an attribute is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text on one line.
    Text,
    /// A full date, `1964-08-12` (ISO 8601).
    Date,
    /// Two capital letters (ISO 3166-1 alpha-2).
    Country,
    /// One to three capital letters as on travel documents, `D` (ICAO 9303).
    Nationality,
    /// `0` not known, `1` male, `2` female, `9` not applicable (ISO 5218).
    Salutation,
    /// International format, `+49 385 5450`.
    Phone,
    /// `local@domain`.
    Email,
    /// `true` or `false`.
    Boolean,
    /// 36 characters in five groups (RFC 9562).
    Uuid,
    /// `2020.2.1`: numbers with dots between.
    Version,
}

/// A value that the attribute cannot have. The value itself is not repeated: it is personal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    #[error("is longer than {0} characters")]
    TooLong(usize),
    #[error("holds line breaks or control characters, or begins or ends with a space")]
    NotPlain,
    #[error("is not a date of the form YYYY-MM-DD")]
    NotADate,
    #[error("is not a two-letter country code")]
    NotACountry,
    #[error("is not a nationality code of one to three letters")]
    NotANationality,
    #[error("is none of 0, 1, 2, 9")]
    NotASalutation,
    #[error("is not a telephone number in international format")]
    NotAPhone,
    #[error("is not an e-mail address")]
    NotAnEmail,
    #[error("is neither true nor false")]
    NotABoolean,
    #[error("is not a UUID")]
    NotAUuid,
    #[error("is not a version")]
    NotAVersion,
}

impl Form {
    /// Checks a value that is not empty.
    pub(crate) fn check(self, value: &str) -> Result<(), BadValue> {
        let capitals = |s: &str| s.bytes().all(|b| b.is_ascii_uppercase());
        let (holds, otherwise) = match self {
            Self::Text => return Ok(()),
            Self::Date => (is_date(value), BadValue::NotADate),
            Self::Country => (value.len() == 2 && capitals(value), BadValue::NotACountry),
            Self::Nationality => {
                ((1..=3).contains(&value.len()) && capitals(value), BadValue::NotANationality)
            }
            Self::Salutation => (matches!(value, "0" | "1" | "2" | "9"), BadValue::NotASalutation),
            Self::Phone => (is_phone(value), BadValue::NotAPhone),
            Self::Email => (is_email(value), BadValue::NotAnEmail),
            Self::Boolean => (matches!(value, "true" | "false"), BadValue::NotABoolean),
            Self::Uuid => (is_uuid(value), BadValue::NotAUuid),
            Self::Version => (is_version(value), BadValue::NotAVersion),
        };
        if holds { Ok(()) } else { Err(otherwise) }
    }
}

fn is_date(value: &str) -> bool {
    siegel_kernel::berlin::LegalDay::parse(value).is_some_and(|day| day.to_string() == value)
}

fn is_uuid(value: &str) -> bool {
    let groups: Vec<&str> = value.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_version(value: &str) -> bool {
    value.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// `+`, then 5 to 15 digits (ITU-T E.164), with spaces, hyphens or slashes between.
fn is_phone(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('+') else { return false };
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let plain = rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-' | b'/'));
    plain && (5..=15).contains(&digits)
}

/// One `@` that has something before it and a domain with a dot after it (RFC 5321 §4.5.3.1
/// limits). Whether it exists only a mail can tell.
fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let label = |l: &str| {
        let inner = !l.starts_with('-') && !l.ends_with('-');
        !l.is_empty() && inner && l.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let local_part = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    (1..=64).contains(&local.len())
        && local.chars().all(local_part)
        && !(local.starts_with('.') || local.ends_with('.') || local.contains(".."))
        && value.len() <= 254
        && domain.contains('.')
        && domain.split('.').all(label)
}
