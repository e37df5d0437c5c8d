use std::path::PathBuf;

use serde::Deserialize;

/// The table `[account]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with the secret above the accounts' keys: 32 random bytes or their text. Who loses it
    /// can read no attribute again. Made at first start in the sandbox, never in production.
    pub key_encryption_key_file: PathBuf,
    /// Where the document safe will keep its objects; not read yet.
    #[serde(default, rename = "object_store")]
    _object_store: Option<serde::de::IgnoredAny>,
}

impl Config {
    pub fn new(key_encryption_key_file: PathBuf) -> Self {
        Self { key_encryption_key_file, _object_store: None }
    }
}
