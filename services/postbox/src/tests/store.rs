//! The schema is the same on both databases, and the rules of the code's layers hold.

use crate::MIGRATIONS;

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_and_columns() {
    siegel_testkit::assert_same_schema(&MIGRATIONS).await;
}

#[test]
fn the_rules_know_neither_database_nor_network() {
    siegel_testkit::assert_domain_is_pure(env!("CARGO_MANIFEST_DIR"));
}
