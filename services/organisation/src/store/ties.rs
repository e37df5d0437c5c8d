//! What ties an account to others.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::AccountId;

/// What stands now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    pub memberships: i64,
    pub mandates: i64,
    pub facts: i64,
}

pub async fn count(tx: &mut Tx, account: AccountId) -> Result<Ties, StoreError> {
    const MEMBERSHIPS: &str =
        "SELECT COUNT(*) FROM memberships WHERE account_id = $1 AND ended_at_us IS NULL";
    // Offered (1) and active (2) ones.
    const MANDATES: &str = "SELECT COUNT(*) FROM mandates WHERE state IN (1, 2) \
        AND (from_id = $1 OR to_id = $1 OR principal_id = $1)";
    const FACTS: &str =
        "SELECT COUNT(*) FROM register_facts WHERE account_id = $1 AND ended_at_us IS NULL";
    let memberships = on!(&mut *tx, c => sqlx::query_scalar(MEMBERSHIPS).bind(account)
        .fetch_one(c).await?);
    let mandates = on!(&mut *tx, c => sqlx::query_scalar(MANDATES).bind(account)
        .fetch_one(c).await?);
    let facts = on!(tx, c => sqlx::query_scalar(FACTS).bind(account).fetch_one(c).await?);
    Ok(Ties { memberships, mandates, facts })
}
