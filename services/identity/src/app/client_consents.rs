//! What people allowed clients besides attributes, and taking it back.

use siegel_db::{Attempt, IdempotencyKey, StoreError, audit, begin_request, finish_request};
use siegel_grpc::audit_name;
use siegel_kernel::{AccountId, Timestamp};

use crate::state::Identity;
use crate::store::{accounts, claim_choices, clients, codes, grants, revocations, scope_consents};

/// What one client was allowed.
pub struct Allowed {
    pub client_id: String,
    pub client_name: String,
    pub scopes: Vec<String>,
    pub given_at: Timestamp,
}

/// Nothing was withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    #[error("this client was allowed nothing")]
    Unknown,
    #[error("this request id was used for something else")]
    Reused,
    #[error("reading or storing failed")]
    Store(#[from] StoreError),
}

/// Per client, sorted by its id.
pub async fn list(state: &Identity, account: AccountId) -> Result<Vec<Allowed>, StoreError> {
    let mut tx = state.outside.db.read().await?;
    let mut all: Vec<Allowed> = Vec::new();
    for given in scope_consents::of_account(&mut tx, account).await? {
        if let Some(last) = all.last_mut().filter(|last| last.client_id == given.client_id) {
            last.given_at = last.given_at.min(given.given_at_us);
            last.scopes.push(given.scope);
            continue;
        }
        let client = clients::find(&mut tx, &given.client_id).await?;
        all.push(Allowed {
            client_name: client.map_or_else(|| given.client_id.clone(), |c| c.name),
            client_id: given.client_id,
            scopes: vec![given.scope],
            given_at: given.given_at_us,
        });
    }
    Ok(all)
}

/// Takes everything back from one client: what was allowed, what was decided, every grant, and the
/// codes that would become grants.
pub async fn withdraw(
    state: &Identity,
    account: AccountId,
    client_id: &str,
    key: &IdempotencyKey<'_>,
) -> Result<(), WithdrawError> {
    let now = state.now();
    let mut tx = state.outside.db.begin().await?;
    match begin_request(&mut tx, key, now).await? {
        Attempt::Fresh => {}
        Attempt::Repeated(_) => return Ok(()),
        Attempt::Conflict => return Err(WithdrawError::Reused),
    }
    let withdrawn = scope_consents::withdraw(&mut tx, account, client_id).await?;
    claim_choices::forget(&mut tx, account, client_id).await?;
    // Who redeems a code holds the same lock: its grant is there already, or its code is gone.
    accounts::lock(&mut tx, account).await?;
    let codes = codes::forget(&mut tx, account, client_id, now).await?;
    let revoked = grants::revoke_at_client(&mut tx, account, client_id, now).await?;
    if withdrawn == 0 && codes == 0 && revoked.is_empty() {
        return Err(WithdrawError::Unknown);
    }
    for grant in revoked {
        revocations::publish_grant(&mut tx, grant, now).await?;
    }
    let name = audit_name(account);
    let entry = audit::Entry {
        kind: "identity.consent.withdrawn",
        actor: &format!("person:{name}"),
        subject: &name,
        level: None,
        outcome: "done",
        request_id: key.request_id,
        detail: client_id,
        at: now,
    };
    audit::record(&mut tx, &entry).await?;
    finish_request(&mut tx, key, &[]).await?;
    tx.commit().await?;
    state.feed.committed();
    Ok(())
}
