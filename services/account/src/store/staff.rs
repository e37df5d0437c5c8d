use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// One look of staff at a person's data.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Access {
    /// Place in the list; the newer, the greater.
    pub id: i64,
    /// Tenant and client.
    pub staff: String,
    pub what: String,
    /// Reason and reference, sealed under the account's key.
    pub reason: Vec<u8>,
    #[sqlx(rename = "accessed_at_us")]
    pub at: Timestamp,
}

/// Writes a line in the transaction of the look; its `id` is not read.
pub async fn add(tx: &mut Tx, account: AccountId, new: &Access) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO staff_accesses \
        (account_id, staff, what, reason, accessed_at_us) VALUES ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(SQL)
        .bind(account).bind(&new.staff).bind(&new.what).bind(&new.reason[..]).bind(new.at)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Up to `limit` lines older than `before`, newest first.
pub async fn before(
    tx: &mut Tx,
    account: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<Access>, StoreError> {
    const SQL: &str = "SELECT id, staff, what, reason, accessed_at_us FROM staff_accesses \
        WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL)
        .bind(account).bind(before).bind(limit).fetch_all(c).await?))
}
