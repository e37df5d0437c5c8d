//! What is in a database, to see that nothing changed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use siegel_db::{Db, Tx, columns, on};
use sqlx::AssertSqlSafe;

/// How long a service may take to be quiet.
const PATIENCE: Duration = Duration::from_secs(20);

/// The rows of every table, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(BTreeMap<String, Vec<String>>);

/// What is in the tables of a service, but for these.
pub async fn rows(db: &Db, without: &[&str]) -> Rows {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in columns(db).await.unwrap() {
        if !without.contains(&column.table_name.as_str()) {
            tables.entry(column.table_name).or_default().push(column.column_name);
        }
    }
    let mut tx = db.read().await.unwrap();
    let mut all = BTreeMap::new();
    for (table, columns) in tables {
        let row = match &tx {
            Tx::Sqlite(_) => {
                let quoted = columns.iter().map(|column| format!("quote({column})"));
                quoted.collect::<Vec<_>>().join(" || ' ' || ")
            }
            Tx::Postgres(_) => format!("{table}::text"),
        };
        let sql = AssertSqlSafe(format!("SELECT {row} FROM {table} ORDER BY 1"));
        let found: Result<Vec<String>, siegel_db::StoreError> =
            async { Ok(on!(&mut tx, c => sqlx::query_scalar(sql).fetch_all(c).await?)) }.await;
        all.insert(table, found.unwrap());
    }
    Rows(all)
}

/// Waits until a service has done what it does in the background: no order in its outbox, no event
/// without a number.
pub async fn until_quiet(db: &Db) {
    const UNDER_WAY: &str = "SELECT (SELECT COUNT(*) FROM outbox) \
        + (SELECT COUNT(*) FROM events WHERE position IS NULL)";
    let waiting = async {
        loop {
            let mut tx = db.read().await?;
            let left: i64 = on!(&mut tx, c => sqlx::query_scalar(UNDER_WAY).fetch_one(c).await?);
            drop(tx);
            if left == 0 {
                return Ok::<(), siegel_db::StoreError>(());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
}

impl Rows {
    /// Rows that are here or there only, with their tables.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (table, rows) in &self.0 {
            let own: BTreeSet<_> = rows.iter().collect();
            let others: BTreeSet<_> = other.0.get(table).into_iter().flatten().collect();
            found.extend(own.difference(&others).map(|row| format!("- {table}: {row}")));
            found.extend(others.difference(&own).map(|row| format!("+ {table}: {row}")));
        }
        found
    }
}
