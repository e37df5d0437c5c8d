use std::path::PathBuf;

use serde::Deserialize;
use siegel_config::Profile;

/// The table `[egress]`. Production has none of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EgressSettings {
    /// Exact `host:port` pairs that may be called though they are private, sandbox only.
    pub allow: Vec<String>,
    /// PEM certificates trusted besides those of the system, sandbox only.
    pub extra_root_file: Option<PathBuf>,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("profile = \"production\" calls no private address: remove the line egress.{0}")]
    Production(&'static str),
    #[error("egress.allow: {0:?} is not host:port")]
    NoPair(String),
    #[error("egress.extra_root_file {0} cannot be read")]
    File(String, #[source] std::io::Error),
    #[error("egress.extra_root_file {0} holds no PEM certificate")]
    NoCertificate(String),
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

impl EgressSettings {
    pub(crate) fn check(&self, profile: Profile) -> Result<(), SettingsError> {
        if profile.is_production() {
            if !self.allow.is_empty() {
                return Err(SettingsError::Production("allow"));
            }
            if self.extra_root_file.is_some() {
                return Err(SettingsError::Production("extra_root_file"));
            }
        }
        let pair = |text: &String| {
            text.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
            })
        };
        match self.allow.iter().find(|text| !pair(text)) {
            Some(wrong) => Err(SettingsError::NoPair(wrong.clone())),
            None => Ok(()),
        }
    }
}
