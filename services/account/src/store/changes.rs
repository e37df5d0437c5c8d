use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel, typed_id};

typed_id! {
    /// A card reading that waits for its person's decision.
    ChangeId = "chg", random
}

/// A change that waits.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Waiting {
    pub id: ChangeId,
    /// Sealed under the account's key.
    pub payload: Vec<u8>,
    pub level: Option<TrustLevel>,
    #[sqlx(rename = "proposed_at_us")]
    pub proposed_at: Timestamp,
}

/// What waits for the account's person, if anything does.
pub async fn waiting(tx: &mut Tx, account: AccountId) -> Result<Option<Waiting>, StoreError> {
    const SQL: &str = "SELECT id, payload, level, proposed_at_us FROM attribute_changes \
        WHERE account_id = $1 AND decided_at_us IS NULL AND payload IS NOT NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(account).fetch_optional(c).await?))
}

/// Adds a change; [`end`] the one before it first.
pub async fn add(tx: &mut Tx, account: AccountId, new: &Waiting) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO attribute_changes \
        (id, account_id, payload, level, proposed_at_us) VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(account).bind(&new.payload[..]).bind(new.level).bind(new.proposed_at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Ends what waits, whatever it is: the decision stays, the values go. `false` when nothing did.
pub async fn end(
    tx: &mut Tx,
    account: AccountId,
    decision: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE attribute_changes SET decided_at_us = $3, decision = $2, \
        payload = NULL WHERE account_id = $1 AND decided_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(account).bind(decision).bind(at)
        .execute(c).await?.rows_affected())
        == 1)
}
