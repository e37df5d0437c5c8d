use std::sync::Arc;

use siegel_crypto::{DataKey, RootSecret, SealError, hmac_sha256, open, seal};
use siegel_kernel::Entropy;

use super::Failure;
use crate::domain::{Mail, Recipient};
use crate::store::orders::OrderId;

/// Seals what speaks of a person. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    contacts: Arc<DataKey>,
    mails: Arc<DataKey>,
    digests: Arc<DataKey>,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    pub fn new(root: &RootSecret, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            contacts: Arc::new(root.key("notification contacts")),
            mails: Arc::new(root.key("notification mails")),
            digests: Arc::new(root.key("notification request digests")),
            entropy,
        }
    }

    /// Keyed digest of a request that holds an address or a code.
    pub fn digest(&self, kind: &str, request: &[u8]) -> [u8; 32] {
        hmac_sha256(self.digests.as_bytes(), &[kind.as_bytes(), &[0], request].concat())
    }

    pub fn seal_address(&self, of: Recipient, address: &str) -> Result<Vec<u8>, SealError> {
        let context = format!("contact/{of}");
        seal(&self.contacts, context.as_bytes(), address.as_bytes(), self.entropy.as_ref())
    }

    pub fn open_address(&self, of: Recipient, sealed: &[u8]) -> Result<String, SealError> {
        let plain = open(&self.contacts, format!("contact/{of}").as_bytes(), sealed)?;
        String::from_utf8(plain.to_vec()).map_err(|_| SealError::DoesNotOpen)
    }

    pub fn seal_mail(&self, of: OrderId, mail: &Mail) -> Result<Vec<u8>, Failure> {
        let plain = serde_json::to_vec(mail)?;
        Ok(seal(&self.mails, format!("mail/{of}").as_bytes(), &plain, self.entropy.as_ref())?)
    }

    pub fn open_mail(&self, of: OrderId, sealed: &[u8]) -> Result<Mail, Failure> {
        let plain = open(&self.mails, format!("mail/{of}").as_bytes(), sealed)?;
        Ok(serde_json::from_slice(&plain)?)
    }
}
