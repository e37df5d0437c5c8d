//! The registered senders.

use serde::Deserialize;
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

/// A service of an authority that may deliver letters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// OAuth client.
    pub client_id: String,
    pub tenant: String,
    /// Handles of this sector can be used.
    pub sector: String,
    /// Display name of the authority.
    pub authority: String,
    /// Amtlicher Regionalschlüssel, 12 digits; its Land decides which holidays shift a day.
    #[serde(default)]
    pub ars: String,
    /// LeiKa or BMI id of the service.
    #[serde(default)]
    pub service_id: String,
}

/// The sender behind a client of this tenant, unless it was removed.
pub async fn find(
    tx: &mut Tx,
    client_id: &str,
    tenant: &str,
) -> Result<Option<Sender>, StoreError> {
    const SQL: &str = "SELECT client_id, tenant, sector, authority, ars, service_id FROM senders \
        WHERE client_id = $1 AND tenant = $2 AND removed_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(client_id).bind(tenant).fetch_optional(c).await?))
}

/// Adds a sender, or says anew what it is called.
pub async fn put(tx: &mut Tx, sender: &Sender, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO senders \
        (client_id, tenant, sector, authority, ars, service_id, registered_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (client_id) DO UPDATE SET tenant = excluded.tenant, \
        sector = excluded.sector, authority = excluded.authority, ars = excluded.ars, \
        service_id = excluded.service_id, removed_at_us = NULL";
    on!(tx, c => sqlx::query(SQL)
        .bind(&sender.client_id).bind(&sender.tenant).bind(&sender.sector).bind(&sender.authority)
        .bind(&sender.ars).bind(&sender.service_id).bind(now)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Makes the table say what the configuration says; who is no longer in it is marked removed.
pub async fn replace_all(
    tx: &mut Tx,
    senders: &[Sender],
    now: Timestamp,
) -> Result<(), StoreError> {
    const REMOVE: &str = "UPDATE senders SET removed_at_us = $1 WHERE removed_at_us IS NULL";
    on!(&mut *tx, c => sqlx::query(REMOVE).bind(now).execute(c).await?.rows_affected());
    for sender in senders {
        put(tx, sender, now).await?;
    }
    Ok(())
}
