use std::io::{Error, ErrorKind};
use std::path::Path;

use siegel_kernel::Entropy;
use zeroize::Zeroizing;

use crate::{DataKey, KeyError, hkdf_sha256, load_or_create};

/// A secret from a file, from which a service derives one key per purpose. The file holds 32
/// random bytes or their text (base64, hex); white space at its end does not count.
#[derive(Clone)]
pub struct RootSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootSecret(…)")
    }
}

impl RootSecret {
    /// Reads the file, or makes it when `may_create`.
    pub fn load(path: &Path, may_create: bool, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let stored = load_or_create(path, may_create, entropy)?;
        if stored.bytes.len() < 32 {
            let short = Error::new(ErrorKind::InvalidData, "shorter than 32 bytes");
            return Err(KeyError::File(path.display().to_string(), short));
        }
        Ok(Self(Zeroizing::new(stored.bytes.trim_ascii_end().to_vec())))
    }

    /// The key for `purpose` (HKDF-SHA-256): `account key encryption`.
    pub fn key(&self, purpose: &str) -> DataKey {
        DataKey::from_bytes(hkdf_sha256(&self.0, b"siegel", purpose.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn load(bytes: &[u8]) -> Result<RootSecret, KeyError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, bytes).unwrap();
        RootSecret::load(&path, false, &SystemEntropy::new())
    }

    #[test]
    fn keys_differ_by_purpose_and_secret_but_not_by_a_line_break() {
        let (a, b) = ([b'a'; 44], [b'b'; 44]);
        let with_break = [&a[..], b"\n"].concat();
        let key = |bytes: &[u8], purpose| *load(bytes).unwrap().key(purpose).as_bytes();
        assert_eq!(key(&a, "x"), key(&with_break, "x"));
        assert_ne!(key(&a, "x"), key(&a, "y"));
        assert_ne!(key(&a, "x"), key(&b, "x"));
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(load(&[1; 31]).is_err());
    }
}
