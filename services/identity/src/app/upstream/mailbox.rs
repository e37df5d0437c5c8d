//! Whether a person's letters go elsewhere: who has nothing but accounts of providers with mailboxes
//! of their own gets none here, and its clients no handle.

use siegel_db::{StoreError, Tx};
use siegel_kernel::AccountId;

use crate::store::{credentials, upstream_links, upstreams};

/// Whether each way in to the account leads over a provider whose accounts have a mailbox.
pub async fn is_elsewhere(tx: &mut Tx, account: AccountId) -> Result<bool, StoreError> {
    let links = upstream_links::of_account(tx, account).await?;
    if links.is_empty() || !credentials::list(tx, account).await?.is_empty() {
        return Ok(false);
    }
    for link in links {
        let found = upstreams::find(tx, &link.upstream_id).await?;
        if !found.is_some_and(|stored| stored.upstream.mailbox) {
            return Ok(false);
        }
    }
    Ok(true)
}
