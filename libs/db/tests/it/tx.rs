//! Transactions whose callers went away.

use std::time::Duration;

use siegel_db::{Db, StoreError, on};
use siegel_testkit::on_each_backend;

on_each_backend! { &crate::NONE => a_begin_that_is_dropped_half_way_spoils_no_later_transaction }

async fn write(db: &Db) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO outbox (kind, payload, due_at_us) VALUES ('test', $1, 0)";
    let mut tx = db.begin().await?;
    on!(&mut tx, c => sqlx::query(SQL).bind(&b""[..]).execute(c).await?.rows_affected());
    tx.commit().await
}

async fn rows(db: &Db) -> Result<i64, StoreError> {
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(c).await?))
}

async fn a_begin_that_is_dropped_half_way_spoils_no_later_transaction(db: Db) {
    for n in 0..200 {
        let span = Duration::from_micros(n % 40 * 25);
        let _ = tokio::time::timeout(span, db.read()).await;
        let _ = tokio::time::timeout(span, db.begin()).await;
        write(&db).await.unwrap();
    }
    assert_eq!(rows(&db).await.unwrap(), 200, "and none of the writes was lost with another");
}
