//! What clients hear when an address changes hands. They hear of their own subject and never of an
//! address, though RISC 1.0 §2.5 and §2.6 would name it: userinfo tells the new one to whoever may
//! have it.

use siegel_db::{StoreError, Tx};
use siegel_kernel::{AccountId, Timestamp};

use super::security_events::{self, SecurityEvent};
use crate::store::{clients, freed_addresses};

/// The scope that releases an address.
const EMAIL: &str = "email";

/// The account logs in with another address from now on.
pub async fn changed(
    tx: &mut Tx,
    account: AccountId,
    before: &[u8],
    after: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    tell(tx, account, &SecurityEvent::IdentifierChanged, now).await?;
    taken(tx, account, after, now).await?;
    freed_addresses::put(tx, before, account, now).await
}

/// The account has this address from now on; whoever had it before is somebody else.
pub async fn taken(
    tx: &mut Tx,
    account: AccountId,
    address_hash: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    match freed_addresses::take(tx, address_hash).await? {
        Some(before) if before != account => {
            tell(tx, before, &SecurityEvent::IdentifierRecycled, now).await
        }
        _ => Ok(()),
    }
}

/// Tells the clients that may know the address.
async fn tell(
    tx: &mut Tx,
    account: AccountId,
    event: &SecurityEvent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut hearers = Vec::new();
    for client_id in security_events::hearers(tx, account, now).await? {
        let client = clients::find(tx, &client_id).await?;
        if client.is_some_and(|c| c.scopes.iter().any(|scope| scope == EMAIL)) {
            hearers.push(client_id);
        }
    }
    security_events::tell(tx, &hearers, account, event, now).await
}
