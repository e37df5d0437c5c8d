//! Upstream providers.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::upstream::Upstream;
use crate::upstream_config::Source;

/// A provider as stored.
#[derive(Clone, Debug)]
pub struct Stored {
    pub upstream: Upstream,
    pub secret_sealed: Vec<u8>,
    /// `settings` or `applied`.
    pub managed_by: String,
    /// The switch of administration.
    pub switched_on: bool,
}

impl Stored {
    /// Both its registration and administration say so.
    pub fn is_enabled(&self) -> bool {
        self.upstream.enabled && self.switched_on
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    settings: Json<serde_json::Value>,
    secret_sealed: Vec<u8>,
    managed_by: String,
    enabled: bool,
}

impl Row {
    fn stored(self) -> Result<Stored, StoreError> {
        Ok(Stored {
            upstream: read_json(self.settings.0, "upstream")?,
            secret_sealed: self.secret_sealed,
            managed_by: self.managed_by,
            switched_on: self.enabled,
        })
    }
}

/// Stores a provider, replacing an earlier registration; the switch of administration stays.
pub async fn put(
    tx: &mut Tx,
    upstream: &Upstream,
    secret_sealed: &[u8],
    source: Source,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO upstreams \
        (id, settings, secret_sealed, managed_by, enabled, updated_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE \
        SET settings = excluded.settings, secret_sealed = excluded.secret_sealed, \
            managed_by = excluded.managed_by, updated_at_us = excluded.updated_at_us";
    let settings = write_json(upstream, "upstream")?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&upstream.id).bind(settings).bind(secret_sealed).bind(source.as_str()).bind(true)
        .bind(now).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn find(tx: &mut Tx, id: &str) -> Result<Option<Stored>, StoreError> {
    const SQL: &str =
        "SELECT settings, secret_sealed, managed_by, enabled FROM upstreams WHERE id = $1";
    let row: Option<Row> = on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?);
    row.map(Row::stored).transpose()
}

/// As [`find`]; nobody changes it until the transaction ends, so that what is logged in by it is
/// found by whoever switches it off.
pub async fn hold(tx: &mut Tx, id: &str) -> Result<Option<Stored>, StoreError> {
    const SQL: &str =
        "SELECT settings, secret_sealed, managed_by, enabled FROM upstreams WHERE id = $1";
    const SHARED: &str = "SELECT settings, secret_sealed, managed_by, enabled FROM upstreams \
        WHERE id = $1 FOR SHARE";
    // SQLite has one writer at a time and no words for a lock.
    let sql = match tx {
        Tx::Sqlite(_) => SQL,
        Tx::Postgres(_) => SHARED,
    };
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await?);
    row.map(Row::stored).transpose()
}

/// All providers, by id.
pub async fn list(tx: &mut Tx) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str =
        "SELECT settings, secret_sealed, managed_by, enabled FROM upstreams ORDER BY id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    rows.into_iter().map(Row::stored).collect()
}

/// Switches a provider on or off; `false` when it was so already or is none.
pub async fn switch(
    tx: &mut Tx,
    id: &str,
    enabled: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE upstreams SET enabled = $2, updated_at_us = $3 \
        WHERE id = $1 AND enabled <> $2";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(id).bind(enabled).bind(now).execute(c).await?.rows_affected())
        == 1)
}

/// Removes a provider; its links stay and mean nothing until it is back.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM upstreams WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected());
    Ok(())
}
