//! Units of organisations, as far as rights in mailboxes ask for them.

use std::collections::HashMap;

use siegel_db::{StoreError, Tx};
use siegel_kernel::OrganisationId;

use crate::domain::mailbox::{MembershipId, UnitId};

/// Whether an organisation has this unit. No organisation has units yet.
#[expect(clippy::unused_async, reason = "a statement, once units are rows")]
pub async fn exists(_: &mut Tx, _: OrganisationId, _: UnitId) -> Result<bool, StoreError> {
    Ok(false)
}

/// The units to which members belong. No organisation has units yet.
#[expect(clippy::unused_async, reason = "a statement, once units are rows")]
pub async fn of_members(
    _: &mut Tx,
    _: &[MembershipId],
) -> Result<HashMap<MembershipId, Vec<UnitId>>, StoreError> {
    Ok(HashMap::new())
}
