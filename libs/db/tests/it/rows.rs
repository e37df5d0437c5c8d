use siegel_db::rows::{self, Insert, Rule, Value};
use siegel_db::{Db, Tx, on};
use siegel_testkit::on_each_backend;
use uuid::Uuid;

on_each_backend! { &crate::NONE =>
    gathered_rows_are_there_after_the_commit_in_the_order_they_came,
    gathered_rows_are_not_there_before_they_are_written,
    a_transaction_that_is_dropped_leaves_none_of_its_rows,
    every_kind_of_value_and_its_absence_comes_back_as_it_was,
    a_row_that_is_there_already_refuses_the_whole_transaction,
    a_row_whose_condition_does_not_hold_refuses_the_whole_transaction,
    what_is_there_already_can_be_kept,
}

const OUTBOX: Insert =
    Insert { table: "outbox", columns: &["kind", "payload", "due_at_us"], rule: Rule::Plain };

fn job(kind: &str) -> Vec<Value> {
    vec![kind.into(), b"x".as_slice().into(), 1_i64.into()]
}

async fn kinds(db: &Db) -> Vec<String> {
    let mut tx = db.read().await.unwrap();
    let all: Result<Vec<String>, siegel_db::StoreError> = async {
        Ok(on!(&mut tx, c => sqlx::query_scalar("SELECT kind FROM outbox ORDER BY id")
            .fetch_all(c).await?))
    }
    .await;
    all.unwrap()
}

async fn gathering(db: &Db) -> Tx {
    db.begin().await.unwrap().gathering()
}

async fn gathered_rows_are_there_after_the_commit_in_the_order_they_came(db: Db) {
    let mut tx = gathering(&db).await;
    for kind in ["one", "two", "three"] {
        rows::insert(&mut tx, OUTBOX, job(kind)).await.unwrap();
    }
    rows::insert_all(&mut tx, OUTBOX, vec![job("four"), job("five")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(kinds(&db).await, ["one", "two", "three", "four", "five"]);
}

async fn gathered_rows_are_not_there_before_they_are_written(db: Db) {
    let mut tx = gathering(&db).await;
    rows::insert(&mut tx, OUTBOX, job("one")).await.unwrap();
    assert_eq!(count(&mut tx).await, 0);
    tx.write_rows().await.unwrap();
    assert_eq!(count(&mut tx).await, 1);
    tx.commit().await.unwrap();
    assert_eq!(kinds(&db).await, ["one"], "written once");
}

async fn count(tx: &mut Tx) -> i64 {
    let count: Result<i64, siegel_db::StoreError> = async {
        Ok(on!(tx, c => sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(c).await?))
    }
    .await;
    count.unwrap()
}

async fn a_transaction_that_is_dropped_leaves_none_of_its_rows(db: Db) {
    let mut tx = gathering(&db).await;
    rows::insert(&mut tx, OUTBOX, job("one")).await.unwrap();
    tx.write_rows().await.unwrap();
    drop(tx);
    let mut tx = gathering(&db).await;
    rows::insert(&mut tx, OUTBOX, job("two")).await.unwrap();
    drop(tx);
    assert!(kinds(&db).await.is_empty());
}

async fn every_kind_of_value_and_its_absence_comes_back_as_it_was(db: Db) {
    type Row = (i64, Option<i64>, Option<String>, Option<Vec<u8>>, Option<Uuid>, bool);
    const KINDS: Insert = Insert {
        table: "kinds",
        columns: &["n", "number", "words", "bytes", "id", "flag"],
        rule: Rule::Plain,
    };
    let id = Uuid::from_u128(7);
    let mut tx = db.begin().await.unwrap();
    let create = match &tx {
        Tx::Sqlite(_) => {
            "CREATE TABLE kinds (n INTEGER, number INTEGER, words TEXT, bytes BLOB, id BLOB, \
             flag INTEGER) STRICT"
        }
        Tx::Postgres(_) => {
            "CREATE TABLE kinds (n BIGINT, number BIGINT, words TEXT, bytes BYTEA, id UUID, \
             flag BOOLEAN)"
        }
    };
    let created: Result<u64, siegel_db::StoreError> =
        async { Ok(on!(&mut tx, c => sqlx::query(create).execute(c).await?.rows_affected())) }
            .await;
    created.unwrap();
    let mut tx = tx.gathering();
    let full = vec![
        1_i64.into(),
        5_i64.into(),
        "wörter".into(),
        [0_u8, 255].as_slice().into(),
        id.into(),
        true.into(),
    ];
    let none = vec![
        2_i64.into(),
        Value::Int(None),
        Value::Text(None),
        Value::Bytes(None),
        Value::Uuid(None),
        false.into(),
    ];
    rows::insert_all(&mut tx, KINDS, vec![none, full]).await.unwrap();
    tx.write_rows().await.unwrap();
    let found: Result<Vec<Row>, siegel_db::StoreError> = async {
        Ok(on!(&mut tx, c => sqlx::query_as("SELECT * FROM kinds ORDER BY n")
            .fetch_all(c).await?))
    }
    .await;
    let full = (1, Some(5), Some("wörter".into()), Some(vec![0, 255]), Some(id), true);
    assert_eq!(found.unwrap(), [full, (2, None, None, None, None, false)]);
}

const REQUESTS: Insert = Insert {
    table: "requests",
    columns: &["caller", "request_id", "digest", "created_at_us"],
    rule: Rule::OnlyNew,
};

fn claim(id: &str) -> Vec<Value> {
    vec!["a".into(), id.into(), [1_u8].as_slice().into(), 1_i64.into()]
}

async fn a_row_that_is_there_already_refuses_the_whole_transaction(db: Db) {
    let mut tx = gathering(&db).await;
    rows::insert(&mut tx, REQUESTS, claim("r-1")).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = gathering(&db).await;
    rows::insert(&mut tx, OUTBOX, job("one")).await.unwrap();
    rows::insert_all(&mut tx, REQUESTS, vec![claim("r-2"), claim("r-1")]).await.unwrap();
    let refused = tx.commit().await.unwrap_err();
    assert_eq!(refused.refused_by(), Some("requests"));
    assert!(siegel_db::is_raced(&refused));
    assert!(kinds(&db).await.is_empty(), "the other table's rows are there");
}

async fn a_row_whose_condition_does_not_hold_refuses_the_whole_transaction(db: Db) {
    let guarded = Insert { rule: Rule::OnlyIf("r.due_at_us < 5"), ..OUTBOX };
    let late = vec!["late".into(), b"x".as_slice().into(), 9_i64.into()];
    let mut tx = gathering(&db).await;
    rows::insert_all(&mut tx, guarded, vec![job("one"), late]).await.unwrap();
    assert_eq!(tx.write_rows().await.unwrap_err().refused_by(), Some("outbox"));
    drop(tx);
    let mut tx = gathering(&db).await;
    rows::insert_all(&mut tx, guarded, vec![job("one"), job("two")]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(kinds(&db).await, ["one", "two"]);
}

async fn what_is_there_already_can_be_kept(db: Db) {
    let kept = Insert { rule: Rule::KeepOld, ..REQUESTS };
    for _ in 0..2 {
        let mut tx = gathering(&db).await;
        rows::insert_all(&mut tx, kept, vec![claim("r-1"), claim("r-1")]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = db.begin().await.unwrap();
    rows::insert(&mut tx, REQUESTS, claim("r-1")).await.unwrap_err();
}
