//! One statement for many pairs of a person and a party.

use std::fmt::Write as _;

use siegel_db::{StoreError, Tx};
use siegel_kernel::{AccountId, OrganisationId, Timestamp, typed_id};
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, FromRow};

use crate::domain::Party;
use crate::domain::mailbox::Place;

typed_id! {
    /// An organisation or a person, where a column holds either.
    PartyId = "pty", random
}

impl From<Party> for PartyId {
    fn from(party: Party) -> Self {
        match party {
            Party::Organisation(id) => Self::from_uuid(id.as_uuid()),
            Party::Person(id) => Self::from_uuid(id.as_uuid()),
        }
    }
}

/// Who asks about whom.
pub type Pair = (AccountId, PartyId);

/// SQLite takes values one by one; the text depends on their number.
const AT_ONCE: usize = 250;

/// Rows of both databases.
pub trait Read: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<R> Read for R where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// Runs `select` over the table `asked (account_id, party_id)` of these pairs. PostgreSQL gets them
/// as two arrays, which keeps the text and its plan; SQLite has no arrays.
pub async fn of_pairs<R: Read>(
    tx: &mut Tx,
    pairs: &[Pair],
    select: &'static str,
) -> Result<Vec<R>, StoreError> {
    let pairs: Vec<_> = pairs.iter().map(|(a, p)| (a.as_uuid(), p.as_uuid())).collect();
    of_two(tx, "account_id, party_id", &pairs, select).await
}

/// Runs `select` over the table `asked (organisation_id, mailbox_id)` of these mailboxes.
pub async fn of_mailboxes<R: Read>(
    tx: &mut Tx,
    mailboxes: &[(OrganisationId, Place)],
    select: &'static str,
) -> Result<Vec<R>, StoreError> {
    let pairs: Vec<_> = mailboxes.iter().map(|(o, place)| (o.as_uuid(), place.uuid())).collect();
    of_two(tx, "organisation_id, mailbox_id", &pairs, select).await
}

async fn of_two<R: Read>(
    tx: &mut Tx,
    names: &str,
    pairs: &[(Uuid, Uuid)],
    select: &'static str,
) -> Result<Vec<R>, StoreError> {
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    match tx {
        Tx::Postgres(tx) => {
            let (ones, others): (Vec<Uuid>, Vec<Uuid>) = pairs.iter().copied().unzip();
            let sql = AssertSqlSafe(format!(
                "WITH asked ({names}) AS \
                 (SELECT * FROM UNNEST($1::UUID[], $2::UUID[])) {select}"
            ));
            Ok(sqlx::query_as(sql).bind(ones).bind(others).fetch_all(&mut **tx).await?)
        }
        Tx::Sqlite(tx) => {
            let mut found = Vec::new();
            for some in pairs.chunks(AT_ONCE) {
                let sql = AssertSqlSafe(format!(
                    "WITH asked ({names}) AS (VALUES {}) {select}",
                    places(some.len(), 2)
                ));
                let mut query = sqlx::query_as(sql).persistent(some.len() == AT_ONCE);
                for (one, other) in some {
                    query = query.bind(*one).bind(*other);
                }
                found.extend(query.fetch_all(&mut **tx).await?);
            }
            Ok(found)
        }
    }
}

/// Runs `select` over the table `asked (id)` of these ids, and `instant (at_us)` of one row.
pub async fn of_ids_at<R: Read>(
    tx: &mut Tx,
    ids: &[Uuid],
    at: Timestamp,
    select: &'static str,
) -> Result<Vec<R>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match tx {
        Tx::Postgres(tx) => {
            let sql = AssertSqlSafe(format!(
                "WITH asked (id) AS (SELECT * FROM UNNEST($1::UUID[])), \
                 instant (at_us) AS (SELECT $2::BIGINT) {select}"
            ));
            Ok(sqlx::query_as(sql).bind(ids).bind(at).fetch_all(&mut **tx).await?)
        }
        Tx::Sqlite(tx) => {
            let mut found = Vec::new();
            for some in ids.chunks(AT_ONCE) {
                let sql = AssertSqlSafe(format!(
                    "WITH asked (id) AS (VALUES {}), instant (at_us) AS (SELECT ${}) {select}",
                    places(some.len(), 1),
                    some.len() + 1
                ));
                let query = sqlx::query_as(sql).persistent(some.len() == AT_ONCE);
                let query = some.iter().fold(query, |query, id| query.bind(*id));
                found.extend(query.bind(at).fetch_all(&mut **tx).await?);
            }
            Ok(found)
        }
    }
}

/// Runs `select` over the table `asked (id)` of these ids.
pub async fn of_ids<R: Read>(
    tx: &mut Tx,
    ids: &[Uuid],
    select: &'static str,
) -> Result<Vec<R>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    match tx {
        Tx::Postgres(tx) => {
            let sql = AssertSqlSafe(format!(
                "WITH asked (id) AS (SELECT * FROM UNNEST($1::UUID[])) {select}"
            ));
            Ok(sqlx::query_as(sql).bind(ids).fetch_all(&mut **tx).await?)
        }
        Tx::Sqlite(tx) => {
            let mut found = Vec::new();
            for some in ids.chunks(AT_ONCE) {
                let sql = AssertSqlSafe(format!(
                    "WITH asked (id) AS (VALUES {}) {select}",
                    places(some.len(), 1)
                ));
                let mut query = sqlx::query_as(sql).persistent(some.len() == AT_ONCE);
                for id in some {
                    query = query.bind(*id);
                }
                found.extend(query.fetch_all(&mut **tx).await?);
            }
            Ok(found)
        }
    }
}

/// `($1, $2), ($3, $4)`: only places for values are written into the text.
fn places(rows: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            let comma = if column == 1 { "" } else { ", " };
            let _ = write!(text, "{comma}${}", row * columns + column);
        }
        text.push(')');
    }
    text
}
