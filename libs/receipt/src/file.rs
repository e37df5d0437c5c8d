use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Failure, strict};

/// The one format this crate reads.
pub const FORMAT: &str = "siegel-receipt/1";

/// A receipt as it is handed out: the exact signed bytes and what is needed to verify them.
/// Unknown members are ignored here: they are outside the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptFile {
    pub format: String,
    /// The exact compact token.
    pub jws: String,
    /// 32 bytes, base64url: salt of this receipt's leaf in the public log.
    pub leaf_salt: String,
    /// Where the keys are published.
    pub jwks_uri: String,
    /// What the holder of this copy may know of the commitments.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub disclosed: BTreeMap<String, Disclosure>,
    /// Place in the public log, when the copy was made after it was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<serde_json::Value>,
}

/// The value behind one commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// base64url
    pub salt: String,
    pub value: String,
}

impl ReceiptFile {
    /// Reads a receipt file.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let value = strict::outside(text).map_err(|_| Failure::NotJson)?;
        match value.get("format").and_then(|f| f.as_str()) {
            Some(FORMAT) => {}
            Some(_) => return Err(Failure::OtherFormat),
            None => return Err(Failure::Format("it has no `format`".into())),
        }
        let disclosed = value.get("disclosed").and_then(|map| map.as_object());
        if disclosed.is_some_and(|map| !map.values().all(serde_json::Value::is_object)) {
            return Err(Failure::Format("`disclosed` holds something else than objects".into()));
        }
        serde_json::from_value(value).map_err(|e| Failure::Format(e.to_string()))
    }

    /// The file as text, indented for people.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
