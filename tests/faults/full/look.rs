//! What stands in the databases during a run, and what the suite's own audit says of the log.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use siegel_db::{Db, Target, Tx, on};
use siegel_kernel::Timestamp;
use uuid::Uuid;

use super::Run;

/// Waits until there is something, and says what was missing when there is nothing in time.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if started.elapsed() > patience {
            bail!("not within {} s: {what}", patience.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A database of the suite, for reading.
pub async fn database(run: &Run, service: &str) -> anyhow::Result<Db> {
    Ok(Db::open(&run.suite.database(service)?).await?)
}

/// Ordered mails and how far they are.
pub async fn orders(db: &Db) -> anyhow::Result<BTreeMap<Uuid, i64>> {
    const SQL: &str = "SELECT id, state FROM orders";
    let mut tx = db.read().await?;
    let rows: Vec<(Uuid, i64)> = on!(&mut tx, c => sqlx::query_as(SQL).fetch_all(c).await?);
    Ok(rows.into_iter().collect())
}

/// Whether no job of the outbox is being worked on.
pub async fn nothing_claimed(db: &Db, now: Timestamp) -> anyhow::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE claimed_until_us > $1";
    let mut tx = db.read().await?;
    let claimed: i64 = on!(&mut tx, c => sqlx::query_scalar(SQL).bind(now).fetch_one(c).await?);
    Ok(claimed == 0)
}

/// How many entries the letter of a request has: of this kind, and under the newest checkpoint.
pub async fn entries(db: &Db, request: &str, kind: &str) -> anyhow::Result<(i64, i64)> {
    const KIND: &str = "SELECT COUNT(*) FROM evidence e JOIN sent_letters s \
        ON s.mailbox_id = e.mailbox_id AND s.letter_id = e.letter_id \
        WHERE s.request_id = $1 AND e.kind = $2";
    const LOGGED: &str = "SELECT COUNT(*) FROM log_leaves l JOIN sent_letters s \
        ON s.mailbox_id = l.mailbox_id AND s.letter_id = l.letter_id \
        WHERE s.request_id = $1 AND l.number > 0 \
        AND l.log_index < (SELECT published FROM log_head)";
    let mut tx: Tx = db.read().await?;
    let of_kind: i64 = on!(&mut tx, c => sqlx::query_scalar(KIND)
        .bind(request).bind(kind).fetch_one(c).await?);
    let logged: i64 = on!(&mut tx, c => sqlx::query_scalar(LOGGED)
        .bind(request).fetch_one(c).await?);
    Ok((of_kind, logged))
}

/// Who holds the right to go on with the log.
pub async fn holder(db: &Db) -> anyhow::Result<String> {
    const SQL: &str = "SELECT holder FROM leases WHERE name = 'log'";
    let mut tx = db.read().await?;
    let found: Option<String> = on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_optional(c).await?);
    found.context("nobody ever held the log's lease")
}

/// Waits until both first receipts of a letter are in the log.
pub async fn logged(db: &Db, request: &str, patience: Duration) -> anyhow::Result<()> {
    let what = format!("the receipts of {request} in the log");
    until(&what, patience, async || {
        Ok((entries(db, request, "provided").await?.1 >= 2).then_some(()))
    })
    .await
}

/// `siegel log audit` finds nothing, whatever was done to the processes.
pub async fn audit(run: &Run) -> anyhow::Result<()> {
    let mut command = Command::new(siegel_e2e::program()?);
    command.args(["log", "audit", "--data"]).arg(run.suite.data());
    if let Target::Postgres { url, .. } = run.suite.database("postbox")? {
        command.args(["--database-url", &url]);
    }
    let said = tokio::task::spawn_blocking(move || command.output()).await??;
    let (out, err) = (&said.stdout, &said.stderr);
    let text = || format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    ensure!(said.status.success(), "siegel log audit: {}", text());
    Ok(())
}
