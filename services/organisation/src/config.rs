use std::path::PathBuf;

use serde::Deserialize;

/// The table `[organisation]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with the secret above the keys of names in mandates: 32 random bytes or their text.
    /// Without it names are not kept, and mandates show ids. Made at first start in the sandbox,
    /// never in production.
    #[serde(default)]
    pub key_encryption_key_file: Option<PathBuf>,
}
