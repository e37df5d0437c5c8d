use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use siegel_db::outbox::{Done, Job, Outbox, put};
use siegel_db::{Db, on};
use siegel_kernel::Clock as _;
use siegel_testkit::{TestClock, on_each_backend};

on_each_backend! { &crate::NONE =>
    two_workers_do_every_job_once,
    a_job_that_was_rolled_back_with_its_fact_never_runs,
    a_job_waits_until_it_is_due,
    a_failing_job_comes_back_later_each_time_up_to_ten_minutes,
    a_claimed_job_is_left_alone_until_its_worker_is_given_up,
    a_worker_that_was_given_up_does_not_hand_the_job_to_a_third,
    the_running_worker_wakes_for_a_new_job,
    jobs_to_the_outside_have_workers_of_their_own_and_hold_no_other_up,
}

async fn put_one(db: &Db, clock: &TestClock, payload: &[u8]) {
    let mut tx = db.begin().await.unwrap();
    put(&mut tx, "notify", payload, clock.now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn left(db: &Db) -> i64 {
    let mut tx = db.read().await.unwrap();
    let count = "SELECT COUNT(*) FROM outbox";
    count_of(&mut tx, count).await
}

async fn count_of(tx: &mut siegel_db::Tx, sql: &'static str) -> i64 {
    let counted = async {
        Ok::<i64, siegel_db::StoreError>(on!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await?))
    };
    counted.await.unwrap()
}

async fn two_workers_do_every_job_once(db: Db) {
    const JOBS: u8 = 40;
    let clock = Arc::new(TestClock::default());
    let runs: Arc<Vec<AtomicU32>> = Arc::new((0..JOBS).map(|_| AtomicU32::new(0)).collect());
    for n in 0..JOBS {
        put_one(&db, &clock, &[n]).await;
    }
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let outbox = Outbox::new(db.clone(), clock.clone());
        let (db, runs) = (db.clone(), runs.clone());
        workers.spawn(async move {
            let handle = |job: Job| {
                let run = job.payload.first().and_then(|n| runs.get(usize::from(*n)));
                run.unwrap().fetch_add(1, Ordering::SeqCst);
                async { Done::Remove }
            };
            while left(&db).await > 0 {
                outbox.step(&handle).await.unwrap();
            }
        });
    }
    workers.join_all().await;
    assert!(runs.iter().all(|n| n.load(Ordering::SeqCst) == 1), "{runs:?}");
}

async fn a_job_that_was_rolled_back_with_its_fact_never_runs(db: Db) {
    let clock = Arc::new(TestClock::default());
    let mut tx = db.begin().await.unwrap();
    put(&mut tx, "notify", b"", clock.now()).await.unwrap();
    drop(tx);
    let outbox = Outbox::new(db, clock);
    assert!(!outbox.step(&|_| async { Done::Remove }).await.unwrap());
}

async fn a_job_waits_until_it_is_due(db: Db) {
    let clock = Arc::new(TestClock::default());
    let mut tx = db.begin().await.unwrap();
    put(&mut tx, "notify", b"", clock.now().plus(Duration::from_mins(1))).await.unwrap();
    tx.commit().await.unwrap();
    let outbox = Outbox::new(db, clock.clone());
    clock.advance(Duration::from_secs(59));
    assert!(!outbox.step(&|_| async { Done::Remove }).await.unwrap());
    clock.advance(Duration::from_secs(1));
    assert!(outbox.step(&|_| async { Done::Remove }).await.unwrap());
}

async fn a_failing_job_comes_back_later_each_time_up_to_ten_minutes(db: Db) {
    let clock = Arc::new(TestClock::default());
    put_one(&db, &clock, b"").await;
    let outbox = Outbox::new(db.clone(), clock.clone());
    let fail = |_| async { Done::Retry };
    for (attempt, wait) in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512, 512].iter().enumerate() {
        assert!(outbox.step(&fail).await.unwrap(), "attempt {attempt} is due");
        clock.advance(Duration::from_secs(wait - 1));
        assert!(!outbox.step(&fail).await.unwrap(), "after attempt {attempt} it waits {wait} s");
        clock.advance(Duration::from_secs(1));
    }
    let counted = AtomicU32::new(0);
    let finish = |job: Job| {
        counted.store(u32::try_from(job.attempts).unwrap(), Ordering::SeqCst);
        async { Done::Remove }
    };
    assert!(outbox.step(&finish).await.unwrap());
    assert_eq!((counted.load(Ordering::SeqCst), left(&db).await), (12, 0));
}

