//! A consent that was taken back at the account service ends what its client holds here.

use siegel_db::{Attempt, IdempotencyKey, audit, begin_request, finish_request};
use siegel_grpc::audit_name;
use siegel_kernel::AccountId;

use super::client_consents::WithdrawError;
use crate::state::Identity;
use crate::store::{accounts, claim_choices, codes, grants, revocations};

/// Ends every grant and open code of one person at one client and forgets what was decided about
/// attributes: its next log-in asks. What was allowed besides attributes stays; it has a page of
/// its own. A client that holds nothing is no error: the consent may be older than its grants.
pub async fn end(
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
    // Who redeems a code holds the same lock: its grant is there already, or its code is gone.
    accounts::lock(&mut tx, account).await?;
    claim_choices::forget(&mut tx, account, client_id).await?;
    codes::forget(&mut tx, account, client_id, now).await?;
    for grant in grants::revoke_at_client(&mut tx, account, client_id, now).await? {
        revocations::publish_grant(&mut tx, grant, now).await?;
    }
    let entry = audit::Entry {
        kind: "identity.client_access.ended",
        actor: key.caller,
        subject: &audit_name(account),
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
