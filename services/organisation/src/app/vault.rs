use std::sync::Arc;

use siegel_crypto::{DataKey, RootSecret, SealError, hmac_sha256, open, seal};
use siegel_kernel::Entropy;

/// The keys under which names, addresses and codes are kept. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    persons: Arc<DataKey>,
    codes: Arc<DataKey>,
    digests: Arc<DataKey>,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    pub fn new(root: &RootSecret, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            persons: Arc::new(root.key("organisation persons")),
            codes: Arc::new(root.key("organisation codes")),
            digests: Arc::new(root.key("organisation request digests")),
            entropy,
        }
    }

    /// Seals a text for what it is and whose, `member/mem_…`.
    pub fn seal(&self, context: &str, plain: &str) -> Result<Vec<u8>, SealError> {
        seal(&self.persons, context.as_bytes(), plain.as_bytes(), self.entropy.as_ref())
    }

    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<String, SealError> {
        let plain = open(&self.persons, context.as_bytes(), sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| SealError::DoesNotOpen)
    }

    /// Keyed hash of a code, or of what codes are tried for.
    pub fn mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        let text = [purpose.as_bytes(), &[0], text.as_bytes()].concat();
        hmac_sha256(self.codes.as_bytes(), &text)
    }

    /// Keyed digest of a request: a plain one of an address could be guessed.
    pub fn digest(&self, kind: &str, request: &[u8]) -> [u8; 32] {
        hmac_sha256(self.digests.as_bytes(), &[kind.as_bytes(), &[0], request].concat())
    }
}
