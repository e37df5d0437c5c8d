//! Cosignatures of witnesses (C2SP `tlog-cosignature`, `cosignature/v1`): somebody else saw this
//! head, and that it goes on from the one seen before.

use siegel_crypto::{Ed25519Key, verify_ed25519};

use crate::note::{BadKey, BadNote, Signature, SignedNote, key_id, key_text, parse_key};
use crate::valid_key_name;

/// Type byte of a timestamped Ed25519 cosignature.
const COSIGNATURE: u8 = 4;

/// A witness by its public key. As text `name+id+key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    name: String,
    key_id: [u8; 4],
    public: [u8; 32],
}

impl Witness {
    pub fn new(name: &str, public: [u8; 32]) -> Result<Self, BadKey> {
        if !valid_key_name(name) {
            return Err(BadKey);
        }
        Ok(Self { name: name.to_owned(), key_id: key_id(name, COSIGNATURE, &public), public })
    }

    /// Reads `name+id+key`.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let (name, id, public) = parse_key(text, COSIGNATURE)?;
        let found = Self::new(name, public)?;
        if found.key_id == id { Ok(found) } else { Err(BadKey) }
    }

    /// When this witness saw the checkpoint: seconds since 1970.
    pub fn verify(&self, note: &SignedNote) -> Result<u64, BadNote> {
        let found = note.of_key(&self.name, self.key_id).next().ok_or(BadNote::Unsigned)?;
        let (time, signature) = found.bytes.split_first_chunk::<8>().ok_or(BadNote::Signature)?;
        let seen = u64::from_be_bytes(*time);
        let holds = verify_ed25519(&self.public, message(seen, note).as_bytes(), signature);
        if holds { Ok(seen) } else { Err(BadNote::Signature) }
    }
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&key_text(&self.name, self.key_id, COSIGNATURE, &self.public))
    }
}

/// Adds a witness's signature to a checkpoint seen at `at`, seconds since 1970. The witness has
/// verified before that it is consistent with the last one it signed.
pub fn cosign(note: &mut SignedNote, name: &str, key: &Ed25519Key, at: u64) -> Result<(), BadKey> {
    let witness = Witness::new(name, *key.public_key())?;
    let signed = key.sign(message(at, note).as_bytes());
    note.signatures.push(Signature {
        name: witness.name,
        key_id: witness.key_id,
        bytes: [&at.to_be_bytes()[..], &signed].concat(),
    });
    Ok(())
}

fn message(at: u64, note: &SignedNote) -> String {
    format!("cosignature/v1\ntime {at}\n{}", note.text)
}
