use std::time::Duration;

use siegel_db::{Db, Lease, take_lease};
use siegel_kernel::Clock as _;
use siegel_testkit::{TestClock, on_each_backend};

on_each_backend! { &crate::NONE =>
    a_lease_has_one_holder_until_it_runs_out,
    its_holder_renews_it,
    of_many_who_want_a_lease_at_once_one_gets_it,
    leases_of_different_names_are_independent,
    a_lease_from_before_the_clock_was_set_back_keeps_nobody_waiting,
    a_holder_whose_clock_is_a_little_ahead_is_believed,
    who_is_held_up_for_as_long_as_the_lease_runs_takes_nothing,
}

fn lease<'a>(name: &'a str, holder: &'a str) -> Lease<'a> {
    Lease { name, holder, span: Duration::from_secs(10) }
}

async fn a_lease_has_one_holder_until_it_runs_out(db: Db) {
    let clock = TestClock::default();
    assert!(take_lease(&db, lease("sweeper", "a"), clock.now()).await.unwrap());
    clock.advance(Duration::from_secs(10));
    assert!(!take_lease(&db, lease("sweeper", "b"), clock.now()).await.unwrap());
    clock.advance(Duration::from_micros(1));
    assert!(take_lease(&db, lease("sweeper", "b"), clock.now()).await.unwrap());
    assert!(!take_lease(&db, lease("sweeper", "a"), clock.now()).await.unwrap());
}

async fn its_holder_renews_it(db: Db) {
    let clock = TestClock::default();
    for _ in 0..3 {
        assert!(take_lease(&db, lease("sweeper", "a"), clock.now()).await.unwrap());
        clock.advance(Duration::from_secs(9));
    }
    assert!(!take_lease(&db, lease("sweeper", "b"), clock.now()).await.unwrap());
}

async fn of_many_who_want_a_lease_at_once_one_gets_it(db: Db) {
    let mut all = tokio::task::JoinSet::new();
    for n in 0..10 {
        let db = db.clone();
        all.spawn(async move {
            let holder = format!("h-{n}");
            take_lease(&db, lease("sweeper", &holder), TestClock::default().now()).await.unwrap()
        });
    }
    let taken = all.join_all().await.into_iter().filter(|t| *t).count();
    assert_eq!(taken, 1);
}

async fn leases_of_different_names_are_independent(db: Db) {
    let clock = TestClock::default();
    assert!(take_lease(&db, lease("sweeper", "a"), clock.now()).await.unwrap());
    assert!(take_lease(&db, lease("reminder", "b"), clock.now()).await.unwrap());
}

async fn a_lease_from_before_the_clock_was_set_back_keeps_nobody_waiting(db: Db) {
    let clock = TestClock::default();
    let before = clock.now().plus(Duration::from_secs(90));
    assert!(take_lease(&db, lease("sweeper", "gone"), before).await.unwrap());
    assert!(take_lease(&db, lease("sweeper", "b"), clock.now()).await.unwrap());
    assert!(!take_lease(&db, lease("sweeper", "c"), clock.now()).await.unwrap());
}

async fn a_holder_whose_clock_is_a_little_ahead_is_believed(db: Db) {
    let clock = TestClock::default();
    let ahead = clock.now().plus(Duration::from_secs(10));
    assert!(take_lease(&db, lease("sweeper", "a"), ahead).await.unwrap());
    assert!(!take_lease(&db, lease("sweeper", "b"), clock.now()).await.unwrap());
}

async fn who_is_held_up_for_as_long_as_the_lease_runs_takes_nothing(db: Db) {
    let clock = TestClock::default();
    // A process that stood still read the clock before; another one has the lease since.
    let stale = clock.now();
    clock.advance(Duration::from_mins(1));
    assert!(take_lease(&db, lease("log", "awake"), clock.now()).await.unwrap());
    // Any time is longer than this lease.
    let asleep = Lease { span: Duration::ZERO, ..lease("log", "asleep") };
    assert!(!take_lease(&db, asleep, stale).await.unwrap());
    assert!(!take_lease(&db, lease("log", "third"), clock.now()).await.unwrap(), "it is held");
    assert!(take_lease(&db, lease("log", "awake"), clock.now()).await.unwrap());
}
