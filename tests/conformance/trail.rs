//! Identity's audit trail, read beside the running suite: an attack is refused *and* written down.

use std::time::Duration;

use anyhow::bail;
use siegel_db::{Db, on};

use crate::house::House;
use crate::rp::now;

/// Lines of one refusal that a process writes in a minute; more are counted in one.
const KEPT: i64 = 20;

/// What is new in the trail since it was begun.
pub struct Trail {
    db: Db,
    from: i64,
}

impl Trail {
    /// Begins here: what was written before does not count.
    pub async fn begin(house: &House) -> anyhow::Result<Self> {
        const LAST: &str = "SELECT coalesce(max(id), 0) FROM audit";
        let db = Db::open(&house.database()?).await?;
        let mut tx = db.read().await?;
        let from: i64 = on!(&mut tx, c => sqlx::query_scalar(LAST).fetch_one(c).await?);
        drop(tx);
        Ok(Self { db, from })
    }

    /// That a line of this kind with this outcome was added, or that so many were in the last minute
    /// that the provider only counts them. Refusals are written before they are answered; the few
    /// tries are for what a job writes.
    pub async fn shows(&self, kind: &str, outcome: &str) -> anyhow::Result<()> {
        for _ in 0..25 {
            let lines = self.added().await?;
            let added = lines.iter().any(|(k, o)| k == kind && o == outcome);
            if added || self.in_the_last_minute(kind, outcome).await? >= KEPT {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("the audit trail has no {kind} {outcome}, only {:?}", self.added().await?)
    }

    async fn in_the_last_minute(&self, kind: &str, outcome: &str) -> anyhow::Result<i64> {
        const COUNT: &str = "SELECT count(*) FROM audit \
            WHERE kind = $1 AND outcome = $2 AND occurred_at_us > $3";
        let since = now().minus(Duration::from_mins(1)).as_micros();
        let mut tx = self.db.read().await?;
        Ok(on!(&mut tx, c => sqlx::query_scalar(COUNT)
            .bind(kind).bind(outcome).bind(since).fetch_one(c).await?))
    }

    /// Kinds and outcomes added so far, the oldest first.
    async fn added(&self) -> anyhow::Result<Vec<(String, String)>> {
        const NEW: &str = "SELECT kind, outcome FROM audit WHERE id > $1 ORDER BY id";
        let mut tx = self.db.read().await?;
        Ok(on!(&mut tx, c => sqlx::query_as(NEW).bind(self.from).fetch_all(c).await?))
    }
}
