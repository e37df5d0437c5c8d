use siegel_db::columns;
use siegel_testkit::{Backend, test_db};

use crate::office::TABLES;

#[test]
fn both_dialects_have_migrations_of_the_same_names() {
    assert_eq!(TABLES.differences(), Vec::<String>::new());
}

#[tokio::test]
async fn both_dialects_have_the_same_tables_and_columns() {
    let Some(postgres) = test_db(Backend::Postgres, TABLES).await else { return };
    let sqlite = test_db(Backend::Sqlite, TABLES).await.unwrap();
    let found = columns(&sqlite.db).await.unwrap();
    assert_eq!(found, columns(&postgres.db).await.unwrap());
    assert!(found.iter().any(|c| c.table_name == "memberships"));
    postgres.drop_database().await;
}

#[test]
fn the_rules_import_no_database_and_no_wire() {
    for file in ["mod.rs", "access.rs", "organisation.rs"] {
        let path = format!("{}/src/domain/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        for word in ["sqlx", "tonic", "axum", "tokio", "siegel_db", "siegel_proto"] {
            assert!(!text.contains(word), "{file} speaks of {word}");
        }
    }
}
