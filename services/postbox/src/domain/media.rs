//! Whether content is what its media type says: the first bytes, and for text every byte.

/// Taken when the configuration names no others: documents, images and structured data (XÖV).
/// Nothing that browsers run (HTML, SVG) and nothing that unpacks.
pub const DEFAULT_TYPES: [&str; 13] = [
    "application/pdf",
    "text/plain",
    "text/csv",
    "text/calendar",
    "text/rtf",
    "application/xml",
    "text/xml",
    "application/json",
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/tiff",
    "image/bmp",
];

/// How much of the beginning is kept for a look: enough for every signature known.
const HEAD: usize = 8 * 1024;

/// File extensions of the types we know; a type that is not here has any.
fn extensions(media_type: &str) -> Option<&'static [&'static str]> {
    Some(match media_type {
        "application/pdf" => &["pdf"],
        "text/plain" => &["txt", "text", "log", "md"],
        "text/csv" | "text/comma-separated-values" => &["csv"],
        "text/calendar" => &["ics"],
        "text/rtf" | "application/rtf" => &["rtf"],
        "application/xml" | "text/xml" => &["xml", "xsd", "xfdf", "gml"],
        "application/json" => &["json", "geojson"],
        "image/jpeg" => &["jpg", "jpeg"],
        "image/png" => &["png"],
        "image/gif" => &["gif"],
        "image/tiff" => &["tif", "tiff"],
        "image/bmp" => &["bmp"],
        "image/webp" => &["webp"],
        "image/svg+xml" => &["svg"],
        "application/zip" => &["zip"],
        _ => return None,
    })
}

/// Whether a file of this name may have this type.
pub fn extension_fits(name: &str, media_type: &str) -> bool {
    let Some(known) = extensions(media_type) else { return true };
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    known.contains(&extension.as_str())
}

/// The content is not what was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content is not of the declared media type")]
pub struct Mismatch {
    /// What it looks like, where that is known.
    pub found: Option<&'static str>,
}

/// Looks at content as it streams by.
#[derive(Debug, Default)]
pub struct Sniffer {
    head: Vec<u8>,
    text: TextCheck,
}

impl Sniffer {
    pub fn push(&mut self, bytes: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        self.text.push(bytes);
    }

    /// Compares everything seen with what was declared.
    pub fn check(&self, declared: &str) -> Result<(), Mismatch> {
        let found = infer::get(&self.head).map(|kind| kind.mime_type());
        let holds = match declared {
            "text/plain" | "text/csv" | "text/comma-separated-values" => self.is_text(found),
            "text/calendar" => self.is_text(found) && self.starts_with(b"BEGIN:VCALENDAR"),
            "application/json" => self.is_text(found) && self.looks_like_json(),
            "application/xml" | "text/xml" | "image/svg+xml" => self.looks_like_xml(),
            "text/rtf" | "application/rtf" => self.starts_with(br"{\rtf"),
            known if extensions(known).is_some() => found == Some(known),
            // A type the operator allowed and we know nothing about: it must at least not be
            // something else.
            other => found.is_none_or(|f| f == other),
        };
        if holds { Ok(()) } else { Err(Mismatch { found }) }
    }

    /// Text, and none that a program would run or render.
    fn is_text(&self, found: Option<&str>) -> bool {
        const ACTIVE: [&str; 5] = [
            "text/html",
            "text/x-shellscript",
            "application/pdf",
            "application/rtf",
            "application/postscript",
        ];
        self.text.is_utf8() && found.is_none_or(|f| !ACTIVE.contains(&f))
    }

    /// The beginning without byte order mark and white space.
    fn start(&self) -> &[u8] {
        let bytes = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head);
        bytes.trim_ascii_start()
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.start().starts_with(prefix)
    }

    /// Data sets are objects or lists; bare words and numbers could be anything.
    fn looks_like_json(&self) -> bool {
        matches!(self.start().first(), Some(b'{' | b'['))
    }

    fn looks_like_xml(&self) -> bool {
        let start = self.start();
        let opens = matches!(start, [b'<', b'?' | b'!' | b'_' | b'a'..=b'z' | b'A'..=b'Z', ..]);
        let lower = start.get(..start.len().min(100)).unwrap_or_default().to_ascii_lowercase();
        let names = |text: &[u8]| lower.windows(text.len()).any(|w| w == text);
        // XML may declare another encoding; then only control characters tell.
        let single_byte = names(b"iso-8859-1") || names(b"windows-1252");
        let html = names(b"<html") || names(b"<!doctype html");
        opens && !html && (self.text.is_utf8() || (single_byte && !self.text.control))
    }
}

