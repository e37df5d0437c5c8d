use std::path::Path;

use secrecy::SecretString;

/// A secret file cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the secret file {path}")]
pub struct SecretFileError {
    pub path: String,
    #[source]
    pub source: std::io::Error,
}

/// Reads a secret from its file; a final line break does not count.
pub fn read_secret(path: &Path) -> Result<SecretString, SecretFileError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(SecretString::from(text.trim_end_matches(['\n', '\r']))),
        Err(source) => Err(SecretFileError { path: path.display().to_string(), source }),
    }
}
