//! Whether something stands in the database, wherever.

use super::house::House;

/// Every row of every table, as text.
pub(super) async fn everything(house: &House) -> String {
    let mut tx = house.state.outside.db.read().await.unwrap();
    let mut all = String::new();
    match &mut tx {
        siegel_db::Tx::Sqlite(tx) => {
            const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";
            let names: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut **tx).await.unwrap();
            for name in names {
                let columns = format!("SELECT name FROM pragma_table_info('{name}')");
                let columns: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(columns))
                    .fetch_all(&mut **tx)
                    .await
                    .unwrap();
                let quoted: Vec<String> =
                    columns.iter().map(|c| format!("quote(\"{c}\")")).collect();
                let rows = format!("SELECT {} FROM \"{name}\"", quoted.join(" || ' ' || "));
                let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(rows))
                    .fetch_all(&mut **tx)
                    .await
                    .unwrap();
                all.push_str(&rows.join("\n"));
            }
        }
        siegel_db::Tx::Postgres(tx) => {
            const TABLES: &str = "SELECT table_name::text FROM information_schema.tables \
                WHERE table_schema = current_schema()";
            let names: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(&mut **tx).await.unwrap();
            for name in names {
                let rows = format!("SELECT t::text FROM \"{name}\" t");
                let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(rows))
                    .fetch_all(&mut **tx)
                    .await
                    .unwrap();
                all.push_str(&rows.join("\n"));
            }
        }
    }
    all.to_lowercase()
}

/// Whether a value stands anywhere, as text or in a binary column.
pub(super) fn stands(everything: &str, value: &str) -> bool {
    let hex = value.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    everything.contains(&value.to_lowercase()) || everything.contains(&hex)
}
