//! Tenants.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::tenant::Tenant;

/// Stores a tenant, replacing an earlier version.
pub async fn put(tx: &mut Tx, tenant: &Tenant, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO tenants (id, settings, updated_at_us) VALUES ($1, $2, $3) \
        ON CONFLICT (id) DO UPDATE \
        SET settings = excluded.settings, updated_at_us = excluded.updated_at_us";
    let settings = write_json(tenant, "tenant")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&tenant.id).bind(settings).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// The tenant, or one with defaults when it was never configured.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Tenant, StoreError> {
    let found = find(tx, id).await?;
    Ok(found.unwrap_or_else(|| Tenant { id: id.to_owned(), ..Tenant::default() }))
}

/// The tenant, when it was configured.
pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Tenant>, StoreError> {
    const SQL: &str = "SELECT settings FROM tenants WHERE id = $1";
    let found: Option<Json<serde_json::Value>> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(id).fetch_optional(c).await?);
    found.map(|Json(value)| read_json(value, "tenant")).transpose()
}

/// Ids of all tenants, sorted.
pub async fn ids(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT id FROM tenants ORDER BY id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_all(c).await?))
}
