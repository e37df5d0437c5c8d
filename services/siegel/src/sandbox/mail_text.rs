//! Enough of MIME to read the suite's own mails: encoded words (RFC 2047), quoted-printable and
//! base64 (RFC 2045 §6), the first plain text of a multipart (RFC 2046 §5.1). UTF-8 only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Parts inside parts that are followed.
const DEPTH: u8 = 4;

/// A mail for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    pub from: String,
    pub subject: String,
    pub text: String,
}

/// Reads a mail; what cannot be decoded is shown as it is.
pub fn readable(raw: &[u8]) -> Readable {
    let text = String::from_utf8_lossy(raw);
    let part = Part::of(&text);
    let header = |name| part.header(name).map(words).unwrap_or_default();
    Readable {
        from: header("from"),
        subject: header("subject"),
        text: part.plain_text(DEPTH).unwrap_or_else(|| part.body.to_owned()),
    }
}

struct Part<'a> {
    headers: Vec<(String, String)>,
    body: &'a str,
}

impl<'a> Part<'a> {
    fn of(text: &'a str) -> Self {
        let (head, body) = if let Some(body) = text.strip_prefix("\r\n") {
            ("", body)
        } else {
            text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""))
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self { headers, body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn plain_text(&self, depth: u8) -> Option<String> {
        let kind = self.header("content-type").unwrap_or("text/plain");
        if kind.to_ascii_lowercase().starts_with("multipart/") {
            let boundary = format!("--{}", parameter(kind, "boundary")?);
            let depth = depth.checked_sub(1)?;
            let mut parts = self.body.split(boundary.as_str()).skip(1);
            return parts.find_map(|part| {
                let part = part.strip_prefix("\r\n").or_else(|| part.strip_prefix('\n'))?;
                Part::of(part).plain_text(depth)
            });
        }
        if !kind.to_ascii_lowercase().starts_with("text/plain") {
            return None;
        }
        let encoding = self.header("content-transfer-encoding").unwrap_or("7bit");
        let bytes = match encoding.to_ascii_lowercase().as_str() {
            "quoted-printable" => quoted_printable(self.body),
            "base64" => {
                let compact: String =
                    self.body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                STANDARD.decode(compact).ok()?
            }
            _ => self.body.as_bytes().to_vec(),
        };
        let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
        Some(text.trim_end().to_owned())
    }
}

/// The value of a parameter in a header such as `multipart/mixed; boundary="x"`.
fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').skip(1).find_map(|p| {
        let (key, value) = p.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        let end = line.get(content.len()..).unwrap_or_default();
        let (content, end) = match content.trim_end().strip_suffix('=') {
            Some(soft) => (soft, ""),
            None => (content, end),
        };
        unescape(content, false, &mut out);
        out.extend_from_slice(end.as_bytes());
    }
    out
}

/// `=C3=BC`; anything that is no such escape is kept. In encoded words `_` is a space.
fn unescape(text: &str, word: bool, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        let byte = digits.filter(|_| first == b'=').and_then(|d| u8::from_str_radix(d, 16).ok());
        if let Some(byte) = byte {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(if word && first == b'_' { b' ' } else { first });
            rest = tail;
        }
    }
}

/// Decodes encoded words. Neighbours are joined before decoding: mailers cut inside characters.
fn words(header: &str) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(header.len());
    let mut after_word = false;
    let mut rest = header;
    while let Some((before, tail)) = rest.split_once("=?") {
        let Some((bytes, tail)) = word(tail) else {
            out.extend_from_slice(before.as_bytes());
            out.extend_from_slice(b"=?");
            after_word = false;
            rest = tail;
            continue;
        };
        // RFC 2047 §6.2: white space between two encoded words is not shown.
        if !(after_word && before.trim().is_empty()) {
            out.extend_from_slice(before.as_bytes());
        }
        out.extend_from_slice(&bytes);
        after_word = true;
        rest = tail;
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// `utf-8?Q?Gr=C3=BC=C3=9Fe?=` and what follows.
fn word(text: &str) -> Option<(Vec<u8>, &str)> {
    let (charset, text) = text.split_once('?')?;
    let (encoding, text) = text.split_once('?')?;
    let (content, rest) = text.split_once("?=")?;
    if !["utf-8", "us-ascii"].contains(&charset.to_ascii_lowercase().as_str()) {
        return None;
    }
    let bytes = match encoding {
        "B" | "b" => STANDARD.decode(content).ok()?,
        "Q" | "q" => {
            let mut out = Vec::new();
            unescape(content, true, &mut out);
            out
        }
        _ => return None,
    };
    Some((bytes, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mail: &str) -> String {
        readable(mail.replace('\n', "\r\n").as_bytes()).text
    }

    #[test]
    fn headers_are_unfolded_and_encoded_words_joined() {
        let mail = "Subject: =?utf-8?Q?Ihr_Best=C3=A4tigungs?=\r\n =?utf-8?B?Y29kZSDigJM=?= Siegel\r\n\r\n";
        assert_eq!(readable(mail.as_bytes()).subject, "Ihr Bestätigungscode – Siegel");
        let split = "Subject: =?utf-8?Q?=C3?= =?utf-8?Q?=BC?=\r\n\r\n";
        assert_eq!(readable(split.as_bytes()).subject, "ü", "cut inside a character");
        let plain = "Subject: 1 =? 2\r\n\r\n";
        assert_eq!(readable(plain.as_bytes()).subject, "1 =? 2");
    }

    #[test]
    fn quoted_printable_joins_soft_line_ends_and_keeps_what_is_no_escape() {
        let mail = "Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe aus=\n der Stadt\n1=2 =zz\n";
        assert_eq!(text(mail), "Grüße aus der Stadt\n1=2 =zz");
    }

    #[test]
    fn the_plain_text_of_a_multipart_is_found() {
        let mail = "Content-Type: multipart/alternative; boundary=\"b\"\n\n\
            --b\nContent-Type: text/html\n\n<p>x</p>\n\
            --b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nSGFs\nbG8=\n--b--\n";
        assert_eq!(text(mail), "Hallo");
    }

    #[test]
    fn a_mail_without_plain_text_is_shown_as_it_is() {
        assert_eq!(text("Content-Type: text/html\n\n<p>x</p>"), "<p>x</p>");
        assert_eq!(text("Content-Type: multipart/mixed\n\nx"), "x");
    }

    #[test]
    fn parts_inside_parts_end_somewhere() {
        let mut mail = "Content-Type: text/plain\n\nx".to_owned();
        for i in 0..50 {
            mail = format!(
                "Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n{mail}\n--b{i}--\n"
            );
        }
        assert!(text(&mail).contains("boundary"));
    }
}
