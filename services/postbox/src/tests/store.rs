//! The schema is the same on both databases, and the rules of the code's layers hold.

use siegel_db::columns;
use siegel_testkit::{Backend, test_db};

use crate::MIGRATIONS;

#[test]
fn both_databases_have_migrations_of_the_same_names() {
    assert_eq!(MIGRATIONS.differences(), Vec::<String>::new());
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let sqlite = test_db(Backend::Sqlite, &MIGRATIONS).await.unwrap();
    let Some(postgres) = test_db(Backend::Postgres, &MIGRATIONS).await else { return };
    assert_eq!(columns(&sqlite.db).await.unwrap(), columns(&postgres.db).await.unwrap());
    postgres.drop_database().await;
}

#[test]
fn the_domain_knows_neither_database_nor_network() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain");
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for foreign in
            ["sqlx", "tonic", "axum", "tokio", "siegel_db", "siegel_proto", "object_store"]
        {
            assert!(!text.contains(&format!("use {foreign}")), "{} uses {foreign}", path.display());
        }
    }
}
