//! What operators do with signing keys: make, import, list. Files only; the settings say when a key
//! signs, so that every replica knows it alike.

use std::path::Path;

use siegel_crypto::{KeyError, SigningKey, create_private_file, token_signer_from_pem};
use siegel_kernel::Timestamp;
use zeroize::Zeroizing;

use crate::config::Config;
use crate::keys::{KeyInfo, KeysError, Schedule};

/// A key in its new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub kid: String,
    /// `ES256`, `RS256`
    pub alg: &'static str,
}

/// Makes an ES256 key in a new file, mode 0600. It signs nothing before the settings name it in
/// `[[identity.signing_keys]]`.
/// # Errors
/// [`KeyError::File`] also when the file is there already: a key is never written over.
pub fn generate(to: &Path) -> Result<NewKey, KeyError> {
    let key = SigningKey::generate()?;
    create_private_file(to, key.to_pem().as_bytes())?;
    Ok(NewKey { kid: key.kid().to_owned(), alg: "ES256" })
}

/// Copies a PKCS#8 PEM key, checked, to a new file with mode 0600: RSA of 2048 bits or more for
/// RS256, P-256 for ES256.
pub fn import(from: &Path, to: &Path) -> Result<NewKey, KeyError> {
    let failed = |e| KeyError::File(from.display().to_string(), e);
    let pem = Zeroizing::new(std::fs::read_to_string(from).map_err(failed)?);
    let signer = token_signer_from_pem(&pem)?;
    create_private_file(to, pem.as_bytes())?;
    Ok(NewKey { kid: signer.kid().to_owned(), alg: signer.alg().as_str() })
}

/// The keys of the settings, with what each is at `now`.
pub fn list(config: &Config, now: Timestamp) -> Result<Vec<KeyInfo>, KeysError> {
    Ok(Schedule::load(config, false)?.list(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../libs/crypto/fixtures/rsa-2048.pem");
    const SHORT: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../libs/crypto/fixtures/rsa-1024.pem");

    #[test]
    fn a_key_file_is_private_and_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("next.pem");
        let made = generate(&file).unwrap();
        assert!(generate(&file).is_err() && import(Path::new(RSA), &file).is_err());
        let read = siegel_crypto::load_token_signer(&file).unwrap();
        assert_eq!(read.kid(), made.kid);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn an_imported_key_is_checked_first() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rsa.pem");
        assert!(matches!(import(Path::new(SHORT), &file), Err(KeyError::MalformedRsa)));
        assert!(!file.exists());
        assert_eq!(import(Path::new(RSA), &file).unwrap().alg, "RS256");
    }
}
