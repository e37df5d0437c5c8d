//! What a recipient answers to a letter, and its canonical form: RFC 8785 (JCS), as for letters.

use serde::{Deserialize, Serialize};
use siegel_crypto::{b64, sha256};

use super::attachment::Declaration;
use super::canon::{AttachmentPart, NotCanonical};
use super::letter::{Violation, is_control};

/// `format` of the canonical reply.
pub const FORMAT: &str = "siegel-reply/1";
/// Longest text, in bytes.
const TEXT: usize = 64 * 1024;
/// Replies to one letter.
pub const MOST: i64 = 50;

/// A reply as both sides may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyContent {
    pub format: String,
    pub reply_id: String,
    pub letter_id: String,
    /// SHA-256 of the canonical letter that is answered, base64url.
    pub letter_digest: String,
    /// The form that the letter named; empty for none.
    pub form_id: String,
    pub text: String,
    pub attachments: Vec<AttachmentPart>,
}

impl ReplyContent {
    /// The canonical bytes.
    pub fn canonical(&self) -> Result<Vec<u8>, NotCanonical> {
        Ok(serde_json_canonicalizer::to_vec(self)?)
    }
}

/// The attachments as canonical texts name them.
pub fn parts(declared: &[Declaration]) -> Vec<AttachmentPart> {
    let part = |a: &Declaration| AttachmentPart {
        name: a.name.clone(),
        media_type: a.media_type.clone(),
        size_bytes: a.size_bytes,
        sha256: b64::encode(a.sha256),
    };
    declared.iter().map(part).collect()
}

/// What is wrong with a reply's text; attachments are checked as those of letters.
pub fn violations(text: &str, attachments: usize) -> Vec<Violation> {
    let mut found = Vec::new();
    if text.trim().is_empty() && attachments == 0 {
        found.push(Violation::new("text", "must not be empty without attachments"));
    }
    if text.len() > TEXT {
        found.push(Violation::new("text", "must be at most 64 KiB"));
    }
    if text.chars().any(|c| is_control(c) && !matches!(c, '\n' | '\r' | '\t')) {
        found.push(Violation::new("text", "must not hold control characters"));
    }
    found
}

/// What makes two requests with one id the same.
pub fn request_digest(
    letter: super::LetterId,
    owner: &str,
    text: &str,
    declared: &[Declaration],
) -> Result<[u8; 32], NotCanonical> {
    let request = serde_json::json!({
        "letter": letter,
        "owner": owner,
        "text": text,
        "attachments": parts(declared),
    });
    Ok(sha256(&serde_json_canonicalizer::to_vec(&request)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_says_something_in_text_or_attachments() {
        assert_eq!(violations("Anbei die Unterlagen.\n", 0), []);
        assert_eq!(violations("", 1), []);
        assert_eq!(violations(" \n", 0).len(), 1);
        assert_eq!(violations("a\u{202e}b", 0).len(), 1);
        assert_eq!(violations(&"x".repeat(TEXT), 0), []);
        assert_eq!(violations(&"x".repeat(TEXT + 1), 0).len(), 1);
    }

    #[test]
    fn the_canonical_reply_is_this_text_byte_for_byte() {
        let content = ReplyContent {
            format: FORMAT.into(),
            reply_id: "rpl_1".into(),
            letter_id: "ltr_1".into(),
            letter_digest: "AQ".into(),
            form_id: "f".into(),
            text: "Ja".into(),
            attachments: Vec::new(),
        };
        let text = String::from_utf8(content.canonical().unwrap()).unwrap();
        let expected = r#"{"attachments":[],"form_id":"f","format":"siegel-reply/1","letter_digest":"AQ","letter_id":"ltr_1","reply_id":"rpl_1","text":"Ja"}"#;
        assert_eq!(text, expected);
    }
}
