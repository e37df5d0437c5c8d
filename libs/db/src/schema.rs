use crate::{Db, StoreError, on};

/// A column as both dialects name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct Column {
    pub table_name: String,
    pub column_name: String,
}

/// All columns of the service's own tables, sorted: a test compares them across dialects.
pub async fn columns(db: &Db) -> Result<Vec<Column>, StoreError> {
    const SQLITE: &str = "SELECT m.name AS table_name, c.name AS column_name \
        FROM sqlite_master m, pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '_sqlx%' \
        ORDER BY 1, 2";
    const POSTGRES: &str = "SELECT table_name::text, column_name::text \
        FROM information_schema.columns \
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%' ORDER BY 1, 2";
    // The catalogues have nothing in common, so this is two texts.
    let sql = match db {
        Db::Sqlite { .. } => SQLITE,
        Db::Postgres(_) => POSTGRES,
    };
    let mut tx = db.read().await?;
    let mut found: Vec<Column> = on!(&mut tx, c => sqlx::query_as(sql).fetch_all(c).await?);
    found.sort();
    Ok(found)
}
