use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{OrganisationId, Timestamp, typed_id};

use crate::domain::units::UnitId;

typed_id! {
    /// How an organisation or one of its units is reached.
    ContactPointId = "ctp", random
}

/// A contact point; `kind` is the number of the wire.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ContactPoint {
    pub id: ContactPointId,
    pub kind: i64,
    pub value: String,
    pub label: String,
    pub unit_id: Option<UnitId>,
}

pub async fn all(
    tx: &mut Tx,
    organisation: OrganisationId,
) -> Result<Vec<ContactPoint>, StoreError> {
    const SQL: &str = "SELECT id, kind, value, label, unit_id FROM contact_points \
        WHERE organisation_id = $1 ORDER BY created_at_us, id";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(organisation).fetch_all(c).await?))
}

pub async fn add(
    tx: &mut Tx,
    organisation: OrganisationId,
    new: &ContactPoint,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO contact_points \
        (id, organisation_id, unit_id, kind, value, label, created_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(organisation).bind(new.unit_id).bind(new.kind).bind(&new.value)
        .bind(&new.label).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Removes a contact point; `false` when the organisation has none such.
pub async fn remove(
    tx: &mut Tx,
    organisation: OrganisationId,
    id: ContactPointId,
) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM contact_points WHERE id = $2 AND organisation_id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(organisation).bind(id).execute(c).await?.rows_affected())
        == 1)
}

/// Removes what belongs to a unit.
pub async fn remove_of_unit(tx: &mut Tx, unit: UnitId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM contact_points WHERE unit_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(unit).execute(c).await?.rows_affected());
    Ok(())
}
