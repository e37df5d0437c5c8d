use crate::office::TABLES;

#[tokio::test]
async fn both_databases_have_the_same_migrations_tables_and_columns() {
    siegel_testkit::assert_same_schema(TABLES).await;
}

#[test]
fn the_rules_know_neither_database_nor_network() {
    siegel_testkit::assert_domain_is_pure(env!("CARGO_MANIFEST_DIR"));
}
