use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use siegel_kernel::TrustLevel;
use siegel_objects::ObjectStoreConfig;

/// The table `[account]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// File with the secret above the accounts' keys: 32 random bytes or their text. Who loses it
    /// can read no attribute again. Made at first start in the sandbox, never in production.
    pub key_encryption_key_file: PathBuf,
    /// Where the sealed documents of the safe are. Without it the safe is closed:
    /// `FAILED_PRECONDITION` with `DOCUMENTS_OFF`.
    #[serde(default)]
    pub object_store: Option<ObjectStoreConfig>,
    #[serde(default)]
    pub documents: DocumentsConfig,
    /// The tenant whose staff (clients with scope `account.support`) may look into accounts. Without
    /// it nobody may.
    #[serde(default)]
    pub operator_tenant: Option<String>,
    #[serde(default)]
    pub import: ImportConfig,
}

/// `[account.import]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportConfig {
    /// The least level of a session that takes over an account of a closed system, even one that
    /// was known there at a lower level: `basic`, `low`, `substantial` or `high`.
    pub floor: TrustLevel,
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self { floor: TrustLevel::Low }
    }
}

/// `[account.documents]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DocumentsConfig {
    /// Bytes that one account may keep.
    pub quota_bytes: i64,
    /// Of these, what one tenant's letters may bring, by tenant. Without an entry: all.
    pub quota_bytes_of_tenant: BTreeMap<String, i64>,
    /// Bytes of one document.
    pub document_bytes: i64,
    /// Days for which a service may be let in, at most.
    pub grant_days: u32,
}

impl Default for DocumentsConfig {
    fn default() -> Self {
        Self {
            quota_bytes: 100 << 20,
            quota_bytes_of_tenant: BTreeMap::new(),
            document_bytes: 25 << 20,
            grant_days: 30,
        }
    }
}

impl Config {
    /// Without a document safe.
    pub fn new(key_encryption_key_file: PathBuf) -> Self {
        Self {
            key_encryption_key_file,
            object_store: None,
            documents: DocumentsConfig::default(),
            operator_tenant: None,
            import: ImportConfig::default(),
        }
    }
}
