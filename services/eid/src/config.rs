use std::path::PathBuf;

use serde::Deserialize;

/// The table `[eid]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which source answers for the eID card.
    pub source: Source,
    /// At least 32 random bytes from which the simulated cards' pseudonyms are derived; made at
    /// first start. Who loses it turns every card into a new one.
    pub pseudonym_key_file: Option<PathBuf>,
    /// Who asks, as the person reads it before the PIN.
    pub recipient: String,
}

/// A source of identities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Nobody can identify by card.
    #[default]
    None,
    /// Fictional cards; the start fails when `profile = "production"`.
    Simulated,
}

impl Default for Config {
    fn default() -> Self {
        Self { source: Source::None, pseudonym_key_file: None, recipient: "Siegel".to_owned() }
    }
}
