//! Many mailboxes and letters at once, written past the API: what measurements start from.

mod letters;

use std::path::Path;
use std::sync::Arc;

use siegel_crypto::{DataKey, SystemEntropy, load_or_create, sha256};
use siegel_db::Db;
use siegel_kernel::{AccountId, Clock as _, SystemClock};
use uuid::Uuid;

use crate::app::vault::Vault;
use crate::domain::{HandleId, MailboxId};
use crate::store::mailboxes::{self, Owner};

pub use letters::{add_letters_of_others, fill_mailbox};

/// Mailboxes of made-up accounts, and how they are reached.
pub struct Filled {
    pub mailboxes: Vec<Uuid>,
    /// As senders name them.
    pub handles: Vec<String>,
}

/// The keys under the key-encryption key of this file.
fn vault(kek: &Path) -> Result<Vault, Box<dyn std::error::Error + Send + Sync>> {
    let entropy = Arc::new(SystemEntropy::new());
    let secret = load_or_create(kek, false, entropy.as_ref())?;
    Ok(Vault::new(DataKey::from_bytes(sha256(&secret.bytes)), entropy))
}

/// Opens `count` mailboxes with a handle for `sector` each. `kek` is the key-encryption key's file.
/// # Errors
/// The key cannot be read or the database refuses.
pub async fn mailboxes(
    db: &Db,
    kek: &Path,
    sector: &str,
    count: u32,
) -> Result<Filled, Box<dyn std::error::Error + Send + Sync>> {
    let (entropy, vault) = (SystemEntropy::new(), vault(kek)?);
    let now = SystemClock.now();
    let mut filled = Filled { mailboxes: Vec::new(), handles: Vec::new() };
    let mut tx = db.begin().await?;
    for _ in 0..count {
        let id = MailboxId::new(&SystemClock, &entropy)?;
        let owner = Owner::Account(AccountId::new(&SystemClock, &entropy)?);
        mailboxes::add(&mut tx, id, owner, &vault.new_mailbox_key(id)?, now).await?;
        let handle = HandleId::new(&SystemClock, &entropy)?;
        mailboxes::add_handle(&mut tx, handle, id, sector, now).await?;
        filled.mailboxes.push(id.as_uuid());
        filled.handles.push(handle.to_string());
    }
    tx.commit().await?;
    Ok(filled)
}
