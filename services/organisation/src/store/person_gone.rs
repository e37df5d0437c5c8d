//! What is left of a person whose account was deleted: that somebody was a member.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{AccountId, Timestamp};

/// Where a person stands under the id of the account. A test finds columns called `account_id`;
/// mandates name people and organisations in the same columns.
const NAMED: [&str; 6] = [
    "UPDATE memberships SET account_id = $2 WHERE account_id = $1",
    "UPDATE claims SET account_id = $2 WHERE account_id = $1",
    "UPDATE register_facts SET account_id = $2 WHERE account_id = $1",
    "UPDATE mandates SET from_id = $2 WHERE from_id = $1",
    "UPDATE mandates SET to_id = $2 WHERE to_id = $1",
    "UPDATE mandates SET principal_id = $2 WHERE principal_id = $1",
];

/// Memberships of the person that were not handed over to anybody who has them still: a hand-over
/// outlives the one who left.
macro_rules! left {
    () => {
        "(SELECT m.id FROM memberships m WHERE m.account_id = $1 AND NOT EXISTS \
            (SELECT 1 FROM substitutions s WHERE s.absent = m.id AND s.kind = 2 \
             AND s.ended_at_us IS NULL AND s.until_us > $2))"
    };
}

/// What rests on the person's memberships, which name nobody any more. In this order: whom the
/// person stood in for, what they had by name, their own mailboxes.
const ENDED: [&str; 3] = [
    "UPDATE substitutions SET ended_at_us = $2 WHERE ended_at_us IS NULL \
        AND (substitute IN (SELECT m.id FROM memberships m WHERE m.account_id = $1) \
            OR (kind = 1 AND absent IN (SELECT m.id FROM memberships m WHERE m.account_id = $1)))",
    concat!(
        "UPDATE mailbox_rights SET ended_at_us = $2 WHERE ended_at_us IS NULL \
            AND ((holder_kind = 1 AND holder IN ",
        left!(),
        ") OR mailbox_id IN (SELECT b.id FROM mailboxes b WHERE b.kind = 4 AND b.belongs_to IN ",
        left!(),
        "))"
    ),
    concat!(
        "UPDATE mailboxes SET closed_at_us = $2 \
            WHERE closed_at_us IS NULL AND kind = 4 AND belongs_to IN ",
        left!()
    ),
];

/// Notes that the account of this name was deleted; `false` when that was noted before.
pub async fn mark(tx: &mut Tx, name: &str, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO deleted_accounts (name, deleted_at_us) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL).bind(name).bind(at).execute(c).await?.rows_affected()) == 1)
}

/// Whether the account of this name was deleted.
pub async fn is_marked(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT deleted_at_us FROM deleted_accounts WHERE name = $1";
    let found: Option<Timestamp> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(name).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// Destroys the name under which the person claimed organisations, of claims that go on too.
pub async fn forget_claimant(tx: &mut Tx, account: AccountId) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE claims SET claimant_sealed = NULL WHERE account_id = $1";
    on!(tx, c => sqlx::query(SQL).bind(account).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends what registers say about the person.
pub async fn end_facts(tx: &mut Tx, account: AccountId, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE register_facts SET ended_at_us = $2 \
        WHERE account_id = $1 AND ended_at_us IS NULL";
    on!(tx, c => sqlx::query(SQL).bind(account).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Ends the person's part in the mailboxes of organisations.
pub async fn end_mail(tx: &mut Tx, account: AccountId, at: Timestamp) -> Result<(), StoreError> {
    for sql in ENDED {
        on!(&mut *tx, c => sqlx::query(sql).bind(account).bind(at)
            .execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Puts `somebody` in the account's place, who is nobody outside this history.
pub async fn rename(
    tx: &mut Tx,
    account: AccountId,
    somebody: AccountId,
) -> Result<(), StoreError> {
    for sql in NAMED {
        on!(&mut *tx, c => sqlx::query(sql).bind(account).bind(somebody)
            .execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Takes the account out of what was answered and told; events keep their places.
pub async fn forget(tx: &mut Tx, account: AccountId, person: &str) -> Result<(), StoreError> {
    const ANSWERS: &str = "DELETE FROM requests WHERE caller = $1";
    const EVENTS: &str = "SELECT id, payload FROM events WHERE topic = $1 \
        AND INSTR(payload, $2) > 0";
    const POSTGRES: &str = "SELECT id, payload FROM events WHERE topic = $1 \
        AND POSITION($2 IN payload) > 0";
    const BLANK: &str = "UPDATE events SET payload = $2 WHERE id = $1";
    on!(&mut *tx, c => sqlx::query(ANSWERS).bind(person).execute(c).await?.rows_affected());
    let text = account.to_string();
    // The databases have different words for it.
    let sql = match tx {
        Tx::Sqlite(_) => EVENTS,
        Tx::Postgres(_) => POSTGRES,
    };
    let events: Vec<(i64, Vec<u8>)> = on!(&mut *tx, c => sqlx::query_as(sql)
        .bind(crate::app::TOPIC).bind(text.as_bytes()).fetch_all(c).await?);
    for (id, payload) in events {
        let blank = String::from_utf8_lossy(&payload).replace(&text, "");
        on!(&mut *tx, c => sqlx::query(BLANK).bind(id).bind(blank.into_bytes())
            .execute(c).await?.rows_affected());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use siegel_db::columns;
    use siegel_testkit::{Backend, test_db};

    use super::{ENDED, NAMED};

    #[tokio::test]
    async fn every_table_that_names_an_account_forgets_it() {
        let test = test_db(Backend::Sqlite, &crate::MIGRATIONS).await.unwrap();
        let found = columns(&test.db).await.unwrap();
        let missing: Vec<_> = found
            .iter()
            .filter(|c| c.column_name.contains("account_id"))
            .filter(|c| {
                let table = format!(" {} ", c.table_name);
                !NAMED.iter().any(|sql| sql.contains(&table) && sql.contains(&c.column_name))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:#?} outlive the account");
    }

    #[tokio::test]
    async fn every_table_that_names_a_member_is_ended_with_the_person() {
        let test = test_db(Backend::Sqlite, &crate::MIGRATIONS).await.unwrap();
        let found = columns(&test.db).await.unwrap();
        let named = ["belongs_to", "holder", "absent", "substitute"];
        let missing: Vec<_> = found
            .iter()
            // Whoever holds a lease is a process; invitations end as memberships do, and who
            // belongs to a unit counts as long as the membership.
            .filter(|c| !["leases", "invitations", "unit_members"].contains(&&*c.table_name))
            .filter(|c| named.contains(&c.column_name.as_str()) || c.column_name.contains("member"))
            .filter(|c| {
                let (table, column) = (format!("UPDATE {} ", c.table_name), &c.column_name);
                !ENDED.iter().any(|sql| sql.starts_with(&table) && sql.contains(column))
            })
            .collect();
        assert!(missing.is_empty(), "{missing:#?} outlive the person");
    }
}
