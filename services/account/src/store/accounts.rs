use std::collections::HashSet;

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp, TrustLevel};

/// An account as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Account {
    pub id: AccountId,
    #[sqlx(rename = "opened_at_us")]
    pub opened_at: Timestamp,
    pub proven_level: TrustLevel,
    /// `de` or `en`.
    pub locale: String,
    /// Wrapped by the key-encryption key.
    pub data_key: Vec<u8>,
}

/// Adds an account; `false` when there is one of this id.
pub async fn add(tx: &mut Tx, account: &Account) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO accounts \
        (id, opened_at_us, proven_level, locale, data_key, revision) \
        VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(account.id).bind(account.opened_at).bind(account.proven_level)
        .bind(&account.locale).bind(&account.data_key[..])
        .execute(c).await?.rows_affected())
        == 1)
}

pub async fn find(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
    const SQL: &str = "SELECT id, opened_at_us, proven_level, locale, data_key FROM accounts \
        WHERE id = $1 AND data_key IS NOT NULL";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// The account, and no other transaction writes to it until this one ends.
pub async fn lock(tx: &mut Tx, id: AccountId) -> Result<Option<Account>, StoreError> {
    const SQL: &str = "UPDATE accounts SET revision = revision + 1 \
        WHERE id = $1 AND data_key IS NOT NULL \
        RETURNING id, opened_at_us, proven_level, locale, data_key";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Raises the proven level; a lower one changes nothing.
pub async fn raise(tx: &mut Tx, id: AccountId, level: TrustLevel) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE accounts SET proven_level = $2 WHERE id = $1 AND proven_level < $2";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(level).execute(c).await?.rows_affected());
    Ok(())
}

/// Which of these accounts were proven at a level or above.
pub async fn at_least(
    tx: &mut Tx,
    ids: &[AccountId],
    level: TrustLevel,
) -> Result<HashSet<AccountId>, StoreError> {
    let mut found = HashSet::with_capacity(ids.len());
    // One statement for a hundred: SQLite has no arrays.
    for some in ids.chunks(100) {
        let places: Vec<String> = (0..some.len()).map(|n| format!("${}", n + 2)).collect();
        let sql = sqlx::AssertSqlSafe(format!(
            "SELECT id FROM accounts \
             WHERE proven_level >= $1 AND data_key IS NOT NULL AND id IN ({})",
            places.join(", ")
        ));
        let rows: Vec<AccountId> = on!(&mut *tx, c => {
            let mut query = sqlx::query_scalar(sql).bind(level);
            for id in some {
                query = query.bind(*id);
            }
            query.fetch_all(c).await?
        });
        found.extend(rows);
    }
    Ok(found)
}
