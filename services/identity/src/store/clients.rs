//! Registered clients.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::client::Client;

/// Stores a registration, replacing an earlier one.
pub async fn put(tx: &mut Tx, client: &Client, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO clients (client_id, settings, updated_at_us) \
        VALUES ($1, $2, $3) ON CONFLICT (client_id) DO UPDATE \
        SET settings = excluded.settings, updated_at_us = excluded.updated_at_us";
    let settings = write_json(client, "client")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&client.client_id).bind(settings).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn find(tx: &mut Tx, client_id: &str) -> Result<Option<Client>, StoreError> {
    const SQL: &str = "SELECT settings FROM clients WHERE client_id = $1";
    let found: Option<Json<serde_json::Value>> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(c).await?);
    found.map(|Json(value)| read_json(value, "client")).transpose()
}

/// A registration as it is stored, to be compared with what was read before.
pub async fn text(tx: &mut Tx, client_id: &str) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT CAST(settings AS TEXT) FROM clients WHERE client_id = $1";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(c).await?))
}

/// Ids of all clients, sorted.
pub async fn ids(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT client_id FROM clients ORDER BY client_id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).fetch_all(c).await?))
}

/// Removes a client that is no longer registered; its grants are revoked by the caller.
pub async fn remove(tx: &mut Tx, client_id: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM clients WHERE client_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(client_id).execute(c).await?.rows_affected());
    Ok(())
}
