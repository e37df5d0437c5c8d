use siegel_db::{COMMON, Db, columns};
use siegel_testkit::{Backend, on_each_backend, test_db};

on_each_backend! { &crate::NONE =>
    migrating_again_changes_nothing,
    two_replicas_may_migrate_at_once,
    a_reading_transaction_cannot_write,
}

#[test]
fn both_dialects_have_migrations_of_the_same_names() {
    assert_eq!(COMMON.differences(), Vec::<String>::new());
}

#[tokio::test]
async fn both_dialects_have_the_same_tables_and_columns() {
    let Some(postgres) = test_db(Backend::Postgres, &crate::NONE).await else { return };
    let sqlite = test_db(Backend::Sqlite, &crate::NONE).await.unwrap();
    let found = columns(&sqlite.db).await.unwrap();
    assert_eq!(found, columns(&postgres.db).await.unwrap());
    assert!(found.iter().any(|c| c.table_name == "outbox" && c.column_name == "due_at_us"));
    postgres.drop_database().await;
}

async fn migrating_again_changes_nothing(db: Db) {
    let before = columns(&db).await.unwrap();
    db.migrate(&crate::NONE).await.unwrap();
    db.migrate(&crate::NONE).await.unwrap();
    assert_eq!(columns(&db).await.unwrap(), before);
}

async fn two_replicas_may_migrate_at_once(db: Db) {
    let (one, other) = tokio::join!(db.migrate(&crate::NONE), db.migrate(&crate::NONE));
    one.unwrap();
    other.unwrap();
}

async fn a_reading_transaction_cannot_write(db: Db) {
    let mut tx = db.read().await.unwrap();
    let due = siegel_kernel::Timestamp::default();
    assert!(siegel_db::outbox::put(&mut tx, "x", b"", due).await.is_err());
}
