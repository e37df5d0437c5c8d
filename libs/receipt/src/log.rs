//! A receipt's place in the public log.

use serde::{Deserialize, Serialize};
use siegel_crypto::b64;
use siegel_log::{Checkpoint, NoteVerifier, verify_inclusion};

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
    let Some(value) = &file.log else { return Ok(Place::Absent) };
    if published.log_keys.is_empty() {
        return Ok(Place::NotChecked);
    }
    let place: LogPlace = serde_json::from_value(value.clone())
        .map_err(|_| Failure::Log("its place is not described as it should be"))?;
    let key = published.log_keys.iter().find(|key| key.name() == place.origin);
    let key = key.ok_or(Failure::Log("the key set has no key of this log"))?;
    let head = Checkpoint::open(&place.checkpoint, key)
        .map_err(|_| Failure::Log("its checkpoint is not signed by the log"))?;
    let proof = place.proof.iter().map(|step| b64::decode(step)?.try_into().ok());
    let proof: Option<Vec<[u8; 32]>> = proof.collect();
    let proof = proof.ok_or(Failure::Log("a step of its proof is not a hash"))?;
    verify_inclusion(leaf, place.index, head.size, &proof, &head.root)
        .map_err(|_| Failure::Log("its proof does not lead to the checkpoint"))?;
    Ok(Place::Included(LogEntry { origin: place.origin, index: place.index, size: head.size }))
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
