//! How an organisation stands: whether it exists still, how surely it is known.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, TrustLevel};

use super::memberships::MembershipId;
use crate::domain::Role;
use crate::domain::claim::ClaimId;

/// An organisation and one of its members.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub membership: MembershipId,
    pub role: Role,
    /// The claim the membership goes back to.
    pub claim: Option<ClaimId>,
    pub identification: TrustLevel,
    pub authentication: Option<TrustLevel>,
    pub equal_rights: bool,
    /// Whether a first claim is proven and not past its cooling period.
    pub cooling: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: MembershipId,
    role: i64,
    claim_id: Option<ClaimId>,
    identification_level: TrustLevel,
    authentication_level: Option<TrustLevel>,
    equal_rights: bool,
    cooling: i64,
}

/// Keeps others from changing the organisation until the transaction ends.
pub async fn lock(tx: &mut Tx, id: OrganisationId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE organisations SET created_at_us = created_at_us WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected());
    Ok(())
}

/// How things stand for a member; `None` for everybody else.
pub async fn of(
    tx: &mut Tx,
    id: OrganisationId,
    account: AccountId,
) -> Result<Option<Standing>, StoreError> {
    const SQL: &str = "SELECT m.id, m.role, m.claim_id, o.identification_level, \
        o.authentication_level, o.equal_rights, \
        (SELECT COUNT(*) FROM claims c WHERE c.organisation_id = o.id AND c.state = 3 \
            AND NOT c.recovery) AS cooling \
        FROM memberships m JOIN organisations o ON o.id = m.organisation_id \
        WHERE m.account_id = $2 AND m.organisation_id = $1 AND m.ended_at_us IS NULL \
        AND o.dissolved_at_us IS NULL";
    let row: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(id).bind(account).fetch_optional(c).await?);
    row.map(|row| {
        let role = Role::from_number(row.role);
        Ok(Standing {
            membership: row.id,
            role: role.ok_or_else(|| StoreError::corrupt("memberships.role"))?,
            claim: row.claim_id,
            identification: row.identification_level,
            authentication: row.authentication_level,
            equal_rights: row.equal_rights,
            cooling: row.cooling > 0,
        })
    })
    .transpose()
}

/// Sets how surely the organisation is known, and by which log-in that was proven.
pub async fn identified(
    tx: &mut Tx,
    id: OrganisationId,
    level: TrustLevel,
    authentication: Option<TrustLevel>,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE organisations SET identification_level = $2, \
        authentication_level = $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(level).bind(authentication).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn set_equal_rights(tx: &mut Tx, id: OrganisationId, on: bool) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE organisations SET equal_rights = $2 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(on).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends the organisation; `false` when it was over.
pub async fn dissolve(tx: &mut Tx, id: OrganisationId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE organisations SET dissolved_at_us = $2 WHERE id = $1 AND dissolved_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// The organisation's name.
pub async fn name(tx: &mut Tx, id: OrganisationId) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT name FROM organisations WHERE id = $1 AND dissolved_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await?))
}
