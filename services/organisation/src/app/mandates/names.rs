use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siegel_crypto::{
    DataKey, RootSecret, SealError, hmac_sha256, open, seal, unwrap_key, wrap_key,
};
use siegel_kernel::Entropy;

use crate::domain::MandateId;
use crate::store::mandates::Record;

/// What the two sides of a mandate are called, as far as no record says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamesOf {
    /// What a person who gives calls themself.
    pub from: String,
    /// What the giver calls the holder.
    pub to: String,
}

/// Sealed names, and their wrapped key.
pub type SealedNames = (Vec<u8>, Vec<u8>);

/// Seals names under a key per mandate, wrapped by the service's. Cheap to clone.
#[derive(Clone)]
pub struct Names {
    key: Option<Arc<DataKey>>,
    digests: Option<Arc<DataKey>>,
    entropy: Arc<dyn Entropy>,
}

impl Names {
    /// Without a secret names are not kept at all.
    pub fn new(root: Option<&RootSecret>, entropy: Arc<dyn Entropy>) -> Self {
        let of = |purpose| root.map(|root| Arc::new(root.key(purpose)));
        Self { key: of("names in mandates"), digests: of("mandate request digests"), entropy }
    }

    /// What is kept of a request that holds names: who reads the database cannot try names out.
    pub fn digest(&self, request: [u8; 32]) -> [u8; 32] {
        match &self.digests {
            Some(key) => hmac_sha256(key.as_bytes(), &request),
            None => request,
        }
    }

    /// Sealed names and their wrapped key.
    pub fn seal(&self, id: MandateId, names: &NamesOf) -> Result<Option<SealedNames>, SealError> {
        let Some(above) = &self.key else { return Ok(None) };
        let (context, entropy) = (context(id), self.entropy.as_ref());
        let key = DataKey::generate(entropy)?;
        let plain = serde_json::to_vec(names).map_err(|_| SealError::DoesNotOpen)?;
        let sealed = seal(&key, &context, &plain, entropy)?;
        Ok(Some((sealed, wrap_key(above, &context, &key, entropy)?)))
    }

    /// The names of a mandate; empty when there are none, or none any more.
    pub fn of(&self, record: &Record) -> Result<NamesOf, SealError> {
        let (Some(above), Some((sealed, key))) = (&self.key, &record.names) else {
            return Ok(NamesOf::default());
        };
        let context = context(record.grant.id);
        let key = unwrap_key(above, &context, key)?;
        let plain = open(&key, &context, sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::DoesNotOpen)
    }
}

fn context(id: MandateId) -> Vec<u8> {
    format!("names of {id}").into_bytes()
}
