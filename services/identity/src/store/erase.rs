//! Removing every row of an account. A test compares what is named here with the tables there are.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::AccountId;

/// One statement each, in an order that foreign keys allow; `$1` is the account. Tables that hang
/// on a session or a grant come before those.
pub const STATEMENTS: [&str; 30] = [
    "DELETE FROM merges WHERE into_account = $1 OR from_account = $1",
    "DELETE FROM merged_subjects WHERE account_id = $1",
    "DELETE FROM recovery_codes WHERE credential_id IN \
        (SELECT id FROM credentials WHERE account_id = $1)",
    "DELETE FROM credentials WHERE account_id = $1",
    "DELETE FROM known_devices WHERE account_id = $1",
    "DELETE FROM email_changes WHERE account_id = $1",
    "DELETE FROM scope_consents WHERE account_id = $1",
    "DELETE FROM claim_choices WHERE account_id = $1",
    "DELETE FROM sign_ins WHERE account_id = $1",
    "DELETE FROM upstream_links WHERE account_id = $1",
    "DELETE FROM freed_addresses WHERE account_id = $1",
    "DELETE FROM seeded_persons WHERE account_id = $1",
    "DELETE FROM inactivity_notices WHERE account_id = $1",
    "DELETE FROM ceremonies WHERE owner IN (SELECT id FROM sessions WHERE account_id = $1) \
        OR owner IN (SELECT i.id FROM interactions i JOIN sessions s ON s.id = i.session_id \
            WHERE s.account_id = $1)",
    "DELETE FROM certificate_visits WHERE owner IN \
        (SELECT id FROM sessions WHERE account_id = $1) \
        OR owner IN (SELECT i.id FROM interactions i JOIN sessions s ON s.id = i.session_id \
            WHERE s.account_id = $1)",
    "DELETE FROM upstream_logins WHERE session_id IN \
        (SELECT id FROM sessions WHERE account_id = $1)",
    "DELETE FROM session_clients WHERE session_id IN \
        (SELECT id FROM sessions WHERE account_id = $1)",
    "DELETE FROM session_sectors WHERE session_id IN \
        (SELECT id FROM sessions WHERE account_id = $1)",
    "DELETE FROM session_acting WHERE session_id IN \
        (SELECT id FROM sessions WHERE account_id = $1)",
    "DELETE FROM sector_proofs WHERE session_id IN \
        (SELECT id FROM sessions WHERE account_id = $1)",
    "DELETE FROM codes WHERE account_id = $1 \
        OR grant_id IN (SELECT id FROM grants WHERE account_id = $1)",
    "DELETE FROM refresh_tokens WHERE grant_id IN (SELECT id FROM grants WHERE account_id = $1)",
    "DELETE FROM interactions WHERE session_id IN \
        (SELECT id FROM sessions WHERE account_id = $1)",
    "DELETE FROM guest_sessions WHERE keep_account = $1",
    "DELETE FROM registrations WHERE address_hash = \
        (SELECT address_hash FROM accounts WHERE id = $1)",
    "DELETE FROM password_resets WHERE address_hash = \
        (SELECT address_hash FROM accounts WHERE id = $1)",
    "DELETE FROM throttle WHERE subject = (SELECT address_hash FROM accounts WHERE id = $1)",
    "DELETE FROM grants WHERE account_id = $1",
    "DELETE FROM sessions WHERE account_id = $1",
    "DELETE FROM accounts WHERE id = $1",
];

/// Removes all of it. `person`: as who the account calls here; `counters`: whom wrong codes of it
/// are counted under.
pub async fn account(
    tx: &mut Tx,
    account: AccountId,
    person: &str,
    counters: &[u8; 32],
) -> Result<(), StoreError> {
    const ANSWERS: &str = "DELETE FROM requests WHERE caller = $1";
    // Others chose to act for this account; the right ended before.
    const CHOICES: &str = "DELETE FROM session_acting WHERE CAST(choice AS TEXT) LIKE $1";
    const COUNTERS: &str = "DELETE FROM throttle WHERE subject = $1";
    for sql in STATEMENTS {
        on!(&mut *tx, c => sqlx::query(sql).bind(account).execute(c).await?.rows_affected());
    }
    on!(&mut *tx, c => sqlx::query(ANSWERS).bind(person).execute(c).await?.rows_affected());
    on!(&mut *tx, c => sqlx::query(CHOICES).bind(format!("%{account}%")).execute(c).await?
        .rows_affected());
    on!(&mut *tx, c => sqlx::query(COUNTERS).bind(&counters[..]).execute(c).await?
        .rows_affected());
    Ok(())
}

/// A job that waits.
#[derive(sqlx::FromRow)]
pub struct Waiting {
    pub id: i64,
    pub kind: String,
    pub payload: Vec<u8>,
}

/// Jobs of the outbox that stay inside the house, some at a time.
pub async fn jobs(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Waiting>, StoreError> {
    const SQL: &str = "SELECT id, kind, payload FROM outbox \
        WHERE id > $1 AND kind NOT LIKE 'push.%' ORDER BY id LIMIT $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(after).bind(limit).fetch_all(c).await?))
}

pub async fn job(tx: &mut Tx, id: i64) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM outbox WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).execute(c).await?.rows_affected());
    Ok(())
}

#[cfg(test)]
mod tests {
    use siegel_db::columns;
    use siegel_testkit::{Backend, test_db};

    use super::STATEMENTS;

    #[tokio::test]
    async fn every_table_that_names_an_account_or_a_session_is_emptied_of_it() {
        let test = test_db(Backend::Sqlite, &crate::MIGRATIONS).await.unwrap();
        let named = ["account_id", "session_id", "keep_account", "address_hash", "credential_id"];
        let found = columns(&test.db).await.unwrap();
        let found = found.iter().filter(|c| named.contains(&c.column_name.as_str()));
        let kept = ["deletions"];
        let missing: Vec<_> = found
            .filter(|c| !kept.contains(&c.table_name.as_str()))
            .filter(|c| {
                let delete = format!("DELETE FROM {} ", c.table_name);
                !STATEMENTS.iter().any(|sql| sql.starts_with(&delete))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:#?} outlive the account");
    }
}
