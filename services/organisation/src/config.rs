use std::path::PathBuf;

use serde::Deserialize;

/// The table `[organisation]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// File with the secret above names, addresses and codes: 32 random bytes or their text. Made
    /// at first start in the sandbox, never in production. Without it there are neither invitations
    /// nor claims (`KEY_NOT_CONFIGURED`).
    pub key_encryption_key_file: Option<PathBuf>,
    /// Authorities (PEM) whose certificates of organisations prove a claim; without it none does.
    pub certificate_authorities_file: Option<PathBuf>,
    /// Days between the sending of a claim's letter and the claim's effect; 7.
    pub cooling_days: Option<u16>,
    /// Days an invitation is open; 14.
    pub invitation_days: Option<u16>,
    /// Return line of the letters, name and postal address.
    pub letter_sender: Option<String>,
}

impl Config {
    /// With a key, all else as it is when nobody says.
    pub fn new(key_encryption_key_file: PathBuf) -> Self {
        Self { key_encryption_key_file: Some(key_encryption_key_file), ..Self::default() }
    }
}
