//! Whether the checker would notice: copies of the database with one thing wrong each.

use anyhow::{Context as _, bail};
use siegel_db::Target;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::Run;
use super::finish::check;

/// What is done to a copy, and what the checker has to say about it.
const DAMAGES: [(&str, &str, &str); 14] = [
    (
        "a letter is dropped",
        "DELETE FROM letters WHERE id = (SELECT letter_id FROM sent_letters LIMIT 1)",
        "is lost",
    ),
    (
        "a letter is dropped from its sender's book",
        "DELETE FROM sent_letters WHERE letter_id = \
            (SELECT letter_id FROM sent_letters WHERE request_id NOT LIKE '%/%' LIMIT 1)",
        "is lost",
    ),
    (
        "a letter is there twice",
        "INSERT INTO sent_letters (client_id, letter_id, mailbox_id, request_id, accepted_at_us) \
            SELECT client_id, randomblob(16), mailbox_id, request_id, accepted_at_us \
            FROM sent_letters LIMIT 1",
        "has several letters",
    ),
    (
        "a letter nobody sent",
        "UPDATE sent_letters SET request_id = 'nobody' \
            WHERE letter_id = (SELECT letter_id FROM sent_letters LIMIT 1)",
        "nobody sent",
    ),
    (
        "an opened letter is unopened again",
        "UPDATE letters SET state = 'provided' WHERE id = \
            (SELECT id FROM letters WHERE state = 'opened' AND ending <> 'deemed_served' LIMIT 1)",
        "is provided by these receipts",
    ),
    (
        "an end without its receipt",
        "DELETE FROM evidence WHERE id = (SELECT id FROM evidence \
            WHERE kind IN ('deemed_announced', 'deemed_served', 'recalled') LIMIT 1)",
        "by these receipts",
    ),
    (
        "a receipt is dropped",
        "DELETE FROM evidence WHERE kind = 'provided' AND letter_id = \
            (SELECT letter_id FROM sent_letters WHERE request_id NOT LIKE '%/%' LIMIT 1)",
        "is lost",
    ),
    (
        "a byte of a receipt is changed",
        "UPDATE evidence SET jws = substr(jws, 1, 200) || \
            CASE substr(jws, 201, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(jws, 202) \
            WHERE id = (SELECT id FROM evidence LIMIT 1)",
        "the signature does not hold",
    ),
    (
        "a receipt becomes another kind's",
        "UPDATE evidence SET kind = 'notify_failed' \
            WHERE id = (SELECT id FROM evidence WHERE kind = 'notified' LIMIT 1)",
        "another kind",
    ),
    (
        "an entry of the log is dropped",
        "DELETE FROM log_leaves WHERE log_index = 3",
        "entry 3 of the log is missing",
    ),
    (
        "two entries of the log are swapped",
        "UPDATE log_leaves SET log_index = -1 - log_index WHERE log_index IN (3, 4); \
            UPDATE log_leaves SET log_index = 8 + log_index WHERE log_index IN (-4, -5)",
        "of another tree",
    ),
    (
        "a mailbox counts wrong",
        "UPDATE mailboxes SET unread = unread + 1 WHERE letters > 0",
        "unread, and has",
    ),
    (
        "an attachment is dropped",
        "DELETE FROM attachments WHERE id = (SELECT id FROM attachments LIMIT 1)",
        "attachments",
    ),
    (
        "a letter of a mailbox loses its place",
        "UPDATE letters SET sequence = NULL WHERE sequence = 2",
        "has a gap",
    ),
];

/// Makes each damage on a copy of its own.
pub async fn is_noticed(run: &mut Run) -> anyhow::Result<()> {
    run.suite.kill()?;
    let Target::Sqlite(file) = run.suite.database("postbox")? else {
        bail!("damage is done to copies of SQLite files");
    };
    for (number, (damage, sql, expected)) in DAMAGES.iter().enumerate() {
        let copy = run.dir.path().join(format!("copy-{number}.sqlite"));
        let into = copy.to_str().context("the path is no text")?;
        let mut whole = open(&file).await?;
        sqlx::query("VACUUM INTO $1").bind(into).execute(&mut whole).await?;
        whole.close().await?;
        let mut damaged = open(&copy).await?;
        let done = sqlx::raw_sql(*sql).execute(&mut damaged).await?.rows_affected();
        damaged.close().await?;
        anyhow::ensure!(done > 0, "{damage}: there was nothing to damage");
        let said = check(run, &Target::Sqlite(copy))?;
        let text = String::from_utf8_lossy(&said.stdout);
        if said.status.code() != Some(1) || !text.contains(expected) {
            bail!("{damage}: the checker did not say {expected:?} but\n{text}");
        }
        println!("noticed: {damage}");
    }
    Ok(())
}

async fn open(file: &std::path::Path) -> anyhow::Result<SqliteConnection> {
    Ok(SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?)
}
