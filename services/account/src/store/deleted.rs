//! Removing every row of an account. A test compares what is named here with the tables there are.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// One statement each, in an order that foreign keys allow; `$1` is the account. The row with the
/// key goes last only in the text: all of it is one transaction.
const STATEMENTS: [&str; 10] = [
    "DELETE FROM offer_dismissals WHERE account_id = $1",
    "DELETE FROM import_notices WHERE account_id = $1",
    "DELETE FROM document_grants WHERE account_id = $1",
    "DELETE FROM documents WHERE account_id = $1",
    "DELETE FROM attribute_changes WHERE account_id = $1",
    "DELETE FROM staff_accesses WHERE account_id = $1",
    "DELETE FROM attributes WHERE account_id = $1",
    "DELETE FROM consents WHERE account_id = $1",
    "DELETE FROM disclosures WHERE account_id = $1",
    "DELETE FROM accounts WHERE id = $1",
];

/// Notes that the account of this name was deleted; `false` when that was noted before.
pub async fn add(tx: &mut Tx, name: &str, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO deleted_accounts (name, deleted_at_us) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL).bind(name).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// Whether the account of this name was deleted.
pub async fn is(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT deleted_at_us FROM deleted_accounts WHERE name = $1";
    let found: Option<Timestamp> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(name).fetch_optional(c).await?);
    Ok(found.is_some())
}

pub async fn erase(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    for sql in STATEMENTS {
        on!(&mut *tx, c => sqlx::query(sql).bind(account).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Forgets what was answered to the person. What identity was answered is sealed with the key that
/// is gone.
pub async fn forget_answers(tx: &mut Tx, person: &str) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM requests WHERE caller = $1";
    on!(tx, c => sqlx::query(SQL).bind(person).execute(c).await?.rows_affected());
    Ok(())
}

/// Takes out of events what they said; they keep their places.
pub async fn blank_events(tx: &mut Tx, topic: &str, payload: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE events SET payload = $3 WHERE topic = $1 AND payload = $2";
    on!(tx, c => sqlx::query(SQL).bind(topic).bind(payload).bind(&b"{}"[..])
        .execute(c).await?.rows_affected());
    Ok(())
}

#[cfg(test)]
mod tests {
    use siegel_db::columns;
    use siegel_testkit::{Backend, test_db};

    use super::STATEMENTS;

    #[tokio::test]
    async fn every_table_that_names_an_account_is_emptied_of_it() {
        let test = test_db(Backend::Sqlite, &crate::MIGRATIONS).await.unwrap();
        let found = columns(&test.db).await.unwrap();
        let missing: Vec<_> = found
            .iter()
            .filter(|c| c.column_name == "account_id")
            .filter(|c| {
                let delete = format!("DELETE FROM {} ", c.table_name);
                !STATEMENTS.iter().any(|sql| sql.starts_with(&delete))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:#?} outlive the account");
    }
}
