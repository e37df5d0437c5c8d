//! What others must learn: written with the fact, numbered afterwards, read by cursor.
//!
//! Transactions commit out of order, so an event gets its position only after its commit, from
//! one sequencer that serialises on a row lock. A reader that has seen position *n* will never be
//! shown a lower one later.

use std::sync::Arc;
use std::time::Duration;

use siegel_kernel::{Clock, Timestamp};
use tokio::sync::{Notify, watch};

use crate::rows::{self, Insert, Rule};
use crate::{Db, StoreError, Tx, on};

/// How many events one numbering round takes.
const BATCH: i64 = 1_000;
/// How long the sequencer sleeps when nobody wakes it: the lag towards another replica's commits.
const IDLE: Duration = Duration::from_millis(200);
/// How long it waits for others after it was woken: under load one round numbers what many wrote.
const GATHER: Duration = Duration::from_millis(50);

/// An event to be written in the transaction of its fact.
#[derive(Clone, Debug)]
pub struct NewEvent<'a> {
    /// Whose stream: `sender:musterstadt-bauamt`, `revocations`.
    pub topic: &'a str,
    pub kind: &'a str,
    pub payload: Vec<u8>,
    pub occurred_at: Timestamp,
}

/// An event with its place in the service's one order.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Event {
    pub position: i64,
    pub topic: String,
    pub kind: String,
    pub payload: Vec<u8>,
    #[sqlx(rename = "occurred_at_us")]
    pub occurred_at: Timestamp,
}

/// Writes an event. It becomes visible to readers after the commit.
pub async fn append(tx: &mut Tx, event: &NewEvent<'_>) -> Result<(), StoreError> {
    const EVENTS: Insert = Insert {
        table: "events",
        columns: &["topic", "kind", "payload", "occurred_at_us"],
        rule: Rule::Plain,
    };
    let row = vec![
        event.topic.into(),
        event.kind.into(),
        (&event.payload).into(),
        event.occurred_at.into(),
    ];
    rows::insert(tx, EVENTS, row).await
}

/// Up to `limit` events of a topic after a position, in order.
pub async fn after(
    db: &Db,
    topic: &str,
    position: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    const SQL: &str = "SELECT position, topic, kind, payload, occurred_at_us FROM events \
        WHERE topic = $1 AND position > $2 ORDER BY position LIMIT $3";
    let mut tx = db.glance().await?;
    Ok(on!(&mut tx, c => sqlx::query_as(SQL)
        .bind(topic).bind(position).bind(limit).fetch_all(c).await?))
}

/// The position before the first event of a topic at or after `since`.
pub async fn position_before(db: &Db, topic: &str, since: Timestamp) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COALESCE(MIN(position) - 1, \
        (SELECT COALESCE(MAX(position), 0) FROM events)) FROM events \
        WHERE topic = $1 AND position IS NOT NULL AND occurred_at_us >= $2";
    let mut tx = db.glance().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(topic).bind(since).fetch_one(c).await?))
}

/// The live end of a service's events: wakes the sequencer, and readers when it has numbered.
#[derive(Clone)]
pub struct Feed {
    db: Db,
    wake: Arc<Notify>,
    head: watch::Sender<i64>,
}

impl Feed {
    pub fn new(db: Db) -> Self {
        Self { db, wake: Arc::new(Notify::new()), head: watch::Sender::new(0) }
    }

    /// Call after a commit that appended events: they are numbered some milliseconds later instead
    /// of at the next tick.
    pub fn committed(&self) {
        self.wake.notify_one();
    }

    /// Follows the numbered positions; a change means there may be something to read.
    pub fn head(&self) -> watch::Receiver<i64> {
        self.head.subscribe()
    }

    /// Numbers committed events and audit rows until the task is dropped. Run one per process.
    pub async fn run(self, clock: Arc<dyn Clock>) {
        loop {
            match self.number(clock.as_ref()).await {
                Ok(numbered) if numbered == BATCH => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "numbering events failed"
                    );
                }
            }
            if tokio::time::timeout(IDLE, self.wake.notified()).await.is_ok() {
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// One round: numbers committed events, closes the audit chain; how many events it numbered.
    pub async fn number(&self, clock: &dyn Clock) -> Result<i64, StoreError> {
        if let Some(head) = self.nothing_new().await? {
            self.head.send_if_modified(|known| std::mem::replace(known, head) != head);
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        lock_sequence(&mut tx, clock.now()).await?;
        let (numbered, head) = number_events(&mut tx).await?;
        let closed = crate::audit::close_chain(&mut tx, BATCH).await?;
        if numbered > 0 || closed > 0 {
            tx.commit().await?;
        }
        self.head.send_if_modified(|known| std::mem::replace(known, head) != head);
        Ok(numbered)
    }

    /// The highest position, when nothing waits for one: an idle database is not written to.
    async fn nothing_new(&self) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "SELECT COALESCE(MAX(position), 0), CAST(CASE \
            WHEN EXISTS (SELECT 1 FROM events WHERE position IS NULL) THEN 1 \
            WHEN EXISTS (SELECT 1 FROM audit WHERE position IS NULL) THEN 1 \
            ELSE 0 END AS BIGINT) FROM events";
        let mut tx = self.db.glance().await?;
        let (head, waiting): (i64, i64) =
            on!(&mut tx, c => sqlx::query_as(SQL).fetch_one(c).await?);
        Ok((waiting == 0).then_some(head))
    }
}

/// Serialises the numberers of all replicas on one row.
async fn lock_sequence(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO leases (name, holder, until_us) VALUES ('sequence', '', $1) \
        ON CONFLICT (name) DO UPDATE SET until_us = excluded.until_us";
    if let Tx::Postgres(_) = tx {
        // SQLite's one writer is the lock.
        on!(tx, c => sqlx::query(SQL).bind(now).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// Numbers up to [`BATCH`] events in the order of their ids; how many, and the new head.
async fn number_events(tx: &mut Tx) -> Result<(i64, i64), StoreError> {
    const HEAD: &str = "SELECT COALESCE(MAX(position), 0) FROM events";
    const NUMBER: &str = "UPDATE events SET position = $1 + waiting.place \
        FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM events \
            WHERE position IS NULL ORDER BY id LIMIT $2) AS waiting \
        WHERE events.id = waiting.id";
    let head: i64 = on!(&mut *tx, c => sqlx::query_scalar(HEAD).fetch_one(c).await?);
    let numbered = on!(&mut *tx, c => sqlx::query(NUMBER)
        .bind(head).bind(BATCH).execute(c).await?.rows_affected());
    let numbered = i64::try_from(numbered).unwrap_or(BATCH);
    Ok((numbered, head + numbered))
}
