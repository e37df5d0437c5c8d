//! How memberships begin and end; whoever ends one, for whatever reason, ends it here.

use serde_json::json;
use siegel_db::{StoreError, Tx};
use siegel_kernel::Timestamp;

use super::mandates;
use super::order::tell;
use crate::store::members::{self, Member};
use crate::store::{invitations, memberships};

/// Ends a membership, the invitations that member made and the mandates they held as a member, and
/// tells the others.
pub async fn end(tx: &mut Tx, member: &Member, at: Timestamp) -> Result<(), StoreError> {
    if !members::end(tx, member.id, at).await? {
        return Ok(());
    }
    invitations::revoke_of(tx, Some(member.id), None, at).await?;
    mandates::member_left(tx, (member.organisation, member.account), at).await?;
    let more = json!({ "account_id": member.account, "membership_id": member.id });
    tell(tx, "organisation.member.ended", member.organisation, more, at).await
}

/// Tells the others of a new member.
pub async fn added(
    tx: &mut Tx,
    new: &memberships::Membership,
    at: Timestamp,
) -> Result<(), StoreError> {
    let more = json!({ "account_id": new.account, "membership_id": new.id,
        "role": new.role.as_str() });
    tell(tx, "organisation.member.added", new.organisation, more, at).await
}
