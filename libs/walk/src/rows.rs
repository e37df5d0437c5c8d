//! What is in a database, to see that nothing changed.

use std::collections::{BTreeMap, BTreeSet};

use siegel_db::{Db, Tx, columns, on};
use sqlx::AssertSqlSafe;

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
