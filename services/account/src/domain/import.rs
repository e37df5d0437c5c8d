//! One line of a file of accounts from a closed system.

use serde::{Deserialize, Serialize};
use siegel_kernel::berlin::LegalDay;
use siegel_kernel::{Timestamp, TrustLevel};
use siegel_oidc::catalogue;

use super::Source;

/// Longest line, in bytes.
pub const LINE_BYTES: usize = 64 << 10;
/// Longest id of an old account, in characters.
const ID: usize = 128;

/// Why a line is left out. The value is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Stable.
    pub reason: &'static str,
    /// `attributes[2].value`; empty where it is the whole line.
    pub field: String,
}

impl BadLine {
    pub fn new(reason: &'static str, field: impl Into<String>) -> Self {
        Self { reason, field: field.into() }
    }
}

/// An account as it waits for its person; sealed as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// Of the old system.
    pub old_id: String,
    /// As written in the file.
    pub email: String,
    /// At which its person was known there; `None`: unknown.
    pub level: Option<TrustLevel>,
    pub attributes: Vec<StagedValue>,
}

/// One attribute of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedValue {
    pub name: String,
    pub value: String,
    pub source: Source,
    pub level: Option<TrustLevel>,
    pub verified_at: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
}

/// A line that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub staged: Staged,
    /// Until when it may be claimed, if the line itself says so.
    pub valid_until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    email: String,
    level: Option<String>,
    valid_until: Option<String>,
    #[serde(default)]
    attributes: Vec<WrittenValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenValue {
    name: String,
    value: String,
    source: Option<String>,
    level: Option<String>,
    verified_at: Option<String>,
    valid_until: Option<String>,
}