async fn a_claimed_job_is_left_alone_until_its_worker_is_given_up(db: Db) {
    let clock = Arc::new(TestClock::default());
    put_one(&db, &clock, b"").await;
    let (one, other) =
        (Outbox::new(db.clone(), clock.clone()), Outbox::new(db.clone(), clock.clone()));
    // Dropped in the middle of its job, as when the process is killed.
    let killed = one.step(&|_| std::future::pending::<Done>());
    assert!(tokio::time::timeout(Duration::from_millis(300), killed).await.is_err());
    assert!(!other.step(&|_| async { Done::Remove }).await.unwrap());
    clock.advance(Duration::from_mins(1));
    assert!(other.step(&|_| async { Done::Remove }).await.unwrap());
}

async fn a_worker_that_was_given_up_does_not_hand_the_job_to_a_third(db: Db) {
    let clock = Arc::new(TestClock::default());
    put_one(&db, &clock, b"").await;
    let outbox = Outbox::new(db.clone(), clock.clone());
    let slow = |_| async {
        clock.advance(Duration::from_mins(1));
        let second = |_| async {
            // The second is at work; now the first comes back and fails.
            Done::Retry
        };
        assert!(outbox.step(&second).await.unwrap(), "the second takes over");
        Done::Retry
    };
    outbox.step(&slow).await.unwrap();
    clock.advance(Duration::from_secs(1));
    assert!(!outbox.step(&|_| async { Done::Remove }).await.unwrap(), "second attempt waits 2 s");
    clock.advance(Duration::from_secs(1));
    assert!(outbox.step(&|_| async { Done::Remove }).await.unwrap());
}

async fn the_running_worker_wakes_for_a_new_job(db: Db) {
    let clock = Arc::new(TestClock::default());
    let outbox = Outbox::new(db.clone(), clock.clone());
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let running = tokio::spawn(outbox.clone().run(move |job: Job| {
        tell.send(job.kind).unwrap();
        async { Done::Remove }
    }));
    put_one(&db, &clock, b"").await;
    outbox.committed();
    let kind = tokio::time::timeout(Duration::from_secs(10), told.recv()).await.unwrap();
    assert_eq!(kind.as_deref(), Some("notify"));
    running.abort();
}

async fn jobs_to_the_outside_have_workers_of_their_own_and_hold_no_other_up(db: Db) {
    let clock = Arc::new(TestClock::default());
    let outbox = Outbox::new(db.clone(), clock.clone());
    let mut tx = db.begin().await.unwrap();
    for (kind, payload) in [("push.x", "stuck"), ("push.x", "quick"), ("notify", "inside")] {
        put(&mut tx, kind, payload.as_bytes(), clock.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let handle = move |lane: &'static str| {
        let tell = tell.clone();
        move |job: Job| {
            let tell = tell.clone();
            async move {
                if job.payload == b"stuck" {
                    std::future::pending::<()>().await;
                }
                tell.send((lane, String::from_utf8(job.payload).unwrap())).unwrap();
                Done::Remove
            }
        }
    };
    let pushes = tokio::spawn(outbox.clone().run_pushes(2, handle("pushes")));
    let inside = tokio::spawn(outbox.run(handle("inside")));
    let mut done = Vec::new();
    for _ in 0..2 {
        let next = tokio::time::timeout(Duration::from_secs(10), told.recv()).await;
        done.push(next.unwrap().unwrap());
    }
    done.sort();
    let expected = [("inside", "inside".to_owned()), ("pushes", "quick".to_owned())];
    assert_eq!(done, expected);
    pushes.abort();
    inside.abort();
}
