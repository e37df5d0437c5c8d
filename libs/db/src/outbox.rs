//! What must happen outside after a commit: written with the fact, done at least once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use siegel_kernel::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::rows::{self, Insert, Rule};
use crate::{Db, StoreError, Tx, on};

/// How long one worker may take for one job before another may try.
const CLAIM: Duration = Duration::from_mins(1);
const IDLE: Duration = Duration::from_millis(500);

/// A job as it was written.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Job {
    pub id: i64,
    pub kind: String,
    pub payload: Vec<u8>,
    /// Attempts before this one.
    pub attempts: i64,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Finished, or given up for good: remove it.
    Remove,
    /// Try again, later each time (1 s, doubling, at most 10 min).
    Retry,
}

/// Writes a job in the transaction of its fact.
pub async fn put(
    tx: &mut Tx,
    kind: &str,
    payload: &[u8],
    due: Timestamp,
) -> Result<(), StoreError> {
    const OUTBOX: Insert =
        Insert { table: "outbox", columns: &["kind", "payload", "due_at_us"], rule: Rule::Plain };
    rows::insert(tx, OUTBOX, vec![kind.into(), payload.into(), due.into()]).await
}

/// Runs jobs as they fall due.
#[derive(Clone)]
pub struct Outbox {
    db: Db,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    wake_pushes: Arc<Notify>,
}

/// Which jobs a worker takes. Kinds that begin with `push.` go to addresses outside, which may be
/// slow: they have workers of their own.
#[derive(Clone, Copy)]
enum Lane {
    Inside,
    Pushes,
}

impl Outbox {
    pub fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, wake: Arc::default(), wake_pushes: Arc::default() }
    }

    /// Call after a commit that put a job.
    pub fn committed(&self) {
        self.wake.notify_one();
        self.wake_pushes.notify_one();
    }

    /// Works until the task is dropped, one job after the other, but for those of
    /// [`Outbox::run_pushes`]. `handle` must be idempotent: a job whose answer was lost
    /// comes again.
    pub async fn run<F, Fut>(self, handle: F)
    where
        F: Fn(Job) -> Fut + Send,
        Fut: Future<Output = Done> + Send,
    {
        loop {
            match self.step_of(Lane::Inside, &handle).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the outbox cannot read its jobs"
                    );
                }
            }
            self.idle().await;
        }
    }

    /// Works on jobs whose kind begins with `push.` until the task is dropped, `most` at once: one
    /// that takes its time holds no other up.
    pub async fn run_pushes<F, Fut>(self, most: usize, handle: F)
    where
        F: Fn(Job) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Done> + Send + 'static,
    {
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            if running.len() >= most {
                running.join_next().await;
                continue;
            }
            match self.claim(Lane::Pushes).await {
                Ok(Some(job)) => {
                    let (outbox, handle) = (self.clone(), handle.clone());
                    running.spawn(async move {
                        if let Err(error) = outbox.finish(&handle, job).await {
                            tracing::error!(
                                error = &error as &dyn std::error::Error,
                                "the outbox cannot close a job"
                            );
                        }
                    });
                    continue;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the outbox cannot read its jobs"
                    );
                }
            }
            let _ = tokio::time::timeout(IDLE, self.wake_pushes.notified()).await;
        }
    }

    /// Waits until there may be a job: for loops of a service's own around [`Outbox::step`].
    pub async fn idle(&self) {
        let _ = tokio::time::timeout(IDLE, self.wake.notified()).await;
    }

    /// Does one due job of any kind; `false` when there was none.
    pub async fn step<F, Fut>(&self, handle: &F) -> Result<bool, StoreError>
    where
        F: Fn(Job) -> Fut,
        Fut: Future<Output = Done>,
    {
        Ok(self.step_of(Lane::Inside, handle).await? || self.step_of(Lane::Pushes, handle).await?)
    }

    async fn step_of<F, Fut>(&self, lane: Lane, handle: &F) -> Result<bool, StoreError>
    where
        F: Fn(Job) -> Fut,
        Fut: Future<Output = Done>,
    {
        let Some(job) = self.claim(lane).await? else { return Ok(false) };
        self.finish(handle, job).await?;
        Ok(true)
    }

    async fn finish<F, Fut>(&self, handle: &F, job: Job) -> Result<(), StoreError>
    where
        F: Fn(Job) -> Fut,
        Fut: Future<Output = Done>,
    {
        let (id, attempts) = (job.id, job.attempts);
        match handle(job).await {
            Done::Remove => self.remove(id).await,
            Done::Retry => self.postpone(id, attempts).await,
        }
    }

    async fn claim(&self, lane: Lane) -> Result<Option<Job>, StoreError> {
        macro_rules! of {
            ($kinds:literal) => {
                concat!(
                    "UPDATE outbox SET claimed_until_us = $2, attempts = attempts + 1 \
                     WHERE id = (SELECT id FROM outbox \
                         WHERE due_at_us <= $1 AND claimed_until_us <= $1",
                    $kinds,
                    " ORDER BY due_at_us, id LIMIT 1) AND claimed_until_us <= $1 \
                     RETURNING id, kind, payload, attempts - 1 AS attempts"
                )
            };
        }
        let sql = match lane {
            Lane::Inside => of!(" AND kind NOT LIKE 'push.%'"),
            Lane::Pushes => of!(" AND kind LIKE 'push.%'"),
        };
        let now = self.clock.now();
        let mut tx = self.db.singly().await?;
        // To the last row: only then is a single statement committed.
        let mut jobs: Vec<Job> = on!(&mut tx, c => sqlx::query_as(sql)
            .bind(now).bind(now.plus(CLAIM)).fetch_all(c).await?);
        Ok(jobs.pop())
    }

    async fn remove(&self, id: i64) -> Result<(), StoreError> {
        let mut tx = self.db.singly().await?;
        on!(&mut tx, c => sqlx::query("DELETE FROM outbox WHERE id = $1").bind(id).execute(c).await?.rows_affected());
        Ok(())
    }

    async fn postpone(&self, id: i64, attempts: i64) -> Result<(), StoreError> {
        // `attempts` names the claim: a worker that came back after it was given up changes nothing.
        const SQL: &str = "UPDATE outbox SET due_at_us = $2, claimed_until_us = 0 \
            WHERE id = $1 AND attempts = $3";
        let wait = Duration::from_secs(1 << attempts.clamp(0, 9)).min(Duration::from_mins(10));
        let due = self.clock.now().plus(wait);
        let mut tx = self.db.singly().await?;
        on!(&mut tx, c => sqlx::query(SQL)
            .bind(id).bind(due).bind(attempts + 1).execute(c).await?.rows_affected());
        Ok(())
    }
}
