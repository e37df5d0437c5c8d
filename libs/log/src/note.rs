//! Signed notes (C2SP `signed-note`): a text and signatures under it, of which a reader may know
//! some and pass over the others.

use siegel_crypto::{Ed25519Key, b64_padded, sha256, verify_ed25519};

/// Type byte of a plain Ed25519 signature.
pub(crate) const ED25519: u8 = 1;
/// No note has more signatures than this.
const MOST_SIGNATURES: usize = 100;
const MARK: &str = "\u{2014} ";

/// A text that is no signed note, or none of the one asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNote {
    #[error("not a signed note")]
    Malformed,
    #[error("the note is not signed by this key")]
    Unsigned,
    #[error("the signature of this key does not hold")]
    Signature,
}

/// A text that is no key of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a verifier key of a signed note (name+id+key, Ed25519)")]
pub struct BadKey;

/// Whether a key may be called this: not empty, without spaces and plus signs.
pub fn valid_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// SHA-256(name ‖ newline ‖ type ‖ key), the first four bytes.
pub(crate) fn key_id(name: &str, kind: u8, public: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[kind], public].concat());
    [a, b, c, d]
}

/// A name with the key that signs for it.
#[derive(Clone, Debug)]
pub struct NoteSigner {
    pub(crate) verifier: NoteVerifier,
    pub(crate) key: Ed25519Key,
}

impl NoteSigner {
    /// # Errors
    /// When the name is none for a key.
    pub fn new(name: &str, key: Ed25519Key) -> Result<Self, BadKey> {
        Ok(Self { verifier: NoteVerifier::new(name, *key.public_key())?, key })
    }

    /// What others verify with.
    pub const fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    /// Signs a text, which ends with a newline.
    pub fn sign(&self, text: &str) -> Result<SignedNote, BadNote> {
        let mut note = SignedNote { text: text.to_owned(), signatures: Vec::new() };
        if !valid_text(text) {
            return Err(BadNote::Malformed);
        }
        note.signatures.push(Signature {
            name: self.verifier.name.clone(),
            key_id: self.verifier.key_id,
            bytes: self.key.sign(text.as_bytes()),
        });
        Ok(note)
    }
}

/// A name with its public key. As text `name+id+key`, as in Go's checksum database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteVerifier {
    pub(crate) name: String,
    pub(crate) key_id: [u8; 4],
    pub(crate) public: [u8; 32],
}

impl NoteVerifier {
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, BadKey> {
        if !valid_key_name(name) {
            return Err(BadKey);
        }
        Ok(Self { name: name.to_owned(), key_id: key_id(name, ED25519, &public), public })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads `name+id+key`.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let (name, id, public) = parse_key(text, ED25519)?;
        let found = Self::new(name, public)?;
        if found.key_id == id { Ok(found) } else { Err(BadKey) }
    }

    /// The text of the note, when this key signed it. Signatures of others are passed over.
    pub fn verify<'a>(&self, note: &'a SignedNote) -> Result<&'a str, BadNote> {
        let mut mine = note.of_key(&self.name, self.key_id).peekable();
        if mine.peek().is_none() {
            return Err(BadNote::Unsigned);
        }
        let holds = |s: &Signature| verify_ed25519(&self.public, note.text.as_bytes(), &s.bytes);
        if mine.all(holds) { Ok(&note.text) } else { Err(BadNote::Signature) }
    }
}

impl std::fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&key_text(&self.name, self.key_id, ED25519, &self.public))
    }
}

pub(crate) fn key_text(name: &str, id: [u8; 4], kind: u8, public: &[u8; 32]) -> String {
    let key = b64_padded::encode([&[kind], &public[..]].concat());
    format!("{name}+{:08x}+{key}", u32::from_be_bytes(id))
}

pub(crate) fn parse_key(text: &str, kind: u8) -> Result<(&str, [u8; 4], [u8; 32]), BadKey> {
    let (name, rest) = text.split_once('+').ok_or(BadKey)?;
    let (id, key) = rest.split_once('+').ok_or(BadKey)?;
    let hex = id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let id = u32::from_str_radix(id, 16).ok().filter(|_| hex).ok_or(BadKey)?;
    let key = b64_padded::decode(key).ok_or(BadKey)?;
    match key.split_first() {
        Some((found, public)) if *found == kind => {
            Ok((name, id.to_be_bytes(), public.try_into().map_err(|_| BadKey)?))
        }
        _ => Err(BadKey),
    }
}

/// A line under the text: whose, and the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub key_id: [u8; 4],
    pub bytes: Vec<u8>,
}

/// A text with signatures, none of them verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// Ends with a newline.
    pub text: String,
    pub signatures: Vec<Signature>,
}

impl SignedNote {
    /// Reads a note. Nothing of it is verified.
    pub fn parse(note: &str) -> Result<Self, BadNote> {
        let at = note.rfind("\n\n").ok_or(BadNote::Malformed)?;
        let (text, lines) = note.split_at_checked(at + 1).ok_or(BadNote::Malformed)?;
        let lines = lines.strip_prefix('\n').and_then(|l| l.strip_suffix('\n'));
        let lines = lines.filter(|_| valid_text(text)).ok_or(BadNote::Malformed)?;
        let signatures = lines.split('\n').take(MOST_SIGNATURES + 1).map(signature);
        let signatures = signatures.collect::<Option<Vec<_>>>().ok_or(BadNote::Malformed)?;
        if signatures.len() > MOST_SIGNATURES {
            return Err(BadNote::Malformed);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    pub(crate) fn of_key<'a>(
        &'a self,
        name: &'a str,
        id: [u8; 4],
    ) -> impl Iterator<Item = &'a Signature> {
        self.signatures.iter().filter(move |s| s.name == name && s.key_id == id)
    }
}

impl std::fmt::Display for SignedNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let bytes = b64_padded::encode([&signature.key_id[..], &signature.bytes].concat());
            writeln!(f, "{MARK}{} {bytes}", signature.name)?;
        }
        Ok(())
    }
}

fn valid_text(text: &str) -> bool {
    text.ends_with('\n') && !text.chars().any(|c| c.is_ascii_control() && c != '\n')
}

fn signature(line: &str) -> Option<Signature> {
    let (name, bytes) = line.strip_prefix(MARK)?.split_once(' ')?;
    let bytes = b64_padded::decode(bytes)?;
    let (key_id, bytes) = bytes.split_first_chunk::<4>()?;
    let good = valid_key_name(name) && !bytes.is_empty();
    good.then(|| Signature { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
}
