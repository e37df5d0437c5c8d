//! Mailboxes of deleted accounts: what is open before, what is removed.

use siegel_db::{StoreError, Tx, on};
use siegel_kernel::Timestamp;

use super::mailboxes::{Mailbox, Owner};
use crate::domain::owner_gone::OpenMatters;
use crate::domain::{LetterId, MailboxId, UploadId};

/// Notes that no mailbox opens any more for the owner of this name; again, nothing happens.
pub async fn mark(tx: &mut Tx, name: &str, at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO deleted_accounts (name, deleted_at_us) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    on!(tx, c => sqlx::query(SQL).bind(name).bind(at).execute(c).await?.rows_affected());
    Ok(())
}

/// Whether no mailbox opens any more for the owner of this name: a deleted account, or a mailbox beside
/// the central one of an organisation that was given up.
pub async fn is_marked(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT deleted_at_us FROM deleted_accounts WHERE name = $1";
    let found: Option<Timestamp> =
        on!(tx, c => sqlx::query_scalar(SQL).bind(name).fetch_optional(c).await?);
    Ok(found.is_some())
}

/// The mailbox of an owner, closed or not, and when it was closed.
pub async fn mailbox(
    tx: &mut Tx,
    owner: Owner,
) -> Result<Option<(Mailbox, Option<Timestamp>)>, StoreError> {
    const SQL: &str = "SELECT id, owner_kind, owner, organisation, wrapped_key, letters, \
        unread, archived, trashed, closed_at_us FROM mailboxes \
        WHERE owner_kind = $1 AND owner = $2 AND COALESCE(organisation, owner) = $3";
    let (kind, id, of) = owner.columns();
    let found: Option<Mailbox> = on!(tx, c => sqlx::query_as(SQL).bind(kind).bind(id).bind(of.unwrap_or(id))
            .fetch_optional(c).await?);
    Ok(found.map(|mailbox| {
        let closed_at = mailbox.closed_at();
        (mailbox, closed_at)
    }))
}

/// Letters whose time the closing has brought.
pub async fn without_end(
    tx: &mut Tx,
    mailbox: MailboxId,
    limit: i64,
) -> Result<Vec<LetterId>, StoreError> {
    const SQL: &str = "SELECT id FROM letters WHERE mailbox_id = $1 AND due_at_us IS NOT NULL \
        ORDER BY id LIMIT $2";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).bind(limit).fetch_all(c).await?))
}

/// Letters after a place that can still be read, staged ones left out.
pub async fn readable(
    tx: &mut Tx,
    mailbox: MailboxId,
    after: Option<LetterId>,
    limit: i64,
) -> Result<Vec<LetterId>, StoreError> {
    const SQL: &str = "SELECT id FROM letters WHERE mailbox_id = $1 AND state <> 'staged' \
        AND ($2 IS NULL OR id > $2) AND (LENGTH(wrapped_key) > 0 OR id IN \
            (SELECT letter_id FROM replies WHERE mailbox_id = $1)) ORDER BY id LIMIT $3";
    const POSTGRES: &str = "SELECT id FROM letters WHERE mailbox_id = $1 AND state <> 'staged' \
        AND ($2::UUID IS NULL OR id > $2) AND (LENGTH(wrapped_key) > 0 OR id IN \
            (SELECT letter_id FROM replies WHERE mailbox_id = $1)) ORDER BY id LIMIT $3";
    // PostgreSQL cannot tell the type of a bare NULL.
    let sql = match tx {
        Tx::Sqlite(_) => SQL,
        Tx::Postgres(_) => POSTGRES,
    };
    Ok(on!(tx, c => sqlx::query_scalar(sql)
        .bind(mailbox).bind(after).bind(limit).fetch_all(c).await?))
}

/// Letters of batches that are still being filled or sent.
pub async fn staged(tx: &mut Tx, mailbox: MailboxId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM letters WHERE mailbox_id = $1 AND state = 'staged'";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(mailbox).fetch_one(c).await?))
}

/// Uploads of somebody that no letter took.
pub async fn uploads(tx: &mut Tx, owner: &str) -> Result<Vec<UploadId>, StoreError> {
    const SQL: &str = "SELECT id FROM resumable_uploads WHERE owner = $1 ORDER BY id";
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(owner).fetch_all(c).await?))
}

/// Objects of the mailbox whose keys are gone and which are still there.
pub async fn doomed(tx: &mut Tx, mailbox: MailboxId) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM doomed_objects WHERE object_key LIKE $1";
    let own = format!("letters/{mailbox}/%");
    Ok(on!(tx, c => sqlx::query_scalar(SQL).bind(own).fetch_one(c).await?))
}

