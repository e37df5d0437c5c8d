use std::collections::HashMap;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp};

use super::asked::of_ids;
use super::memberships::MembershipId;
use crate::domain::claim::ClaimId;
use crate::domain::{Program, Role, SystemUserId};

/// A program as it is kept.
#[derive(Clone, Debug)]
pub struct SystemUser {
    pub id: SystemUserId,
    pub organisation: OrganisationId,
    pub claim: Option<ClaimId>,
    /// Absent for those from before this was kept.
    pub registered_by: Option<MembershipId>,
    pub name: String,
    pub role: Role,
    pub key_thumbprint: String,
    pub jwk: String,
    pub registered_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SystemUserId,
    organisation_id: OrganisationId,
    claim_id: Option<ClaimId>,
    registered_by: Option<MembershipId>,
    name: String,
    role: i64,
    key_thumbprint: String,
    jwk: String,
    registered_at_us: Timestamp,
    revoked_at_us: Option<Timestamp>,
}

impl TryFrom<Row> for SystemUser {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = Role::from_number(row.role);
        Ok(Self {
            id: row.id,
            organisation: row.organisation_id,
            claim: row.claim_id,
            registered_by: row.registered_by,
            name: row.name,
            role: role.ok_or_else(|| StoreError::corrupt("system_users.role"))?,
            key_thumbprint: row.key_thumbprint,
            jwk: row.jwk,
            registered_at: row.registered_at_us,
            revoked_at: row.revoked_at_us,
        })
    }
}

/// Registers a program; `false` when its key was ever registered.
pub async fn add(tx: &mut Tx, new: &SystemUser) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO system_users (id, organisation_id, claim_id, name, role, \
        key_thumbprint, jwk, registered_at_us, registered_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
        ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(new.organisation).bind(new.claim).bind(&new.name)
        .bind(i64::from(new.role.number())).bind(&new.key_thumbprint).bind(&new.jwk)
        .bind(new.registered_at).bind(new.registered_by).execute(c).await?.rows_affected())
        == 1)
}

/// The programs of an organisation, newest first.
pub async fn all(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<SystemUser>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, claim_id, name, role, key_thumbprint, jwk, \
        registered_at_us, registered_by, revoked_at_us FROM system_users WHERE organisation_id = $1 \
        ORDER BY registered_at_us DESC, id LIMIT 500";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?);
    rows.into_iter().map(SystemUser::try_from).collect()
}

/// A program, if it counts still.
pub async fn by_id(tx: &mut Tx, id: SystemUserId) -> Result<Option<SystemUser>, StoreError> {
    const SQL: &str = "SELECT id, organisation_id, claim_id, name, role, key_thumbprint, jwk, \
        registered_at_us, registered_by, revoked_at_us FROM system_users WHERE id = $1 AND revoked_at_us IS NULL";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(SystemUser::try_from).transpose()
}

/// Those of these programs that count still, as decisions see them.
pub async fn current(
    tx: &mut Tx,
    ids: &[SystemUserId],
) -> Result<HashMap<SystemUserId, Program>, StoreError> {
    const SQL: &str = "SELECT s.id, s.organisation_id, s.role \
        FROM asked a CROSS JOIN system_users s WHERE s.id = a.id AND s.revoked_at_us IS NULL";
    let ids: Vec<_> = ids.iter().map(|id| id.as_uuid()).collect();
    let rows: Vec<(SystemUserId, OrganisationId, i64)> = of_ids(tx, &ids, SQL).await?;
    let program = |(id, organisation, number)| {
        let role = Role::from_number(number);
        let role = role.ok_or_else(|| StoreError::corrupt("system_users.role"))?;
        Ok((id, Program { organisation, role }))
    };
    rows.into_iter().map(program).collect()
}

/// Revokes a program; `false` when the organisation has none such.
pub async fn revoke(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: SystemUserId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE system_users SET revoked_at_us = $3 \
        WHERE id = $2 AND organisation_id = $1 AND revoked_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(organisation).bind(id).bind(at).execute(c).await?.rows_affected())
        == 1)
}

/// Revokes all programs of an organisation, or only those that go back to a claim; which.
pub async fn revoke_all(
    tx: &mut Tx,
    organisation: OrganisationId,
    claim: Option<ClaimId>,
    at: Timestamp,
) -> Result<Vec<SystemUserId>, StoreError> {
    const ALL: &str = "UPDATE system_users SET revoked_at_us = $2 \
        WHERE organisation_id = $1 AND revoked_at_us IS NULL RETURNING id";
    const OF_CLAIM: &str = "UPDATE system_users SET revoked_at_us = $2 \
        WHERE organisation_id = $1 AND claim_id = $3 AND revoked_at_us IS NULL RETURNING id";
    Ok(match claim {
        None => on!(tx, c => sqlx::query_scalar(ALL)
            .bind(organisation).bind(at).fetch_all(c).await?),
        Some(claim) => on!(tx, c => sqlx::query_scalar(OF_CLAIM)
            .bind(organisation).bind(at).bind(claim).fetch_all(c).await?),
    })
}
