//! A receipt's place in the public log.

use serde::{Deserialize, Serialize};
use siegel_crypto::b64;
use siegel_log::{Checkpoint, NoteVerifier, Policy, SignedNote, verify_inclusion};

use crate::{Failure, PublishedKeys, ReceiptFile};

/// The member `log` of a receipt file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPlace {
    /// Name of the log.
    pub origin: String,
    /// Place of the leaf, from 0.
    pub index: u64,
    /// A signed checkpoint (C2SP `tlog-checkpoint`), the exact text.
    pub checkpoint: String,
    /// Hashes from the leaf upwards (RFC 9162 §2.1.3), base64url.
    pub proof: Vec<String>,
}

/// A place that was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    pub origin: String,
    pub index: u64,
    /// Entries of the log when this was proven.
    pub size: u64,
    /// Witnesses whose cosignatures hold, by their names in the verifier's policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<String>,
}

/// What could be said about the place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Absent,
    /// The key set holds no key of a log.
    NotChecked,
    Included(LogEntry),
}

impl Place {
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::NotChecked => "not_checked",
            Self::Included(_) => "included",
        }
    }
}

/// Verifies that the receipt with this leaf stands where its copy says.
pub(crate) fn place(
    file: &ReceiptFile,
    leaf: &[u8],
    published: &PublishedKeys,
) -> Result<Place, Failure> {
    let Some(value) = &file.log else {
        // Who asks for witnesses is not content with a receipt that they cannot have seen.
        return match &published.policy {
            Some(_) => Err(Failure::Witnesses),
            None => Ok(Place::Absent),
        };
    };
    if published.log_keys.is_empty() {
        return Ok(Place::NotChecked);
    }
    let place = Some(value.clone()).filter(serde_json::Value::is_object);
    let place = place.and_then(|value| serde_json::from_value::<LogPlace>(value).ok());
    let place = place.ok_or(Failure::Log("its place is not described as it should be"))?;
    let mut keys = published.log_keys.iter().filter(|key| key.name() == place.origin).peekable();
    if keys.peek().is_none() {
        return Err(Failure::Log("the key set has no key of this log"));
    }
    // A log that got a new key keeps its name: its old checkpoints have the old key's signature.
    let head = keys.find_map(|key| Checkpoint::open(&place.checkpoint, key).ok());
    let head = head.ok_or(Failure::Log("its checkpoint is not signed by the log"))?;
    let proof = place.proof.iter().map(|step| b64::decode(step)?.try_into().ok());
    let proof: Option<Vec<[u8; 32]>> = proof.collect();
    let proof = proof.ok_or(Failure::Log("a step of its proof is not a hash"))?;
    verify_inclusion(leaf, place.index, head.size, &proof, &head.root)
        .map_err(|_| Failure::Log("its proof does not lead to the checkpoint"))?;
    let witnesses = cosigners(&place.checkpoint, published.policy.as_ref())?;
    let LogPlace { origin, index, .. } = place;
    Ok(Place::Included(LogEntry { origin, index, size: head.size, witnesses }))
}

/// The witnesses that saw the checkpoint, when there are enough of them.
fn cosigners(checkpoint: &str, policy: Option<&Policy>) -> Result<Vec<String>, Failure> {
    let Some(policy) = policy else { return Ok(Vec::new()) };
    let note = SignedNote::parse(checkpoint).map_err(|_| Failure::Witnesses)?;
    let seen = policy.cosigners(&note);
    if policy.is_met_by(&seen) { Ok(seen) } else { Err(Failure::Witnesses) }
}

/// The logs' keys beside the signing keys: the member `siegel_log_keys` of the key set.
pub(crate) fn keys_in(set: &serde_json::Value) -> Result<Vec<NoteVerifier>, Failure> {
    let Some(keys) = set.get("siegel_log_keys") else { return Ok(Vec::new()) };
    let keys = keys.as_array().ok_or(Failure::NotAKeySet)?.iter();
    keys.map(|key| {
        key.as_str().and_then(|k| NoteVerifier::parse(k).ok()).ok_or(Failure::NotAKeySet)
    })
    .collect()
}
