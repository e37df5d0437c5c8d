use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp};

use crate::domain::Role;
pub use crate::domain::mailbox::MembershipId;

/// A membership that begins.
#[derive(Clone, Copy, Debug)]
pub struct Membership {
    pub id: MembershipId,
    pub organisation: OrganisationId,
    pub account: AccountId,
    pub role: Role,
    pub began_at: Timestamp,
}

/// Adds a membership; `false` when the account is a member already.
pub async fn add(tx: &mut Tx, new: &Membership) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO memberships (id, organisation_id, account_id, role, began_at_us) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.organisation).bind(new.account)
        .bind(i64::from(new.role.number())).bind(new.began_at)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Whose membership this is, when it has not ended.
pub async fn current(
    tx: &mut Tx,
    id: MembershipId,
    organisation: OrganisationId,
) -> Result<Option<AccountId>, StoreError> {
    const SQL: &str = "SELECT account_id FROM memberships \
        WHERE id = $1 AND organisation_id = $2 AND ended_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(id).bind(organisation).fetch_optional(c).await?))
}
