use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use siegel_crypto::KeySet;
use siegel_kernel::Timestamp;
use siegel_log::NoteVerifier;

use crate::Failure;

/// Where the keys came from: decides whether a good signature proves who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTrust {
    /// The verifier brought them (`--keys`).
    Given,
    /// The verifier brought the SHA-256 thumbprint (RFC 7638) of the key.
    Thumbprint(String),
    /// They lay beside the receipt: whoever forged the one could forge the other.
    Beside,
    /// Fetched from the address in the receipt itself, with the same weakness.
    FromReceiptAddress,
}

impl KeyTrust {
    /// Whether the keys are confirmed independently of the receipt.
    pub const fn is_independent(&self) -> bool {
        matches!(self, Self::Given | Self::Thumbprint(_))
    }

    /// Stable name for programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Thumbprint(_) => "thumbprint",
            Self::Beside => "beside_receipt",
            Self::FromReceiptAddress => "receipt_address",
        }
    }
}

/// A published key set with the times between which each key signed.
#[derive(Clone, Debug)]
pub struct PublishedKeys {
    pub(crate) keys: KeySet,
    validity: HashMap<String, Validity>,
    /// Keys of the logs in which receipts stand.
    pub(crate) log_keys: Vec<NoteVerifier>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Validity {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Dates {
    kid: String,
    siegel_valid_from: Option<String>,
    siegel_valid_to: Option<String>,
}

impl From<KeySet> for PublishedKeys {
    /// Keys without dates: valid at any time.
    fn from(keys: KeySet) -> Self {
        Self { keys, validity: HashMap::new(), log_keys: Vec::new() }
    }
}

impl PublishedKeys {
    /// Reads a JWK Set whose keys carry `siegel_valid_from` and `siegel_valid_to` (RFC 3339), with
    /// the keys of logs beside them in `siegel_log_keys`.
    pub fn from_json(text: &str) -> Result<Self, Failure> {
        let keys = KeySet::from_json(text).map_err(|_| Failure::NotAKeySet)?;
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|_| Failure::NotAKeySet)?;
        let entries = value.get("keys").and_then(|k| k.as_array()).cloned().unwrap_or_default();
        let mut validity = HashMap::new();
        for entry in entries {
            let Ok(dates) = serde_json::from_value::<Dates>(entry) else { continue };
            let instant = |text: Option<String>| match text {
                None => Ok(None),
                Some(t) => Timestamp::parse_rfc3339(&t).map(Some).ok_or(Failure::NotAKeySet),
            };
            let (from, to) = (instant(dates.siegel_valid_from)?, instant(dates.siegel_valid_to)?);
            validity.insert(dates.kid, Validity { from, to });
        }
        Ok(Self { keys, validity, log_keys: crate::log::keys_in(&value)? })
    }

    /// Whether the key signed at `at`; a key without dates did.
    pub(crate) fn signed_at(&self, kid: &str, at: Timestamp) -> bool {
        let Some(v) = self.validity.get(kid) else { return true };
        v.from.is_none_or(|from| from <= at) && v.to.is_none_or(|to| at <= to)
    }
}
