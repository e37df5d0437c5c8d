//! What happens to the postbox.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;
use siegel_db::Target;
use sqlx::Connection as _;

use super::clients::Clients;
use super::ledger::Step;
use super::proxy::Wire;
use super::store::Mood;
use super::{Run, clock_back, sequencers, slow_store, smtp_away, within};

/// Longest time between the beginning of the work and a kill.
const WORK: Duration = Duration::from_millis(1_500);
/// How long something stays away.
const AWAY: Duration = Duration::from_secs(3);
/// Longer than the suite waits for SQLite's file.
const LOCKED: Duration = Duration::from_secs(12);
/// What a chosen instant is missed by, on purpose.
const AROUND: Duration = Duration::from_millis(40);
/// How long a chosen instant is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` at any instant.
    Kill,
    /// … while somebody does this.
    KillDuring(Step),
    /// … while the sweeper ends letters, and destroys content, since a day and more has passed.
    KillSweeper,
    /// … while the sequencer of the log is at work.
    KillSequencer,
    /// PostgreSQL ends every connection and takes no new ones; SQLite's file is locked by another.
    DatabaseGone,
    /// PostgreSQL says nothing.
    DatabaseFrozen,
    DiskFull,
    StoreGone,
    /// Every request to the object store takes seconds.
    StoreSlow,
    /// The mail server is away for an hour of moved time.
    SmtpAway,
    /// The clock of everybody is set back by 90 seconds.
    ClockBack,
    /// … and the process ends at that moment.
    ClockBackAndKill,
    /// Another process goes on with the log, and then there are two.
    TwoSequencers,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.write_str("kill"),
            Self::KillDuring(step) => write!(f, "kill during {step:?}"),
            Self::KillSweeper => f.write_str("kill during sweeping"),
            Self::KillSequencer => f.write_str("kill during sequencing"),
            Self::DatabaseGone => f.write_str("database gone"),
            Self::DatabaseFrozen => f.write_str("database frozen"),
            Self::DiskFull => f.write_str("disk full"),
            Self::StoreGone => f.write_str("object store gone"),
            Self::StoreSlow => f.write_str("object store slow"),
            Self::SmtpAway => f.write_str("mail server away for an hour"),
            Self::ClockBack => f.write_str("clock back 90 s"),
            Self::ClockBackAndKill => f.write_str("clock back 90 s and kill"),
            Self::TwoSequencers => f.write_str("two sequencers"),
        }
    }
}

impl Fault {
    /// All that can be made here, kills in between.
    pub fn all(run: &Run, disk: bool) -> Vec<Self> {
        // First, while no receipt says that a clock was moved: the log's audit then looks at times.
        let mut all = vec![Self::ClockBack, Self::Kill, Self::ClockBackAndKill];
        for step in [Step::Submit, Step::Batch, Step::Open, Step::Upload, Step::Recall, Step::Trash]
        {
            all.extend([Self::KillDuring(step), Self::Kill]);
        }
        all.extend([Self::KillSweeper, Self::KillSequencer, Self::StoreGone, Self::Kill]);
        all.extend([Self::DatabaseGone, Self::KillSweeper, Self::KillDuring(Step::Batch)]);
        all.extend([Self::SmtpAway, Self::Kill, Self::TwoSequencers]);
        if run.database.is_some() {
            all.push(Self::DatabaseFrozen);
        }
        if run.store.is_some() {
            all.extend([Self::StoreSlow, Self::Kill]);
        }
        if disk {
            all.push(Self::DiskFull);
        }
        all
    }

    pub const fn is_kill(self) -> bool {
        matches!(
            self,
            Self::Kill
                | Self::KillDuring(_)
                | Self::KillSweeper
                | Self::KillSequencer
                | Self::ClockBackAndKill
        )
    }

    /// Happens, and is over afterwards: the suite runs and has what it needs.
    pub async fn happen(self, run: &mut Run, clients: &mut Clients) -> anyhow::Result<()> {
        match self {
            Self::SmtpAway => return smtp_away::happen(run, clients).await,
            Self::ClockBack => return clock_back::happen(run, clients, false).await,
            Self::ClockBackAndKill => return clock_back::happen(run, clients, true).await,
            Self::TwoSequencers => return sequencers::happen(run, clients).await,
            Self::StoreSlow => {
                let store = run.store.as_ref().context("there is no store to be slow")?;
                return slow_store::happen(run, store, clients).await;
            }
            Self::Kill => tokio::time::sleep(within(WORK)?).await,
            Self::KillDuring(step) => during(run, step).await?,
            Self::KillSweeper => {
                tokio::time::sleep(within(WORK)?).await;
                move_clock(&run.suite.origin(), 31).await?;
                // The sweeper looks once a second.
                tokio::time::sleep(within(WORK)?).await;
            }
            Self::KillSequencer => sequencing(run).await?,
            other => {
                tokio::time::sleep(within(WORK)?).await;
                other.away(run).await?;
                tokio::time::sleep(within(WORK)?).await;
                return Ok(());
            }
        }
        run.suite.kill()?;
        run.suite.start().await?;
        Ok(())
    }

