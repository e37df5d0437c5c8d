use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::Recipient;

/// Where a recipient is reached.
#[derive(Clone, sqlx::FromRow)]
pub struct Contact {
    /// Sealed; `None` when it was removed.
    pub address: Option<Vec<u8>>,
    /// `de` or `en`.
    pub locale: String,
}

/// Sets or replaces it.
pub async fn set(
    tx: &mut Tx,
    recipient: Recipient,
    contact: &Contact,
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO contacts (recipient, address, locale, set_at_us) \
        VALUES ($1, $2, $3, $4) ON CONFLICT (recipient) DO UPDATE SET \
        address = excluded.address, locale = excluded.locale, set_at_us = excluded.set_at_us";
    on!(tx, c => sqlx::query(SQL)
        .bind(recipient.to_string()).bind(contact.address.as_deref()).bind(&contact.locale)
        .bind(at).execute(c).await?.rows_affected());
    Ok(())
}

pub async fn find(tx: &mut Tx, recipient: Recipient) -> Result<Option<Contact>, StoreError> {
    const SQL: &str = "SELECT address, locale FROM contacts WHERE recipient = $1";
    let recipient = recipient.to_string();
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(recipient).fetch_optional(c).await?))
}
