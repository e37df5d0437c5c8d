use std::collections::HashMap;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp};

use super::asked::of_ids;
use crate::domain::mailbox::MembershipId;
use crate::domain::units::{Unit, UnitId};

#[derive(sqlx::FromRow)]
struct Row {
    id: UnitId,
    name: String,
    parent_id: Option<UnitId>,
}

/// The open units of an organisation.
pub async fn all(tx: &mut Tx, organisation: OrganisationId) -> Result<Vec<Unit>, StoreError> {
    const SQL: &str = "SELECT id, name, parent_id FROM units \
        WHERE organisation_id = $1 AND closed_at_us IS NULL";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?);
    let unit = |row: Row| Unit { id: row.id, name: row.name, parent: row.parent_id };
    Ok(rows.into_iter().map(unit).collect())
}

/// Whether a unit is open and of this organisation: for what refers to units.
pub async fn exists(
    tx: &mut Tx,
    organisation: OrganisationId,
    unit: UnitId,
) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM units \
        WHERE id = $2 AND organisation_id = $1 AND closed_at_us IS NULL";
    let found: i64 =
        on!(tx, c => sqlx::query_scalar(SQL).bind(organisation).bind(unit).fetch_one(c).await?);
    Ok(found == 1)
}

pub async fn add(
    tx: &mut Tx,
    organisation: OrganisationId,
    new: &Unit,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO units (id, organisation_id, parent_id, name, created_at_us) \
        VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(organisation).bind(new.parent).bind(&new.name).bind(at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Renames or moves an open unit; `false` when there is none.
pub async fn change(
    tx: &mut Tx,
    organisation: OrganisationId,
    unit: &Unit,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE units SET name = $3, parent_id = $4 \
        WHERE id = $2 AND organisation_id = $1 AND closed_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(organisation).bind(unit.id).bind(&unit.name).bind(unit.parent)
        .execute(c).await?.rows_affected())
        == 1)
}

/// Closes an open unit; `false` when there is none.
pub async fn close(
    tx: &mut Tx,
    organisation: OrganisationId,
    unit: UnitId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE units SET closed_at_us = $3 \
        WHERE id = $2 AND organisation_id = $1 AND closed_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(organisation).bind(unit).bind(at).execute(c).await?.rows_affected())
        == 1)
}

/// The current members of each open unit, in the order of their ids.
pub async fn members(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<HashMap<UnitId, Vec<MembershipId>>, StoreError> {
    const SQL: &str = "SELECT u.id, m.id FROM units u \
        JOIN unit_members b ON b.unit_id = u.id JOIN memberships m ON m.id = b.membership_id \
        WHERE u.organisation_id = $1 AND u.closed_at_us IS NULL AND m.ended_at_us IS NULL \
        ORDER BY m.id";
    let rows: Vec<(UnitId, MembershipId)> =
        on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?);
    let mut found: HashMap<UnitId, Vec<MembershipId>> = HashMap::new();
    for (unit, member) in rows {
        found.entry(unit).or_default().push(member);
    }
    Ok(found)
}

/// Puts these members into a unit in place of all others; `false` when one of them is none of the
/// organisation's.
pub async fn set_members(
    tx: &mut Tx,
    organisation: OrganisationId,
    unit: UnitId,
    members: &[MembershipId],
) -> Result<bool, StoreError> {
    const CLEAR: &str = "DELETE FROM unit_members WHERE unit_id = $1";
    const ADD: &str = "INSERT INTO unit_members (unit_id, membership_id) \
        SELECT $1, m.id FROM memberships m \
        WHERE m.id = $2 AND m.organisation_id = $3 AND m.ended_at_us IS NULL";
    on!(&mut *tx, c => sqlx::query(CLEAR).bind(unit).execute(c).await?.rows_affected());
    for member in members {
        let added = on!(&mut *tx, c => sqlx::query(ADD)
            .bind(unit).bind(*member).bind(organisation).execute(c).await?.rows_affected());
        if added != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The open units to which members belong.
pub async fn of_members(
    tx: &mut Tx,
    members: &[MembershipId],
) -> Result<HashMap<MembershipId, Vec<UnitId>>, StoreError> {
    const SQL: &str = "SELECT b.membership_id, b.unit_id FROM asked a \
        CROSS JOIN unit_members b CROSS JOIN units u \
        WHERE b.membership_id = a.id AND u.id = b.unit_id AND u.closed_at_us IS NULL";
    let ids: Vec<_> = members.iter().map(|id| id.as_uuid()).collect();
    let rows: Vec<(MembershipId, UnitId)> = of_ids(tx, &ids, SQL).await?;
    let mut found: HashMap<MembershipId, Vec<UnitId>> = HashMap::new();
    for (member, unit) in rows {
        found.entry(member).or_default().push(unit);
    }
    Ok(found)
}
