use std::path::PathBuf;

use serde::Deserialize;

/// Settings of the portal, table `[portal]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What identity knows the portal by.
    #[serde(default = "client_id")]
    pub client_id: String,
    /// ES256 key of the portal as a client (`private_key_jwt`), PEM. Made at first start in the
    /// sandbox.
    pub client_key_file: PathBuf,
    /// At least 32 random bytes: seals what browser sessions hold, keys the form tokens. Made at
    /// first start in the sandbox; replicas share it.
    pub session_key_file: PathBuf,
    /// Where the portal reaches identity's HTTP face, without a slash at the end; the origin when
    /// absent. Inside a cluster: `http://siegel-identity:8080`.
    #[serde(default)]
    pub identity_url: Option<String>,
    /// Who runs this installation, as every page says it.
    #[serde(default = "operator")]
    pub operator: String,
    /// Links at the foot of every page (Impressum, Datenschutz, Barrierefreiheit).
    #[serde(default)]
    pub footer: Vec<FooterLink>,
}

/// A link at the foot of every page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FooterLink {
    /// Text in German.
    pub de: String,
    /// Text in English.
    pub en: String,
    pub href: String,
}

fn client_id() -> String {
    "siegel-portal".to_owned()
}

fn operator() -> String {
    "Siegel".to_owned()
}

impl Config {
    /// The defaults with these two key files.
    pub fn new(client_key_file: PathBuf, session_key_file: PathBuf) -> Self {
        Self {
            client_id: client_id(),
            client_key_file,
            session_key_file,
            identity_url: None,
            operator: operator(),
            footer: Vec::new(),
        }
    }
}
