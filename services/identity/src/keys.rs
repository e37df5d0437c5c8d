//! The keys this service holds.

use std::path::Path;

use siegel_crypto::{DataKey, KeyError, KeySet, RootSecret, SigningKey, load_signing_key};
use siegel_kernel::Entropy;

use crate::config::Config;

/// A key file that cannot be used; names the setting.
#[derive(Debug, thiserror::Error)]
#[error("the file named by {setting} cannot be used")]
pub struct KeysError {
    pub setting: &'static str,
    #[source]
    pub source: KeyError,
}

/// Everything secret, loaded once. Each use has a key of its own.
pub struct Keys {
    /// Signs ID tokens and access tokens.
    pub signing: SigningKey,
    published: KeySet,
    key_encryption: DataKey,
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
        let pem = |setting, file: &Path, may_create| {
            load_signing_key(file, may_create).map_err(|source| KeysError { setting, source })
        };
        let secret = |setting, file: &Path| {
            RootSecret::load(file, may_create, entropy)
                .map_err(|source| KeysError { setting, source })
        };
        let signing =
            pem("identity.token_signing_key_file", &config.token_signing_key_file, may_create)?;
        let mut public = vec![signing.public_jwk().clone()];
        for file in &config.further_signing_key_files {
            let further = pem("identity.further_signing_key_files", file, false)?;
            if public.iter().all(|k| k.common.key_id.as_deref() != Some(further.kid())) {
                public.push(further.public_jwk().clone());
            }
        }
        let key_encryption =
            secret("identity.key_encryption_key_file", &config.key_encryption_key_file)?;
        let pairwise = secret("identity.pairwise_key_file", &config.pairwise_key_file)?;
        let nonce = secret("identity.nonce_key_file", &config.nonce_key_file)?;
        Ok(Self {
            signing,
            published: KeySet::new(public),
            key_encryption: key_encryption.key("identity key encryption"),
            pairwise: pairwise.key("identity pairwise"),
            nonce: nonce.key("identity endpoint nonces"),
        })
    }

    /// The public keys of the issuer (RFC 7517 §5).
    pub fn published(&self) -> &KeySet {
        &self.published
    }

    /// What keys for single purposes at rest are derived from.
    pub fn key_encryption(&self) -> &[u8] {
        self.key_encryption.as_bytes()
    }

    pub(crate) fn pairwise(&self) -> &[u8; 32] {
        self.pairwise.as_bytes()
    }

    pub(crate) fn nonce(&self) -> &[u8; 32] {
        self.nonce.as_bytes()
    }
}
