use std::collections::HashMap;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp};

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

/// The units to which members belong. Nobody belongs to a unit yet: units are places, not teams.
#[expect(clippy::unused_async, reason = "a statement, once members are rows of units")]
pub async fn of_members(
    _: &mut Tx,
    _: &[MembershipId],
) -> Result<HashMap<MembershipId, Vec<UnitId>>, StoreError> {
    Ok(HashMap::new())
}
