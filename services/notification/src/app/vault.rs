use std::sync::Arc;

use siegel_crypto::{DataKey, RootSecret, SealError, hmac_sha256, open, seal};
use siegel_kernel::Entropy;

use crate::domain::{Contact, Content, EmailAddress, Locale, Recipient};
use crate::store::contacts;
use crate::store::orders::OrderId;

/// The key over addresses and the content of queued mails. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    key: Arc<DataKey>,
    digests: Arc<DataKey>,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    pub fn new(root: &RootSecret, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            key: Arc::new(root.key("notification values")),
            digests: Arc::new(root.key("notification request digests")),
            entropy,
        }
    }

    /// Keyed digest of a request.
    pub fn digest(&self, kind: &str, request: &[u8]) -> [u8; 32] {
        hmac_sha256(self.digests.as_bytes(), &[kind.as_bytes(), &[0], request].concat())
    }

    pub fn seal_contact(
        &self,
        recipient: Recipient,
        contact: &Contact,
    ) -> Result<contacts::Stored, SealError> {
        let context = format!("contact/{recipient}");
        let plain = contact.email.as_str().as_bytes();
        let email = seal(&self.key, context.as_bytes(), plain, self.entropy.as_ref())?;
        Ok(contacts::Stored { email, locale: contact.locale.as_str().to_owned() })
    }

    pub fn open_contact(
        &self,
        recipient: &str,
        stored: &contacts::Stored,
    ) -> Result<Contact, SealError> {
        let plain = open(&self.key, format!("contact/{recipient}").as_bytes(), &stored.email)?;
        let email = std::str::from_utf8(&plain).ok().map(EmailAddress::parse);
        let email = email.and_then(Result::ok).ok_or(SealError::DoesNotOpen)?;
        Ok(Contact { email, locale: Locale::parse(&stored.locale).unwrap_or_default() })
    }

    pub fn seal_content(&self, id: OrderId, content: &Content) -> Result<Vec<u8>, SealError> {
        // These types always have a JSON form.
        let plain = serde_json::to_vec(content).map_err(|_| SealError::DoesNotOpen)?;
        seal(&self.key, format!("order/{id}").as_bytes(), &plain, self.entropy.as_ref())
    }

    pub fn open_content(&self, id: OrderId, sealed: &[u8]) -> Result<Content, SealError> {
        let plain = open(&self.key, format!("order/{id}").as_bytes(), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)
    }
}
