//! Changes to clients that wait for a second operator.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;
use sqlx::types::Json;

use super::{read_json, write_json};
use crate::domain::client::Client;

/// A change somebody proposed.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub client_id: String,
    /// The registration as it would be; `None`: removed.
    pub client: Option<Client>,
    /// An operator's name, or `client:` and the id of a client that changes itself.
    pub by: String,
    /// Thumbprint of the key that proved it.
    pub key: Option<String>,
    pub at: Timestamp,
}

type Row = (String, Option<Json<serde_json::Value>>, String, Option<String>, Timestamp);

fn proposal((client_id, settings, by, key, at): Row) -> Result<Proposal, StoreError> {
    let client = settings.map(|Json(value)| read_json(value, "client proposal")).transpose()?;
    Ok(Proposal { client_id, client, by, key, at })
}

/// Stores a proposal in place of an earlier one.
pub async fn put(tx: &mut Tx, new: &Proposal) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO client_proposals \
        (client_id, settings, proposed_by, proposed_key, proposed_at_us) \
        VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (client_id) DO UPDATE SET settings = excluded.settings, \
        proposed_by = excluded.proposed_by, proposed_key = excluded.proposed_key, \
        proposed_at_us = excluded.proposed_at_us";
    let settings = new.client.as_ref().map(|c| write_json(c, "client proposal")).transpose()?;
    on!(tx, c => sqlx::query(SQL)
        .bind(&new.client_id).bind(settings).bind(&new.by).bind(&new.key).bind(new.at)
        .execute(c).await?.rows_affected());
    Ok(())
}

pub async fn find(tx: &mut Tx, client_id: &str) -> Result<Option<Proposal>, StoreError> {
    const SQL: &str = "SELECT client_id, settings, proposed_by, proposed_key, proposed_at_us \
        FROM client_proposals WHERE client_id = $1";
    let found: Option<Row> =
        on!(tx, c => sqlx::query_as(SQL).bind(client_id).fetch_optional(c).await?);
    found.map(proposal).transpose()
}

/// All proposals, sorted by client.
pub async fn all(tx: &mut Tx) -> Result<Vec<Proposal>, StoreError> {
    const SQL: &str = "SELECT client_id, settings, proposed_by, proposed_key, proposed_at_us \
        FROM client_proposals ORDER BY client_id";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    rows.into_iter().map(proposal).collect()
}

/// Removes a proposal; `false` when there is none.
pub async fn remove(tx: &mut Tx, client_id: &str) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM client_proposals WHERE client_id = $1";
    Ok(on!(tx, c => sqlx::query(SQL).bind(client_id).execute(c).await?.rows_affected()) == 1)
}

/// Takes out this proposal; `false` when it is another one by now, or gone.
pub async fn take(tx: &mut Tx, read: &Proposal) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM client_proposals \
        WHERE client_id = $1 AND proposed_by = $2 AND proposed_at_us = $3";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(&read.client_id).bind(&read.by).bind(read.at).execute(c).await?.rows_affected())
        == 1)
}
