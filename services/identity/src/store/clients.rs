//! Registered clients.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::client::{Client, ManagedBy};

/// Stores a registration, replacing an earlier one. A new one follows the settings.
pub async fn put(tx: &mut Tx, client: &Client, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO clients (client_id, settings, updated_at_us) \
        VALUES ($1, $2, $3) ON CONFLICT (client_id) DO UPDATE \
        SET settings = excluded.settings, updated_at_us = excluded.updated_at_us";
    let settings = write_json(client, "client")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&client.client_id).bind(settings).bind(now).execute(c).await?.rows_affected());
    Ok(())
}

/// The same, saying where the registration comes from.
pub async fn put_from(
    tx: &mut Tx,
    client: &Client,
    from: ManagedBy,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE clients SET managed_by = $2 WHERE client_id = $1";
    put(tx, client, now).await?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&client.client_id).bind(from.as_str()).execute(c).await?.rows_affected());
    Ok(())
}

/// A registration with what is kept beside it.
#[derive(Clone, Debug)]
pub struct Registered {
    pub client: Client,
    pub from: ManagedBy,
    pub updated_at: Timestamp,
}

type Row = (Json<serde_json::Value>, String, Timestamp);

fn registered((Json(value), from, updated_at): Row) -> Result<Registered, StoreError> {
    let client = read_json(value, "client")?;
    let found = ManagedBy::ALL.into_iter().find(|m| m.as_str() == from);
    let from = found.ok_or_else(|| StoreError::corrupt("clients.managed_by"))?;
    Ok(Registered { client, from, updated_at })
}

pub async fn find(tx: &mut Tx, client_id: &str) -> Result<Option<Client>, StoreError> {
    const SQL: &str = "SELECT settings FROM clients WHERE client_id = $1";
    let found: Option<Json<serde_json::Value>> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(client_id).fetch_optional(c).await?);
    found.map(|Json(value)| read_json(value, "client")).transpose()
}

/// The client with where its registration comes from.
pub async fn registration(tx: &mut Tx, client_id: &str) -> Result<Option<Registered>, StoreError> {
    const SQL: &str =
        "SELECT settings, managed_by, updated_at_us FROM clients WHERE client_id = $1";
    let found: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(client_id).fetch_optional(c).await?);
    found.map(registered).transpose()
}

/// All clients, sorted by id.
pub async fn all(tx: &mut Tx) -> Result<Vec<Registered>, StoreError> {
    const SQL: &str = "SELECT settings, managed_by, updated_at_us FROM clients ORDER BY client_id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    rows.into_iter().map(registered).collect()
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

/// Ids of the clients that come from there, sorted.
pub async fn ids_from(tx: &mut Tx, from: ManagedBy) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT client_id FROM clients WHERE managed_by = $1 ORDER BY client_id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(from.as_str()).fetch_all(c).await?))
}

/// Removes a client that is no longer registered; its grants are revoked by the caller.
pub async fn remove(tx: &mut Tx, client_id: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM clients WHERE client_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(client_id).execute(c).await?.rows_affected());
    Ok(())
}

/// Sets what the client shows to change its registration.
pub async fn set_management_token(
    tx: &mut Tx,
    client_id: &str,
    digest: &[u8; 32],
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE clients SET management_token = $2 WHERE client_id = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(client_id).bind(&digest[..]).execute(c).await?.rows_affected());
    Ok(())
}

/// Replaces the token a client shows; `false` when it is another one by now.
pub async fn rotate_management_token(
    tx: &mut Tx,
    client_id: &str,
    old: &[u8; 32],
    new: &[u8; 32],
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE clients SET management_token = $3 \
        WHERE client_id = $1 AND management_token = $2 AND managed_by = 'dynamic'";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(client_id).bind(&old[..]).bind(&new[..]).execute(c).await?.rows_affected())
        == 1)
}

/// The client that registered itself and shows this token.
pub async fn managed_by_itself(
    tx: &mut Tx,
    client_id: &str,
    digest: &[u8; 32],
) -> Result<Option<Registered>, StoreError> {
    const SQL: &str = "SELECT settings, managed_by, updated_at_us FROM clients \
        WHERE client_id = $1 AND management_token = $2 AND managed_by = 'dynamic'";
    let found: Option<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(client_id).bind(&digest[..]).fetch_optional(c).await?);
    found.map(registered).transpose()
}
