//! What a sender declares about an attachment, and the limits on it.

use super::letter::{Violation, is_control};
use super::media;

/// Longest file name, in bytes of UTF-8.
const NAME_BYTES: usize = 255;

/// An attachment before its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub name: String,
    pub media_type: String,
    pub sha256: [u8; 32],
    pub size_bytes: u64,
}

/// What a sender may attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub count: usize,
    /// Of each attachment.
    pub bytes: u64,
    /// Media types without parameters.
    pub media_types: Vec<String>,
}

/// Attachments that are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a letter may have at most {limit} attachments")]
    TooMany { limit: usize },
    #[error("attachment {index} is larger than {limit} bytes")]
    TooLarge { index: usize, limit: u64 },
    #[error("attachment {index} is of a media type that is not taken here")]
    TypeNotAllowed { index: usize },
    #[error("attachment {index}: the file extension is not one of its media type")]
    ExtensionMismatch { index: usize },
    #[error("the declaration of an attachment is malformed")]
    Malformed(Vec<Violation>),
}

/// Refuses more attachments than a letter may have.
pub fn check_count(count: usize, limits: &Limits) -> Result<(), Refusal> {
    if count > limits.count { Err(Refusal::TooMany { limit: limits.count }) } else { Ok(()) }
}

/// Checks all declarations of a letter before the first byte is taken.
pub fn check(declared: &[Declaration], limits: &Limits) -> Result<(), Refusal> {
    check_count(declared.len(), limits)?;
    let mut bad = Vec::new();
    for (index, one) in declared.iter().enumerate() {
        let at = |field: &str| format!("attachments[{index}].{field}");
        if let Some(problem) = name_problem(&one.name) {
            bad.push(Violation::new(at("name"), problem));
        }
        let lower = one.name.to_lowercase();
        if declared.iter().take(index).any(|other| other.name.to_lowercase() == lower) {
            bad.push(Violation::new(at("name"), "another attachment has this name"));
        }
        if one.size_bytes == 0 {
            bad.push(Violation::new(at("size_bytes"), "must not be empty"));
        }
    }
    if !bad.is_empty() {
        return Err(Refusal::Malformed(bad));
    }
    for (index, one) in declared.iter().enumerate() {
        if one.size_bytes > limits.bytes {
            return Err(Refusal::TooLarge { index, limit: limits.bytes });
        }
        if !limits.media_types.contains(&one.media_type) {
            return Err(Refusal::TypeNotAllowed { index });
        }
        if !media::extension_fits(&one.name, &one.media_type) {
            return Err(Refusal::ExtensionMismatch { index });
        }
    }
    Ok(())
}

/// Why a file name is refused. Names are never changed in silence: the receipt is about what the
/// sender sent.
fn name_problem(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if name.is_empty() {
        Some("must not be empty")
    } else if name.len() > NAME_BYTES {
        Some("must be at most 255 bytes")
    } else if name.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|']) {
        Some("must not hold any of \\ / : * ? \" < > |")
    } else if name.chars().any(|c| is_control(c) || is_invisible(c)) {
        Some("must not hold control or invisible characters")
    } else if name.starts_with(['.', ' ']) || name.ends_with(['.', ' ']) {
        Some("must not begin or end with a dot or a space")
    } else if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || numbered("COM")
        || numbered("LPT")
    {
        Some("is the name of a device on Windows")
    } else if !name.contains('.') {
        Some("must have a file extension")
    } else {
        None
    }
}

const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdf(name: &str) -> Declaration {
        Declaration {
            name: name.into(),
            media_type: "application/pdf".into(),
            sha256: [0; 32],
            size_bytes: 100,
        }
    }

    fn limits() -> Limits {
        let media_types = media::DEFAULT_TYPES.iter().map(|t| (*t).to_owned()).collect();
        Limits { count: 5, bytes: 1_000, media_types }
    }

    #[test]
    fn ordinary_names_pass() {
        for name in ["Bescheid.pdf", "Bescheid vom 6. März 2025 (2).pdf", "COMENIUS.PDF", "a.b.pdf"]
        {
            assert_eq!(check(&[pdf(name)], &limits()), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_are_paths_devices_or_tricks_are_refused_not_renamed() {
        let long = format!("{}.pdf", "ä".repeat(126));
        for name in [
            "",
            "../a.pdf",
            "a/b.pdf",
            "c:a.pdf",
            "a\u{7}.pdf",
            ".pdf",
            "a.pdf.",
            " a.pdf",
            "a.pdf ",
            "CON.pdf",
            "lpt1.pdf",
            "fdp\u{202e}exe.pdf",
            "a\u{200b}.pdf",
            "a?.pdf",
            "noextension",
            long.as_str(),
        ] {
            let found = check(&[pdf(name)], &limits());
            assert!(matches!(found, Err(Refusal::Malformed(_))), "{name:?}");
        }
    }

    #[test]
    fn two_attachments_may_not_share_a_name_in_any_case() {
        let found = check(&[pdf("a.pdf"), pdf("A.PDF")], &limits());
        let Err(Refusal::Malformed(bad)) = found else { unreachable!("{found:?}") };
        assert_eq!(bad[0].field, "attachments[1].name");
    }

    #[test]
    fn the_limits_hold_at_their_edge() {
        let five: Vec<_> = (0..5).map(|n| pdf(&format!("{n}.pdf"))).collect();
        assert_eq!(check(&five, &limits()), Ok(()));
        let six: Vec<_> = (0..6).map(|n| pdf(&format!("{n}.pdf"))).collect();
        assert_eq!(check(&six, &limits()), Err(Refusal::TooMany { limit: 5 }));
        let mut large = pdf("a.pdf");
        large.size_bytes = 1_000;
        assert_eq!(check(&[large.clone()], &limits()), Ok(()));
        large.size_bytes = 1_001;
        let refused = Err(Refusal::TooLarge { index: 0, limit: 1_000 });
        assert_eq!(check(&[large], &limits()), refused);
    }

    #[test]
    fn a_type_outside_the_list_and_an_extension_of_another_type_are_refused() {
        let mut exe = pdf("a.exe");
        assert_eq!(check(&[exe.clone()], &limits()), Err(Refusal::ExtensionMismatch { index: 0 }));
        exe.media_type = "application/x-msdownload".into();
        assert_eq!(check(&[exe], &limits()), Err(Refusal::TypeNotAllowed { index: 0 }));
    }
}
