//! The keys this service holds.

use std::path::Path;

use siegel_crypto::{
    DataKey, KeyError, KeySet, SigningKey, hkdf_sha256, load_or_create, load_signing_key,
};
use siegel_kernel::Entropy;
use zeroize::Zeroizing;

use crate::config::Config;

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("{0} cannot be read or made")]
    Load(&'static str, #[source] KeyError),
    #[error("{0} holds fewer than 32 bytes")]
    Short(&'static str),
}

/// Everything secret, loaded once. Each use has a key of its own, derived by its purpose.
pub struct Keys {
    /// Signs ID tokens and access tokens.
    pub signing: SigningKey,
    published: KeySet,
    key_encryption: Zeroizing<Vec<u8>>,
    pairwise: DataKey,
    nonce: DataKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("signing", &self.signing).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the key files; makes missing ones when `may_create`.
    pub fn load(
        config: &Config,
        may_create: bool,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeysError> {
        let signing = load_signing_key(&config.token_signing_key_file, may_create)
            .map_err(|e| KeysError::Load("identity.token_signing_key_file", e))?;
        let mut public = vec![signing.public_jwk().clone()];
        for file in &config.further_signing_key_files {
            let further = load_signing_key(file, false)
                .map_err(|e| KeysError::Load("identity.further_signing_key_files", e))?;
            if public.iter().all(|k| k.common.key_id.as_deref() != Some(further.kid())) {
                public.push(further.public_jwk().clone());
            }
        }
        let secret = |name, file: &Path| -> Result<Zeroizing<Vec<u8>>, KeysError> {
            let stored = load_or_create(file, may_create, entropy)
                .map_err(|e| KeysError::Load(name, e))?;
            // Whatever form the file has (raw, base64), its entropy is what counts.
            if stored.bytes.len() < 32 {
                return Err(KeysError::Short(name));
            }
            Ok(stored.bytes)
        };
        let pairwise = secret("identity.pairwise_key_file", &config.pairwise_key_file)?;
        let nonce = secret("identity.nonce_key_file", &config.nonce_key_file)?;
        Ok(Self {
            signing,
            published: KeySet::new(public),
            key_encryption: secret(
                "identity.key_encryption_key_file",
                &config.key_encryption_key_file,
            )?,
            pairwise: derived(&pairwise, b"pairwise"),
            nonce: derived(&nonce, b"nonce"),
        })
    }

    /// The public keys of the issuer (RFC 7517 §5).
    pub fn published(&self) -> &KeySet {
        &self.published
    }

    /// What the key-encryption key file holds; keys for single purposes are derived from it.
    pub fn key_encryption(&self) -> &[u8] {
        &self.key_encryption
    }

    pub(crate) fn pairwise(&self) -> &[u8; 32] {
        self.pairwise.as_bytes()
    }

    pub(crate) fn nonce(&self) -> &[u8; 32] {
        self.nonce.as_bytes()
    }
}

fn derived(root: &[u8], purpose: &[u8]) -> DataKey {
    DataKey::from_bytes(hkdf_sha256(root, b"siegel identity v1", purpose))
}
