//! Names of certificates' subjects as text (RFC 4514), for comparing, not for showing.

use x509_parser::x509::X509Name;

/// Short names of attribute types (RFC 4514 §3 and what certificates of organisations carry).
const TYPES: [(&str, &str); 16] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("T", "2.5.4.12"),
    ("GN", "2.5.4.42"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("E", "1.2.840.113549.1.9.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
];

/// Attribute type (dotted) and value.
type Attribute = (String, String);

/// The sets of attributes of a name, the most general one first; each set sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName(Vec<Vec<Attribute>>);

impl DistinguishedName {
    /// Reads the text form, which begins with the most special set; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut sets = Vec::new();
        for set in split(text, &[',', ';']) {
            let mut attributes = Vec::new();
            for attribute in split(set, &['+']) {
                let (kind, value) = attribute.split_once('=')?;
                attributes.push((dotted(kind.trim())?, unescaped(value)?));
            }
            attributes.sort();
            sets.push(attributes);
        }
        sets.reverse();
        Some(Self(sets))
    }

    /// The name of a certificate; `None` when it holds a value that is no text.
    pub fn of(name: &X509Name<'_>) -> Option<Self> {
        let mut sets = Vec::new();
        for set in name.iter_rdn() {
            let mut attributes = Vec::new();
            for attribute in set.iter() {
                let value = attribute.as_str().ok()?;
                attributes.push((attribute.attr_type().to_id_string(), value.to_owned()));
            }
            attributes.sort();
            sets.push(attributes);
        }
        Some(Self(sets))
    }
}

/// Parts between separators that are not escaped.
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let (mut parts, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if separators.contains(&c) {
            parts.extend(text.get(from..at));
            from = at + c.len_utf8();
        }
    }
    parts.extend(text.get(from..));
    parts
}

fn dotted(kind: &str) -> Option<String> {
    if kind.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(kind.to_owned());
    }
    let known = |(name, _): &&(&str, &str)| kind.eq_ignore_ascii_case(name);
    TYPES.iter().find(known).map(|(_, oid)| (*oid).to_owned())
}

/// Takes back the escapes of RFC 4514 §2.4; spaces around the value that are not escaped go.
fn unescaped(value: &str) -> Option<String> {
    let value = value.trim_start_matches(' ');
    let mut bytes = Vec::new();
    let mut kept = 0;
    let mut rest = value.as_bytes().iter().copied();
    while let Some(b) = rest.next() {
        if b != b'\\' {
            bytes.push(b);
            kept = if b == b' ' { kept } else { bytes.len() };
            continue;
        }
        let first = rest.next()?;
        if first.is_ascii_hexdigit() {
            let pair = [first, rest.next()?];
            let pair = std::str::from_utf8(&pair).ok()?;
            bytes.push(u8::from_str_radix(pair, 16).ok()?);
        } else {
            bytes.push(first);
        }
        kept = bytes.len();
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        DistinguishedName::parse(a).unwrap() == DistinguishedName::parse(b).unwrap()
    }

    #[test]
    fn texts_of_one_name_are_equal_however_they_are_written() {
        assert!(same("CN=Amt,C=DE", "cn=Amt, 2.5.4.6=DE"));
        assert!(same("CN=a+OU=b,C=DE", "OU=b+CN=a,C=DE"));
        assert!(same("O=Gr\\C3\\BCn\\, AG", "O=Grün\\2C AG"));
        assert!(!same("CN=Amt,C=DE", "C=DE,CN=Amt"));
        assert!(!same("CN=amt", "CN=Amt"));
        assert!(!same("CN=a,CN=b", "CN=a\\,CN=b"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["Amt", "X=1", "CN=a\\", "CN=\\C3", "CN=\\Cx"] {
            assert_eq!(DistinguishedName::parse(text), None, "{text}");
        }
    }
}
