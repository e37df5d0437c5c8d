use siegel_db::{Attempt, Db, IdempotencyKey, begin_request, finish_request};
use siegel_kernel::Clock as _;
use siegel_testkit::{TestClock, on_each_backend};

on_each_backend! { &crate::NONE =>
    a_request_is_fresh_once_and_answered_the_same_ever_after,
    the_same_id_with_other_content_is_a_conflict,
    an_id_belongs_to_its_caller,
    a_request_that_was_given_up_can_be_tried_again,
    of_two_concurrent_requests_one_does_it_and_the_other_repeats_its_answer,
    a_request_that_waited_for_a_failed_one_does_it_itself,
    of_many_concurrent_requests_exactly_one_does_it,
}

fn key(caller: &'static str, content: &str) -> IdempotencyKey<'static> {
    IdempotencyKey { caller, request_id: "r-1", digest: siegel_crypto::sha256(content.as_bytes()) }
}

/// One whole use case; the answer tells who did it.
async fn attempt(db: &Db, key: IdempotencyKey<'_>, answer: &[u8]) -> Attempt {
    let mut tx = db.begin().await.unwrap();
    let attempt = begin_request(&mut tx, &key, TestClock::default().now()).await.unwrap();
    if attempt == Attempt::Fresh {
        finish_request(&mut tx, &key, answer).await.unwrap();
        tx.commit().await.unwrap();
    }
    attempt
}

async fn a_request_is_fresh_once_and_answered_the_same_ever_after(db: Db) {
    assert_eq!(attempt(&db, key("client:a", "x"), b"first").await, Attempt::Fresh);
    for _ in 0..2 {
        let again = attempt(&db, key("client:a", "x"), b"second").await;
        assert_eq!(again, Attempt::Repeated(b"first".to_vec()));
    }
}

async fn the_same_id_with_other_content_is_a_conflict(db: Db) {
    attempt(&db, key("client:a", "x"), b"first").await;
    assert_eq!(attempt(&db, key("client:a", "y"), b"").await, Attempt::Conflict);
}

async fn an_id_belongs_to_its_caller(db: Db) {
    attempt(&db, key("client:a", "x"), b"first").await;
    assert_eq!(attempt(&db, key("client:b", "y"), b"").await, Attempt::Fresh);
}

async fn a_request_that_was_given_up_can_be_tried_again(db: Db) {
    let mut tx = db.begin().await.unwrap();
    let first = begin_request(&mut tx, &key("client:a", "x"), TestClock::default().now()).await;
    assert_eq!(first.unwrap(), Attempt::Fresh);
    drop(tx);
    assert_eq!(attempt(&db, key("client:a", "y"), b"").await, Attempt::Fresh);
}

async fn of_two_concurrent_requests_one_does_it_and_the_other_repeats_its_answer(db: Db) {
    let mut first = db.begin().await.unwrap();
    let now = TestClock::default().now();
    assert_eq!(begin_request(&mut first, &key("a", "x"), now).await.unwrap(), Attempt::Fresh);
    let second = tokio::spawn({
        let db = db.clone();
        async move { attempt(&db, key("a", "x"), b"second").await }
    });
    finish_request(&mut first, &key("a", "x"), b"first").await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(second.await.unwrap(), Attempt::Repeated(b"first".to_vec()));
}

async fn a_request_that_waited_for_a_failed_one_does_it_itself(db: Db) {
    let mut first = db.begin().await.unwrap();
    let now = TestClock::default().now();
    begin_request(&mut first, &key("a", "x"), now).await.unwrap();
    let second = tokio::spawn({
        let db = db.clone();
        async move { attempt(&db, key("a", "x"), b"second").await }
    });
    drop(first);
    assert_eq!(second.await.unwrap(), Attempt::Fresh);
}

async fn of_many_concurrent_requests_exactly_one_does_it(db: Db) {
    let mut all = tokio::task::JoinSet::new();
    for n in 0..16_u8 {
        let db = db.clone();
        all.spawn(async move { (n, attempt(&db, key("a", "x"), &[n]).await) });
    }
    let answers = all.join_all().await;
    let done: Vec<u8> =
        answers.iter().filter(|(_, a)| *a == Attempt::Fresh).map(|(n, _)| *n).collect();
    let [winner] = done[..] else { unreachable!("{done:?} all did it") };
    let repeated = answers.iter().filter(|(_, a)| *a == Attempt::Repeated(vec![winner])).count();
    assert_eq!(repeated, 15);
}