/// UTF-8 and control characters, checked across chunk borders.
#[derive(Debug, Default)]
struct TextCheck {
    /// The beginning of a character that the next chunk finishes: at most 3 bytes.
    rest: Vec<u8>,
    broken: bool,
    control: bool,
}

impl TextCheck {
    fn push(&mut self, bytes: &[u8]) {
        // With a control character it is no text of any encoding, however long it goes on.
        if self.control {
            return;
        }
        self.control = bytes.iter().any(|b| matches!(b, 0..=8 | 11 | 14..=31 | 127));
        if self.broken {
            return;
        }
        let mut joined = std::mem::take(&mut self.rest);
        joined.extend_from_slice(bytes);
        if let Err(error) = std::str::from_utf8(&joined) {
            match error.error_len() {
                Some(_) => self.broken = true,
                None => self.rest = joined.split_off(error.valid_up_to()),
            }
        }
    }

    fn is_utf8(&self) -> bool {
        !self.broken && !self.control && self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(content: &[u8], declared: &str) -> bool {
        let mut sniffer = Sniffer::default();
        for piece in content.chunks(3) {
            sniffer.push(piece);
        }
        sniffer.check(declared).is_ok()
    }

    const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR";
    const XML: &[u8] = "<?xml version=\"1.0\"?>\n<xbau:nachricht>Öl</xbau:nachricht>".as_bytes();

    #[test]
    fn a_control_character_is_found_behind_what_is_no_utf8() {
        let xml = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a>\xe4 \xf6</a>";
        assert!(is(xml, "application/xml"));
        assert!(!is(&[&xml[..], b"\x01"].concat(), "application/xml"));
    }

    #[test]
    fn content_passes_under_its_own_type() {
        assert!(is(PDF, "application/pdf"));
        assert!(is(PNG, "image/png"));
        assert!(is(XML, "application/xml"));
        assert!(is(XML, "text/xml"));
        assert!(is("BMI schrieb: Größe 😀".as_bytes(), "text/plain"));
        assert!(is(b"\xef\xbb\xbf{\"a\": 1}", "application/json"));
        assert!(is(b"BEGIN:VCALENDAR\r\n", "text/calendar"));
        assert!(is(br"{\rtf1\ansi Guten Tag}", "text/rtf"));
    }

    #[test]
    fn content_under_another_type_is_noticed() {
        assert!(!is(PNG, "application/pdf"));
        assert!(!is(b"<html>", "application/pdf"));
        assert!(!is(PDF, "text/plain"));
        assert!(!is(b"%PDF-1.7 only ascii", "text/plain"));
        assert!(!is(b"<!DOCTYPE html><html><script>", "text/plain"));
        assert!(!is(b"<html><body>", "application/xml"));
        assert!(!is(b"#!/bin/sh\nrm", "text/plain"));
        assert!(!is(b"MZ\x90\x00\x03", "application/vnd.some-form"));
        assert!(!is(b"name;value", "application/json"));
        assert!(!is(b"just words", "application/xml"));
    }

    #[test]
    fn text_must_be_utf8_to_its_last_byte() {
        assert!(!is(b"Gr\xfc\xdfe", "text/plain"));
        assert!(!is("Grüß".as_bytes().split_last().unwrap().1, "text/plain"));
        assert!(!is(b"a\x00b", "text/csv"));
    }

    #[test]
    fn xml_may_declare_a_single_byte_encoding() {
        assert!(is(b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xfc</a>", "text/xml"));
        assert!(!is(b"<?xml version=\"1.0\"?><a>\xfc</a>", "text/xml"));
    }
}
