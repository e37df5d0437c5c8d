use siegel_db::audit::{Entry, broken_at, kinds, record};
use siegel_db::events::Feed;
use siegel_db::{Db, StoreError, on};
use siegel_kernel::{Clock as _, TrustLevel};
use siegel_testkit::{TestClock, on_each_backend};

on_each_backend! { &crate::NONE =>
    an_untouched_chain_is_whole,
    a_changed_line_breaks_the_chain_where_it_stands,
    a_removed_line_breaks_the_chain_where_it_stood,
    two_swapped_lines_break_the_chain,
    a_line_slipped_in_breaks_the_chain,
    closing_goes_on_where_the_last_round_ended,
    two_replicas_close_one_chain,
    every_field_is_under_the_chain,
}

async fn add(db: &Db, n: usize) {
    let request_id = format!("r-{n}");
    let entry = Entry {
        kind: "postbox.letter.submitted",
        actor: "client:bauamt",
        subject: "let_1",
        level: Some(TrustLevel::Substantial),
        outcome: "done",
        request_id: &request_id,
        detail: "",
        at: TestClock::default().now(),
    };
    let mut tx = db.begin().await.unwrap();
    record(&mut tx, &entry).await.unwrap();
    tx.commit().await.unwrap();
}

async fn close(db: &Db) {
    Feed::new(db.clone()).number(&TestClock::default()).await.unwrap();
}

async fn five_lines(db: &Db) {
    for n in 1..=5 {
        add(db, n).await;
    }
    close(db).await;
}

async fn broken(db: &Db) -> Option<i64> {
    broken_at(&mut db.read().await.unwrap()).await.unwrap()
}

/// What somebody with the database's password could do.
async fn tamper(db: &Db, sql: &'static str) {
    let run = async {
        let mut tx = db.begin().await?;
        on!(&mut tx, c => sqlx::query(sql).execute(c).await?.rows_affected());
        tx.commit().await?;
        Ok::<(), StoreError>(())
    };
    run.await.unwrap();
}

async fn an_untouched_chain_is_whole(db: Db) {
    assert_eq!(broken(&db).await, None, "an empty one too");
    five_lines(&db).await;
    assert_eq!(broken(&db).await, None);
    let found = kinds(&mut db.read().await.unwrap()).await.unwrap();
    assert_eq!(found, ["postbox.letter.submitted"]);
}

async fn a_changed_line_breaks_the_chain_where_it_stands(db: Db) {
    five_lines(&db).await;
    tamper(&db, "UPDATE audit SET actor = 'client:other' WHERE position = 3").await;
    assert_eq!(broken(&db).await, Some(3));
}

async fn a_removed_line_breaks_the_chain_where_it_stood(db: Db) {
    five_lines(&db).await;
    tamper(&db, "DELETE FROM audit WHERE position = 2").await;
    assert_eq!(broken(&db).await, Some(2));
}

async fn two_swapped_lines_break_the_chain(db: Db) {
    five_lines(&db).await;
    tamper(&db, "UPDATE audit SET position = 99 WHERE position = 2").await;
    tamper(&db, "UPDATE audit SET position = 2 WHERE position = 4").await;
    tamper(&db, "UPDATE audit SET position = 4 WHERE position = 99").await;
    assert_eq!(broken(&db).await, Some(2));
}

async fn a_line_slipped_in_breaks_the_chain(db: Db) {
    five_lines(&db).await;
    tamper(
        &db,
        "INSERT INTO audit (position, chain, kind, actor, subject, level, outcome, request_id, \
            detail, occurred_at_us) \
         SELECT 6, chain, kind, actor, subject, level, outcome, 'forged', detail, occurred_at_us \
         FROM audit WHERE position = 5",
    )
    .await;
    assert_eq!(broken(&db).await, Some(6));
}

async fn closing_goes_on_where_the_last_round_ended(db: Db) {
    five_lines(&db).await;
    add(&db, 6).await;
    close(&db).await;
    assert_eq!(broken(&db).await, None);
    tamper(&db, "UPDATE audit SET detail = 'x' WHERE position = 6").await;
    assert_eq!(broken(&db).await, Some(6), "the sixth line had been chained");
}

async fn two_replicas_close_one_chain(db: Db) {
    let mut all = tokio::task::JoinSet::new();
    for n in 0..20 {
        let db = db.clone();
        all.spawn(async move {
            add(&db, n).await;
            close(&db).await;
        });
    }
    all.join_all().await;
    close(&db).await;
    assert_eq!(broken(&db).await, None);
    tamper(&db, "DELETE FROM audit WHERE position = 19").await;
    assert_eq!(broken(&db).await, Some(19), "all twenty are in it");
}

async fn every_field_is_under_the_chain(db: Db) {
    five_lines(&db).await;
    let changes = [
        (
            "UPDATE audit SET kind = kind || 'x'",
            "UPDATE audit SET kind = 'postbox.letter.submitted'",
        ),
        ("UPDATE audit SET subject = 'x'", "UPDATE audit SET subject = 'let_1'"),
        ("UPDATE audit SET level = NULL", "UPDATE audit SET level = 3"),
        ("UPDATE audit SET outcome = 'x'", "UPDATE audit SET outcome = 'done'"),
        ("UPDATE audit SET detail = 'x'", "UPDATE audit SET detail = ''"),
        (
            "UPDATE audit SET occurred_at_us = occurred_at_us + 1",
            "UPDATE audit SET occurred_at_us = occurred_at_us - 1",
        ),
    ];
    for (change, back) in changes {
        tamper(&db, change).await;
        assert_eq!(broken(&db).await, Some(1), "{change}");
        tamper(&db, back).await;
        assert_eq!(broken(&db).await, None, "{back}");
    }
}
