//! Keys in files, mode 0600, made at first start.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use siegel_kernel::Entropy;
use zeroize::Zeroizing;

use crate::{KeyError, SigningKey, TokenSigner, token_signer_from_pem};

/// Bytes of a secret file and whether this start made them.
pub struct StoredSecret {
    pub bytes: Zeroizing<Vec<u8>>,
    pub created: bool,
}

/// Reads a secret file, or makes one of 32 random bytes (mode 0600) when `may_create`. Two
/// processes starting at once end with the same bytes: the file is made complete under another
/// name and linked into place.
pub fn load_or_create(
    path: &Path,
    may_create: bool,
    entropy: &dyn Entropy,
) -> Result<StoredSecret, KeyError> {
    let fresh =
        || Ok(Zeroizing::new(entropy.array::<32>().map_err(|_| KeyError::Generate)?.to_vec()));
    load_or_create_with(path, may_create, fresh)
}

/// Reads an ES256 key from a PEM file, or makes one when `may_create`.
pub fn load_signing_key(path: &Path, may_create: bool) -> Result<SigningKey, KeyError> {
    let fresh = || Ok(Zeroizing::new(SigningKey::generate()?.to_pem().as_bytes().to_vec()));
    let stored = load_or_create_with(path, may_create, fresh)?;
    let pem = std::str::from_utf8(&stored.bytes).map_err(|_| KeyError::Malformed)?;
    SigningKey::from_pem(pem)
}

/// Reads a key that signs tokens, ES256 or RS256.
pub fn load_token_signer(path: &Path) -> Result<Arc<dyn TokenSigner>, KeyError> {
    let failed = |e| KeyError::File(path.display().to_string(), e);
    let pem = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    token_signer_from_pem(&pem)
}

/// Writes a new file that only its owner can read; one that is there stays as it is, and that is
/// an error.
pub fn create_private_file(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let failed = |e| KeyError::File(path.display().to_string(), e);
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        create_private_dir(dir).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}

pub(crate) fn load_or_create_with(
    path: &Path,
    may_create: bool,
    fresh: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, KeyError>,
) -> Result<StoredSecret, KeyError> {
    let failed = |e| KeyError::File(path.display().to_string(), e);
    match fs::read(path) {
        Ok(bytes) => return Ok(StoredSecret { bytes: Zeroizing::new(bytes), created: false }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && may_create => {}
        Err(e) => return Err(failed(e)),
    }
    if let Some(dir) = path.parent() {
        create_private_dir(dir).map_err(failed)?;
    }
    let bytes = fresh()?;
    let draft = path.with_extension(format!("new-{}", std::process::id()));
    write_private(&draft, &bytes).map_err(failed)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Ok(()) => Ok(StoredSecret { bytes, created: true }),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
            Ok(StoredSecret { bytes, created: false })
        }
        Err(e) => Err(failed(e)),
    }
}

/// Directories that are missing, for their owner alone; what is there stays as it is.
fn create_private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    #[test]
    fn a_secret_is_made_once_and_read_back_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/kek");
        let first = load_or_create(&path, true, &SystemEntropy::new()).unwrap();
        let second = load_or_create(&path, false, &SystemEntropy::new()).unwrap();
        assert!(first.created && !second.created);
        assert_eq!(first.bytes, second.bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn a_missing_secret_is_an_error_where_none_may_be_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load_signing_key(&dir.path().join("absent.pem"), false).is_err());
    }
}
