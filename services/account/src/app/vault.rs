use std::sync::Arc;

use siegel_crypto::{
    DataKey, RootSecret, SealError, hmac_sha256, open, seal, unwrap_key, wrap_key,
};
use siegel_kernel::{AccountId, Entropy};

use crate::domain::Held;
use crate::domain::import::comparable_email;
use crate::store::accounts::Account;
use crate::store::attributes::{AttributeId, Stored};
use crate::store::imported::ImportedId;

/// The keys above the accounts' own. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    key_encryption: Arc<DataKey>,
    digests: Arc<DataKey>,
    /// Under which accounts elsewhere are found by address and old id.
    indexes: Arc<DataKey>,
    entropy: Arc<dyn Entropy>,
}

/// The key of one account.
pub struct AccountKey {
    key: DataKey,
    account: AccountId,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    pub fn new(root: &RootSecret, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            key_encryption: Arc::new(root.key("account key encryption")),
            digests: Arc::new(root.key("account request digests")),
            indexes: Arc::new(root.key("account import indexes")),
            entropy,
        }
    }

    /// Keyed digest of a request that may hold personal data.
    pub fn digest(&self, kind: &str, request: &[u8]) -> [u8; 32] {
        hmac_sha256(self.digests.as_bytes(), &[kind.as_bytes(), &[0], request].concat())
    }

    /// A fresh key for an account, and its wrapped form to be stored.
    pub fn new_key(&self, account: AccountId) -> Result<(AccountKey, Vec<u8>), SealError> {
        let key = DataKey::generate(self.entropy.as_ref())?;
        let wrapped =
            wrap_key(&self.key_encryption, &context(account), &key, self.entropy.as_ref())?;
        Ok((AccountKey { key, account, entropy: self.entropy.clone() }, wrapped))
    }

    pub fn key_of(&self, account: &Account) -> Result<AccountKey, SealError> {
        let key = unwrap_key(&self.key_encryption, &context(account.id), &account.data_key)?;
        Ok(AccountKey { key, account: account.id, entropy: self.entropy.clone() })
    }
}

impl Vault {
    /// What an address is found by. Who reads the database cannot try addresses.
    pub fn email_index(&self, email: &str) -> [u8; 32] {
        self.index(&["email", &comparable_email(email)])
    }

    /// What an account of a closed system is found by.
    pub fn old_id_index(&self, system: &str, old_id: &str) -> [u8; 32] {
        self.index(&["old id", system, old_id])
    }

    /// The lengths keep two systems apart whose ids run into each other.
    fn index(&self, parts: &[&str]) -> [u8; 32] {
        let framed = parts.iter().flat_map(|part| {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes();
            length.into_iter().chain(part.bytes())
        });
        hmac_sha256(self.indexes.as_bytes(), &framed.collect::<Vec<u8>>())
    }

    /// A fresh key for what waits of a closed system, and its wrapped form to be stored.
    pub fn new_system_key(&self, system: &str) -> Result<(SystemKey, Vec<u8>), SealError> {
        let key = DataKey::generate(self.entropy.as_ref())?;
        let context = system_context(system);
        let wrapped = wrap_key(&self.key_encryption, &context, &key, self.entropy.as_ref())?;
        Ok((SystemKey { key, entropy: self.entropy.clone() }, wrapped))
    }

    pub fn system_key(&self, system: &str, wrapped: &[u8]) -> Result<SystemKey, SealError> {
        let key = unwrap_key(&self.key_encryption, &system_context(system), wrapped)?;
        Ok(SystemKey { key, entropy: self.entropy.clone() })
    }
}

/// The key of one closed system.
pub struct SystemKey {
    key: DataKey,
    entropy: Arc<dyn Entropy>,
}

impl SystemKey {
    pub fn seal(&self, id: ImportedId, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.key, &imported_context(id), plain, self.entropy.as_ref())
    }

    pub fn open(&self, id: ImportedId, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(open(&self.key, &imported_context(id), sealed)?.to_vec())
    }
}

fn system_context(system: &str) -> Vec<u8> {
    format!("import key/{system}").into_bytes()
}

fn imported_context(id: ImportedId) -> Vec<u8> {
    format!("imported account/{id}").into_bytes()
}

fn context(account: AccountId) -> Vec<u8> {
    format!("account key/{account}").into_bytes()
}

impl AccountKey {
    fn value_context(&self, id: AttributeId, name: &str) -> Vec<u8> {
        format!("attribute/{}/{id}/{name}", self.account).into_bytes()
    }

    pub fn seal_value(
        &self,
        id: AttributeId,
        name: &str,
        value: &str,
    ) -> Result<Vec<u8>, SealError> {
        let context = self.value_context(id, name);
        seal(&self.key, &context, value.as_bytes(), self.entropy.as_ref())
    }

    pub fn open_value(&self, stored: &Stored) -> Result<Held, SealError> {
        let context = self.value_context(stored.id, &stored.name);
        let plain = open(&self.key, &context, &stored.value)?;
        let value = String::from_utf8(plain.to_vec()).map_err(|_| SealError::DoesNotOpen)?;
        Ok(Held {
            name: stored.name.clone(),
            value,
            proof: stored.proof.clone(),
            recorded_at: stored.recorded_at,
        })
    }

    pub fn open_values(&self, stored: &[Stored]) -> Result<Vec<Held>, SealError> {
        stored.iter().map(|one| self.open_value(one)).collect()
    }

    /// Seals the answer to a request, which is kept for its repetition.
    pub fn seal_answer(&self, request_id: &str, answer: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.key, &self.answer_context(request_id), answer, self.entropy.as_ref())
    }

    pub fn open_answer(&self, request_id: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(open(&self.key, &self.answer_context(request_id), sealed)?.to_vec())
    }

    /// Seals what is not an attribute: receipts, changes, descriptions. `what` says which row of
    /// which table, so that none opens in another's place.
    pub fn seal_text(&self, what: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.key, &self.text_context(what), plain, self.entropy.as_ref())
    }

    pub fn open_text(&self, what: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(open(&self.key, &self.text_context(what), sealed)?.to_vec())
    }

    fn text_context(&self, what: &str) -> Vec<u8> {
        format!("text/{}/{what}", self.account).into_bytes()
    }

    /// A fresh key for one document, and its wrapped form to be stored.
    pub fn new_document_key(&self, document: &str) -> Result<(DataKey, Vec<u8>), SealError> {
        let key = DataKey::generate(self.entropy.as_ref())?;
        let context = self.text_context(&format!("document key/{document}"));
        let wrapped = wrap_key(&self.key, &context, &key, self.entropy.as_ref())?;
        Ok((key, wrapped))
    }

    pub fn document_key(&self, document: &str, wrapped: &[u8]) -> Result<DataKey, SealError> {
        unwrap_key(&self.key, &self.text_context(&format!("document key/{document}")), wrapped)
    }

    /// The key of a document that another account had.
    pub fn wrap_document_key(&self, document: &str, key: &DataKey) -> Result<Vec<u8>, SealError> {
        let context = self.text_context(&format!("document key/{document}"));
        wrap_key(&self.key, &context, key, self.entropy.as_ref())
    }

    fn answer_context(&self, request_id: &str) -> Vec<u8> {
        format!("answer/{}/{request_id}", self.account).into_bytes()
    }
}
