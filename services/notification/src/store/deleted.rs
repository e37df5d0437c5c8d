//! Accounts that were deleted, by their audit pseudonym, and what is removed of them.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use crate::domain::Recipient;

/// What an account is called once it is gone; empty for organisations.
pub fn name(recipient: Recipient) -> String {
    match recipient {
        Recipient::Account(id) => siegel_grpc::audit_name(id),
        Recipient::Organisation(_) => String::new(),
    }
}

/// Notes it; again, nothing happens.
pub async fn add(tx: &mut Tx, name: &str, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO deleted_accounts (name, deleted_at_us) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(name).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether the account of this name was deleted.
pub async fn is(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT deleted_at_us FROM deleted_accounts WHERE name = $1";
    let found: Option<Timestamp> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(name).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Mails to the account ordered after `since` that have not left.
pub async fn waiting(tx: &mut Tx, name: &str, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM orders \
        WHERE recipient_name = $1 AND mail IS NOT NULL AND ordered_at_us > $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(name).bind(since).fetch_one(c).await?))
}

/// Removes its address, and wipes the mails that never left. What was settled names nobody.
pub async fn wipe(
    tx: &mut Tx,
    recipient: Recipient,
    name: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const CONTACT: &str = "DELETE FROM contacts WHERE recipient = $1";
    const MAILS: &str = "UPDATE orders SET mail = NULL, state = 3, settled_at_us = $2 \
        WHERE recipient_name = $1 AND mail IS NOT NULL";
    let recipient = recipient.to_string();
    on!(&mut *tx, c => sqlx::query(CONTACT).bind(recipient).execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(MAILS).bind(name).bind(at).execute(c).await?.rows_affected());
    Ok(())
}