/// Removes what is left beside letters and evidence, the key first: another takes its place, which
/// opens nothing. From then on nothing says whose mailbox it was.
pub async fn wipe(
    tx: &mut Tx,
    mailbox: MailboxId,
    (new_key, person): (&[u8], &str),
) -> Result<(), StoreError> {
    const KEY: &str = "UPDATE mailboxes SET wrapped_key = $2, owner = id WHERE id = $1";
    const ANSWERS: &str = "DELETE FROM requests WHERE caller = $1";
    const ROWS: [&str; 10] = [
        "DELETE FROM letter_words WHERE mailbox_id = $1",
        "DELETE FROM letter_labels WHERE mailbox_id = $1",
        "DELETE FROM case_updates WHERE mailbox_id = $1",
        "DELETE FROM accesses WHERE mailbox_id = $1",
        "DELETE FROM opt_outs WHERE mailbox_id = $1",
        "DELETE FROM reminders WHERE mailbox_id = $1",
        "DELETE FROM retention WHERE mailbox_id = $1",
        "DELETE FROM handles WHERE mailbox_id = $1",
        "UPDATE letters SET case_tag = NULL WHERE mailbox_id = $1",
        "UPDATE batch_letters SET case_tag = NULL WHERE mailbox_id = $1",
    ];
    on!(&mut *tx, c => sqlx::query(KEY).bind(mailbox).bind(new_key).execute(c).await?
        .rows_affected());
    for sql in ROWS {
        on!(&mut *tx, c => sqlx::query(sql).bind(mailbox).execute(c).await?.rows_affected());
    }
    on!(tx, c => sqlx::query(ANSWERS).bind(person).execute(c).await?.rows_affected());
    Ok(())
}

/// Counts what is open. `today`: the local day by the legal clock.
pub async fn open_matters(
    tx: &mut Tx,
    mailbox: MailboxId,
    today: &str,
) -> Result<OpenMatters, StoreError> {
    const UNOPENED: &str = "SELECT COUNT(*) FROM letters WHERE mailbox_id = $1 \
        AND state = 'provided' AND opened_at_us IS NULL";
    const PERIODS: &str = "SELECT COUNT(*), MAX(terminal_by_us) FROM letters \
        WHERE mailbox_id = $1 AND state = 'provided' \
        AND (legal_basis IS NOT NULL OR delivery_type = 'formal_service')";
    const DUE: &str = "SELECT COUNT(*) FROM letters WHERE mailbox_id = $1 \
        AND sequence IS NOT NULL AND LENGTH(wrapped_key) > 0 AND due_on >= $2";
    const HELD: &str = "SELECT COUNT(*) FROM letters l WHERE l.mailbox_id = $1 \
        AND LENGTH(l.wrapped_key) > 0 AND EXISTS (SELECT 1 FROM legal_holds h \
            WHERE h.mailbox_id = l.mailbox_id AND h.tenant = l.tenant \
            AND h.released_at_us IS NULL AND (h.letter_id = l.id \
                OR (h.letter_id IS NULL AND (h.case_tag IS NULL OR h.case_tag = l.case_tag))))";
    const LETTERS: &str = "SELECT COUNT(*) FROM letters WHERE mailbox_id = $1 \
        AND (state = 'provided' OR LENGTH(wrapped_key) > 0)";
    let letters = on!(&mut *tx, c => sqlx::query_scalar(LETTERS).bind(mailbox)
        .fetch_one(c).await?);
    let unopened = on!(&mut *tx, c => sqlx::query_scalar(UNOPENED).bind(mailbox)
        .fetch_one(c).await?);
    let (legal_periods, last): (i64, Option<Timestamp>) =
        on!(&mut *tx, c => sqlx::query_as(PERIODS).bind(mailbox).fetch_one(c).await?);
    let due = on!(&mut *tx, c => sqlx::query_scalar(DUE).bind(mailbox).bind(today)
        .fetch_one(c).await?);
    let held = on!(tx, c => sqlx::query_scalar(HELD).bind(mailbox).fetch_one(c).await?);
    Ok(OpenMatters { unopened, legal_periods, due, held, letters, last_period_ends_at: last })
}

#[cfg(test)]
mod tests {
    use siegel_db::columns;
    use siegel_testkit::{Backend, test_db};

    /// Columns that name an account, each emptied by [`super::wipe`].
    const WIPED: [&str; 0] = [];

    #[tokio::test]
    async fn every_column_that_names_an_account_is_wiped() {
        let test = test_db(Backend::Sqlite, &crate::MIGRATIONS).await.unwrap();
        let found = columns(&test.db).await.unwrap();
        let named = found.iter().filter(|c| c.column_name.contains("account_id"));
        let missing: Vec<_> = named.filter(|c| !WIPED.contains(&c.table_name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:#?} outlive the account");
    }
}