    /// Takes something away and brings it back.
    async fn away(self, run: &Run) -> anyhow::Result<()> {
        match (self, &run.database) {
            (Self::DatabaseGone, Some(proxy)) => {
                proxy.set(Wire::Cut);
                tokio::time::sleep(AWAY).await;
                proxy.set(Wire::Whole);
            }
            (Self::DatabaseFrozen, Some(proxy)) => {
                proxy.set(Wire::Frozen);
                tokio::time::sleep(AWAY).await;
                proxy.set(Wire::Whole);
            }
            (Self::DatabaseGone, None) => lock_out(run).await?,
            (Self::DiskFull, _) => fill_up(run.suite.data()).await?,
            (Self::StoreGone, _) => store_gone(run).await?,
            (other, _) => anyhow::bail!("{other} cannot be made here"),
        }
        Ok(())
    }
}

/// Nothing can be put or read: the store does not answer, or the directory is none.
async fn store_gone(run: &Run) -> anyhow::Result<()> {
    if let Some(store) = &run.store {
        store.set(Mood::Gone);
        tokio::time::sleep(AWAY).await;
        store.set(Mood::Well);
        return Ok(());
    }
    let there = run.objects();
    let gone = there.with_file_name("gone");
    std::fs::rename(&there, &gone)?;
    // A file in its place: nothing can be made below it.
    std::fs::write(&there, b"")?;
    tokio::time::sleep(AWAY).await;
    std::fs::remove_file(&there)?;
    std::fs::rename(&gone, &there)?;
    Ok(())
}

/// Waits until somebody begins this, and a little.
async fn during(run: &Run, step: Step) -> anyhow::Result<()> {
    let mut started = run.ledger.watch();
    let wait = async {
        // Who lags behind only misses some.
        while started.recv().await.ok() != Some(step) {}
    };
    // It may not be drawn in time; then it is any instant.
    let _ = tokio::time::timeout(PATIENCE, wait).await;
    tokio::time::sleep(within(AROUND)?).await;
    Ok(())
}

/// Waits until a checkpoint is published, and about a second, when the next one is made.
async fn sequencing(run: &Run) -> anyhow::Result<()> {
    let url = format!("{}/log/checkpoint", run.suite.origin());
    let look = async || anyhow::Ok(reqwest::get(&url).await?.text().await?);
    let before = look().await?;
    let started = std::time::Instant::now();
    while look().await? == before && started.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(980) + within(AROUND)?).await;
    Ok(())
}

/// Moves the sandbox's legal clock.
pub async fn move_clock(origin: &str, days: i64) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    let order = client.post(format!("{origin}/sandbox/clock")).json(&json!({"days": days}));
    order.send().await?.error_for_status().context("the clock does not move")?;
    Ok(())
}

/// Holds the file of the postbox, as a backup of the wrong kind would.
async fn lock_out(run: &Run) -> anyhow::Result<()> {
    let Target::Sqlite(file) = run.suite.database("postbox")? else { return Ok(()) };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).busy_timeout(PATIENCE);
    let mut other = sqlx::SqliteConnection::connect_with(&options).await?;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await?;
    tokio::time::sleep(LOCKED).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await?;
    other.close().await?;
    Ok(())
}

/// Takes every byte of the file system on which the data is.
async fn fill_up(data: &Path) -> anyhow::Result<()> {
    let ballast: PathBuf = data.with_file_name("ballast");
    let mut file = std::fs::File::create(&ballast)?;
    let fill = tokio::task::spawn_blocking(move || {
        let mut piece = vec![0_u8; 1 << 24];
        while piece.len() > 512 {
            while file.write_all(&piece).is_ok() {}
            piece.truncate(piece.len() / 2);
        }
        file
    });
    let mut file = fill.await?;
    let ended = std::time::Instant::now() + AWAY;
    // Who writes frees and takes as well: what they free is taken again.
    while std::time::Instant::now() < ended {
        let _ = file.write_all(&[0; 512]);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(file);
    std::fs::remove_file(&ballast)?;
    Ok(())
}
