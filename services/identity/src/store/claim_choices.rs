//! What people decided about single attributes a client asked for. The consent to attributes itself
//! is the account service's.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

use super::digest;

/// A decision about one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Name in the catalogue.
    pub claim: String,
    /// Hash of what it was wanted for.
    pub purpose: [u8; 32],
    pub allowed: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    claim: String,
    purpose: Vec<u8>,
    allowed: bool,
}

/// Remembers decisions; a later one about the same attribute takes the place of an earlier one.
pub async fn choose(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
    choices: &[Choice],
    at: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO claim_choices \
        (account_id, client_id, claim, purpose, allowed, chosen_at_us) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, client_id, claim) DO UPDATE SET \
            purpose = excluded.purpose, allowed = excluded.allowed, \
            chosen_at_us = excluded.chosen_at_us";
    for choice in choices {
        on!(&mut *tx, c => sqlx::query(SQL)
            .bind(account).bind(client_id).bind(&choice.claim).bind(&choice.purpose[..])
            .bind(choice.allowed).bind(at).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// What a person decided about one client.
pub async fn of_client(
    tx: &mut Tx,
    account: AccountId,
    client_id: &str,
) -> Result<Vec<Choice>, StoreError> {
    const SQL: &str = "SELECT claim, purpose, allowed FROM claim_choices \
        WHERE account_id = $1 AND client_id = $2 ORDER BY claim";
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(client_id).fetch_all(c).await?);
    let choice = |row: Row| {
        let purpose = digest(row.purpose, "purpose")?;
        Ok(Choice { claim: row.claim, purpose, allowed: row.allowed })
    };
    rows.into_iter().map(choice).collect()
}

/// Forgets what a person decided about one client.
pub async fn forget(tx: &mut Tx, account: AccountId, client_id: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM claim_choices WHERE account_id = $1 AND client_id = $2";
    on!(tx, c => sqlx::query(SQL).bind(account).bind(client_id).execute(c).await?.rows_affected());
    Ok(())
}
