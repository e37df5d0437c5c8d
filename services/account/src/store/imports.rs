//! Closed systems, and the runs that import from them.

use siegel_db::rows::{self, Insert, Rule, Value};
use siegel_db::{StoreError, Tx, on};
use siegel_kernel::{Timestamp, typed_id};

use crate::domain::import::BadLine;

typed_id! {
    /// The import of one file.
    RunId = "irn", random
}

/// A closed system.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct System {
    pub id: String,
    /// Whose operators may import into it.
    pub tenant: String,
    /// How people know it.
    pub name: String,
    /// Wrapped by the key-encryption key; `None`: nothing waits any more.
    pub data_key: Option<Vec<u8>>,
}

/// The import of one file, and how far it came.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Run {
    pub id: RunId,
    pub system: String,
    pub file_digest: Vec<u8>,
    pub operator: String,
    #[sqlx(rename = "valid_until_us")]
    pub valid_until: Timestamp,
    #[sqlx(rename = "begun_at_us")]
    pub begun_at: Timestamp,
    #[sqlx(rename = "finished_at_us")]
    pub finished_at: Option<Timestamp>,
    pub lines_read: i64,
    pub staged: i64,
    pub known: i64,
    pub bad: i64,
}

/// What a batch of lines became.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub staged: i64,
    pub known: i64,
    pub bad: i64,
}

/// Adds a system that is new; `false` when there is one of this id.
pub async fn add_system(tx: &mut Tx, new: &System) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO import_systems (id, tenant, name, data_key, revision) \
        VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(&new.id).bind(&new.tenant).bind(&new.name).bind(new.data_key.as_deref())
        .execute(c).await?.rows_affected())
        == 1)
}

/// The system, and no other transaction writes to it until this one ends.
pub async fn lock_system(tx: &mut Tx, id: &str) -> Result<Option<System>, StoreError> {
    const SQL: &str = "UPDATE import_systems SET revision = revision + 1 WHERE id = $1 \
        RETURNING id, tenant, name, data_key";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await?))
}

/// Gives a locked system a key, and the name it has now.
pub async fn renew_system(tx: &mut Tx, system: &System) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE import_systems SET name = $2, data_key = $3 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL)
        .bind(&system.id).bind(&system.name).bind(system.data_key.as_deref())
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Systems with a key and nothing that waits for it. An import that was begun after `since` and
/// not finished needs its key still.
pub async fn idle_systems(tx: &mut Tx, since: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
    const SQL: &str = "SELECT s.id, s.revision FROM import_systems s \
        WHERE s.data_key IS NOT NULL \
        AND NOT EXISTS (SELECT 1 FROM imported_accounts a \
            WHERE a.system = s.id AND a.ended_at_us IS NULL) \
        AND NOT EXISTS (SELECT 1 FROM import_runs r WHERE r.system = s.id \
            AND r.finished_at_us IS NULL AND r.begun_at_us > $1)";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(since).fetch_all(c).await?))
}

/// Destroys the key of a system, unless an import has begun since it was looked at.
pub async fn forget_key(tx: &mut Tx, id: &str, revision: i64) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE import_systems SET data_key = NULL \
        WHERE id = $1 AND revision = $2 AND data_key IS NOT NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(revision).execute(c).await?.rows_affected())
        == 1)
}

/// Adds a run; `false` when this file was begun before.
pub async fn add_run(tx: &mut Tx, new: &Run) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO import_runs (id, system, file_digest, operator, \
        valid_until_us, begun_at_us, lines_read, staged, known, bad) \
        VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0) ON CONFLICT DO NOTHING";
    Ok(on!(tx, c => sqlx::query(SQL)
        .bind(new.id).bind(&new.system).bind(&new.file_digest[..]).bind(&new.operator)
        .bind(new.valid_until).bind(new.begun_at)
        .execute(c).await?.rows_affected())
        == 1)
}

pub async fn run_of_file(
    tx: &mut Tx,
    system: &str,
    file_digest: &[u8],
) -> Result<Option<Run>, StoreError> {
    const SQL: &str = "SELECT id, system, file_digest, operator, valid_until_us, begun_at_us, \
        finished_at_us, lines_read, staged, known, bad FROM import_runs \
        WHERE system = $1 AND file_digest = $2";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(system).bind(file_digest).fetch_optional(c).await?))
}

/// Takes the lines after `from` up to `to`; `false` when another process took them.
pub async fn advance(tx: &mut Tx, id: RunId, from: i64, to: i64) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE import_runs SET lines_read = $3 \
        WHERE id = $1 AND lines_read = $2 AND finished_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(from).bind(to)
        .execute(c).await?.rows_affected())
        == 1)
}

pub async fn count(tx: &mut Tx, id: RunId, more: Counts) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE import_runs SET staged = staged + $2, known = known + $3, \
        bad = bad + $4 WHERE id = $1";
    on!(tx, c => sqlx::query(SQL).bind(id).bind(more.staged).bind(more.known).bind(more.bad)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// `false` when it was finished before.
pub async fn finish(tx: &mut Tx, id: RunId, at: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE import_runs SET finished_at_us = $2 WHERE id = $1 AND finished_at_us IS NULL";
    Ok(on!(tx, c => sqlx::query(SQL).bind(id).bind(at).execute(c).await?.rows_affected()) == 1)
}

const PROBLEMS: Insert = Insert {
    table: "import_problems",
    columns: &["run_id", "line", "reason", "field"],
    rule: Rule::Plain,
};

pub async fn add_problems(
    tx: &mut Tx,
    id: RunId,
    problems: &[(i64, BadLine)],
) -> Result<(), StoreError> {
    let row = |(line, bad): &(i64, BadLine)| {
        vec![id.as_uuid().into(), (*line).into(), bad.reason.into(), Value::from(&bad.field)]
    };
    rows::insert_all(tx, PROBLEMS, problems.iter().map(row).collect()).await
}

/// A line that was left out: its number, reason and field.
pub type Problem = (i64, String, String);

/// Up to `limit` of them after line `after`, in the file's order.
pub async fn problems(
    tx: &mut Tx,
    id: RunId,
    after: i64,
    limit: i64,
) -> Result<Vec<Problem>, StoreError> {
    const SQL: &str = "SELECT line, reason, field FROM import_problems \
        WHERE run_id = $1 AND line > $2 ORDER BY line LIMIT $3";
    Ok(on!(tx, c => sqlx::query_as(SQL).bind(id).bind(after).bind(limit).fetch_all(c).await?))
}