/// How an address is compared: as identity compares those of its own accounts.
pub fn comparable_email(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Reads a line.
/// # Errors
/// With one of the stable reasons that `docs/how-to/retire-an-account-system.md` lists.
pub fn parse(line: &[u8], now: Timestamp) -> Result<Line, BadLine> {
    if line.len() > LINE_BYTES {
        return Err(BadLine::new("LINE_TOO_LONG", ""));
    }
    let written: Written =
        serde_json::from_slice(line).map_err(|_| BadLine::new("LINE_MALFORMED", ""))?;
    let id = &written.id;
    if id.is_empty() || id.chars().count() > ID || id.chars().any(char::is_control) {
        return Err(BadLine::new("ID_MALFORMED", "id"));
    }
    let email = catalogue::attribute("email").map(|row| row.check(&written.email));
    if !matches!(email, Some(Ok(()))) {
        return Err(BadLine::new("EMAIL_MALFORMED", "email"));
    }
    let level = level("level", written.level.as_deref())?;
    let valid_until = end("valid_until", written.valid_until.as_deref())?;
    if valid_until.is_some_and(|end| end <= now) {
        return Err(BadLine::new("EXPIRED", "valid_until"));
    }
    let mut attributes: Vec<StagedValue> = Vec::new();
    for (i, value) in written.attributes.into_iter().enumerate() {
        let value = value.read(i, level)?;
        if attributes.iter().any(|other| other.name == value.name) {
            return Err(BadLine::new("ATTRIBUTE_TWICE", format!("attributes[{i}].name")));
        }
        attributes.push(value);
    }
    let staged = Staged { old_id: written.id, email: written.email, level, attributes };
    Ok(Line { staged, valid_until })
}

impl WrittenValue {
    /// The `i`-th attribute of an account that was known at `account`.
    fn read(self, i: usize, account: Option<TrustLevel>) -> Result<StagedValue, BadLine> {
        let field = |name: &str| format!("attributes[{i}].{name}");
        // The address is the account's own; the one of the file only finds its person.
        let row = catalogue::attribute(&self.name).filter(|row| row.name != "email");
        let row = row.ok_or_else(|| BadLine::new("ATTRIBUTE_UNKNOWN", field("name")))?;
        if self.value.is_empty() || row.check(&self.value).is_err() {
            return Err(BadLine::new("VALUE_MALFORMED", field("value")));
        }
        let source = match self.source.as_deref() {
            None | Some("upstream") => Source::Upstream,
            Some("operator") => Source::Operator,
            Some("self_declared") if row.self_declarable => Source::SelfDeclared,
            Some(_) => return Err(BadLine::new("SOURCE_UNKNOWN", field("source"))),
        };
        let level = match source {
            Source::SelfDeclared => Some(TrustLevel::Basic),
            _ => level(&field("level"), self.level.as_deref())?,
        };
        // Nothing is known better than the person it is said of.
        if source != Source::SelfDeclared && level > account {
            return Err(BadLine::new("LEVEL_TOO_HIGH", field("level")));
        }
        Ok(StagedValue {
            name: row.name.to_owned(),
            value: self.value,
            source,
            level,
            verified_at: moment(&field("verified_at"), self.verified_at.as_deref())?,
            valid_until: end(&field("valid_until"), self.valid_until.as_deref())?,
        })
    }
}

fn level(field: &str, text: Option<&str>) -> Result<Option<TrustLevel>, BadLine> {
    let level = text.map(str::parse).transpose();
    level.map_err(|_| BadLine::new("LEVEL_UNKNOWN", field))
}

/// An instant (RFC 3339), or the beginning of a day.
fn moment(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, BadLine> {
    time(field, text, LegalDay::start)
}

/// An instant, or the end of a day.
fn end(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, BadLine> {
    time(field, text, LegalDay::end)
}

fn time(
    field: &str,
    text: Option<&str>,
    of_day: fn(LegalDay) -> Timestamp,
) -> Result<Option<Timestamp>, BadLine> {
    let Some(text) = text else { return Ok(None) };
    let read = Timestamp::parse_rfc3339(text).or_else(|| LegalDay::parse(text).map(of_day));
    read.map(Some).ok_or_else(|| BadLine::new("TIME_MALFORMED", field))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn refusal(line: &str) -> (&'static str, String) {
        let bad = parse(line.as_bytes(), NOW).unwrap_err();
        (bad.reason, bad.field)
    }

    /// A line with these attributes.
    fn with(attributes: &str) -> String {
        let known = r#""id":"4711","email":"e@example.org","level":"substantial""#;
        format!(r#"{{{known},"attributes":[{attributes}]}}"#)
    }

    #[test]
    fn a_line_needs_an_id_and_an_address_and_nothing_else() {
        let line = parse(br#"{"id":"4711","email":"E@example.org"}"#, NOW).unwrap();
        assert_eq!((line.staged.level, line.valid_until), (None, None));
        assert_eq!(comparable_email(&line.staged.email), "e@example.org");
    }

    #[test]
    fn every_field_is_read() {
        let line = with(
            r#"{"name":"city","value":"Köln","source":"operator","level":"low","verified_at":"2020-01-02","valid_until":"2030-01-02"},{"name":"telephone","value":"+49 30 1","source":"self_declared"}"#,
        );
        let staged = parse(line.as_bytes(), NOW).unwrap().staged;
        let [city, telephone] = &staged.attributes[..] else { panic!("two") };
        assert_eq!((city.source, city.level), (Source::Operator, Some(TrustLevel::Low)));
        let (verified, until) = (city.verified_at.unwrap(), city.valid_until.unwrap());
        assert_eq!(verified.to_rfc3339(), "2020-01-01T23:00:00.000000Z", "midnight in Berlin");
        assert_eq!(until.to_rfc3339(), "2030-01-02T23:00:00.000000Z", "the day is included");
        assert_eq!(telephone.level, Some(TrustLevel::Basic));
    }

    #[test]
    fn a_line_that_cannot_be_used_says_where_and_why() {
        let cases = [
            ("", "LINE_MALFORMED", ""),
            ("{", "LINE_MALFORMED", ""),
            (r#"{"id":"1","email":"e@example.org","x":1}"#, "LINE_MALFORMED", ""),
            (r#"{"id":"","email":"e@example.org"}"#, "ID_MALFORMED", "id"),
            (r#"{"id":"1","email":"e"}"#, "EMAIL_MALFORMED", "email"),
            (r#"{"id":"1","email":"e@example.org","level":"5"}"#, "LEVEL_UNKNOWN", "level"),
            (
                r#"{"id":"1","email":"e@example.org","valid_until":"1970-01-01T00:00:01Z"}"#,
                "EXPIRED",
                "valid_until",
            ),
            (
                r#"{"id":"1","email":"e@example.org","valid_until":"soon"}"#,
                "TIME_MALFORMED",
                "valid_until",
            ),
        ];
        for (line, reason, field) in cases {
            assert_eq!(refusal(line), (reason, field.to_owned()), "{line}");
        }
    }

    #[test]
    fn an_attribute_that_cannot_be_used_says_where_and_why() {
        let city = r#"{"name":"city","value":"Köln"}"#;
        let cases = [
            (r#"{"name":"shoe_size","value":"42"}"#.to_owned(), "ATTRIBUTE_UNKNOWN", "name"),
            (r#"{"name":"email","value":"a@b.de"}"#.to_owned(), "ATTRIBUTE_UNKNOWN", "name"),
            (r#"{"name":"city","value":""}"#.to_owned(), "VALUE_MALFORMED", "value"),
            (r#"{"name":"date_of_birth","value":"x"}"#.to_owned(), "VALUE_MALFORMED", "value"),
            (
                r#"{"name":"city","value":"K","source":"eid"}"#.to_owned(),
                "SOURCE_UNKNOWN",
                "source",
            ),
            (r#"{"name":"city","value":"K","level":"high"}"#.to_owned(), "LEVEL_TOO_HIGH", "level"),
        ];
        for (value, reason, field) in cases {
            let field = format!("attributes[0].{field}");
            assert_eq!(refusal(&with(&value)), (reason, field), "{value}");
        }
        let twice = with(&format!("{city},{city}"));
        assert_eq!(refusal(&twice), ("ATTRIBUTE_TWICE", "attributes[1].name".to_owned()));
        let own = r#"{"name":"document_type","value":"ID","source":"self_declared"}"#;
        assert_eq!(refusal(&with(own)).0, "SOURCE_UNKNOWN", "nobody declares that");
    }

    #[test]
    fn an_account_of_unknown_level_vouches_for_nothing() {
        let line = r#"{"id":"1","email":"e@example.org","attributes":[{"name":"city","value":"K","level":"basic"}]}"#;
        assert_eq!(refusal(line).0, "LEVEL_TOO_HIGH");
    }
}
