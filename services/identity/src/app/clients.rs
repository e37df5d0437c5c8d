//! Registered clients follow the settings at every start.

use siegel_db::{StoreError, audit};

use crate::domain::client::Client;
use crate::state::Identity;
use crate::store::{clients, grants, revocations};

/// Stores all registrations and removes clients that are no longer there, with their grants.
pub async fn register(state: &Identity, registrations: &[Client]) -> Result<(), StoreError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    for gone in clients::ids(&mut tx).await? {
        if registrations.iter().any(|c| c.client_id == gone) {
            continue;
        }
        for grant in grants::revoke_client(&mut tx, &gone, now).await? {
            revocations::publish_grant(&mut tx, grant, now).await?;
        }
        clients::remove(&mut tx, &gone).await?;
        let entry = audit::Entry {
            kind: "identity.client.removed",
            actor: "service:identity",
            subject: &gone,
            level: None,
            outcome: "done",
            request_id: "",
            detail: "",
            at: now,
        };
        audit::record(&mut tx, &entry).await?;
    }
    for client in registrations {
        clients::put(&mut tx, client, now).await?;
    }
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}
