//! Two processes, one log: the one that goes on with it stands still for longer than its lease, the
//! other takes over, and then the first wakes up in the middle of what it was doing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use siegel_db::Db;
use siegel_e2e::Suite;

use super::clients::Clients;
use super::look::{self, until};
use super::store::Mood;
use super::{Run, load, within};

/// Longer than a lease and its renewals.
const TAKES_OVER: Duration = Duration::from_secs(40);
/// How often the first process is stopped anew, because it stood still with the database locked.
const TRIES: usize = 6;
/// How long a letter may take that nobody's lock is in the way of.
const LOCKED: Duration = Duration::from_secs(15);
const WORK: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(30);
/// Letters while the first stands still, and when it is awake again.
const LETTERS: usize = 4;

pub async fn happen(run: &mut Run, clients: &mut Clients) -> anyhow::Result<()> {
    let db = look::database(run, "postbox").await?;
    // Whoever held the lease before a kill: from here on it is the first.
    grow(run, clients, &db).await?;
    let second = run.suite.replica().await.context("a second process")?;
    let (holder, next) = overtaken(run, &db, &second).await?;
    ensure!(holder != next, "the lease did not change hands");
    // It may stand still with the mailbox locked: then letters wait for it. With nothing to be done
    // for as long as a lease runs the second lets it run out, and either may go on.
    let locked = load::deliver(clients, (&run.ledger, &run.journal), LOCKED).await.is_err();
    if !locked {
        grow(run, clients, &db).await?;
    }
    let tiles = tiles(run)?;
    // Right into what it was doing: a round, half of its tiles written, its checkpoint signed.
    signal(&run.suite, "CONT")?;
    grow(run, clients, &db).await?;
    tokio::time::sleep(WORK).await;
    grow(run, clients, &db).await?;
    for (tile, bytes) in &tiles {
        let now = std::fs::read(tile).with_context(|| format!("{} is gone", tile.display()))?;
        ensure!(now == *bytes, "{} was written again with other bytes", tile.display());
    }
    let kept = look::holder(&db).await? == next;
    ensure!(locked || kept, "it took back what the other one holds");
    drop(second);
    turn(run, run.suite.port());
    // The lease of the second has to run out.
    let what = "the first goes on with the log";
    until(what, TAKES_OVER, async || Ok((look::holder(&db).await? == holder).then_some(())))
        .await?;
    grow(run, clients, &db).await
}

/// Stops the first process until the second holds the lease; who held it and who does.
async fn overtaken(run: &Run, db: &Db, second: &Suite) -> anyhow::Result<(String, String)> {
    for _ in 0..TRIES {
        let holder = look::holder(db).await?;
        if let Some(store) = &run.store {
            // Most of a round is then waiting for its tiles.
            store.set(Mood::Slow);
        }
        tokio::time::sleep(within(WORK)?).await;
        signal(&run.suite, "STOP")?;
        turn(run, second.port());
        if let Some(store) = &run.store {
            store.set(Mood::Well);
        }
        let taken = until("another holder", TAKES_OVER, async || {
            let next = look::holder(db).await?;
            Ok((next != holder).then_some(next))
        });
        match taken.await {
            Ok(next) => return Ok((holder, next)),
            // It holds a lock, or there was nothing to be done: everybody waits for it.
            Err(_) => signal(&run.suite, "CONT")?,
        }
        tokio::time::sleep(WORK).await;
    }
    bail!("the second process never went on with the log")
}

/// Letters, and their receipts in the log.
async fn grow(run: &Run, clients: &mut Clients, db: &Db) -> anyhow::Result<()> {
    for _ in 0..LETTERS {
        clients.renew(&run.suite).await?;
        let request = load::deliver(clients, (&run.ledger, &run.journal), ANSWER).await?;
        look::logged(db, &request, ANSWER).await?;
    }
    Ok(())
}

fn turn(run: &Run, port: u16) {
    run.front.turn_to(format!("127.0.0.1:{port}"));
}

fn signal(suite: &Suite, name: &str) -> anyhow::Result<()> {
    let pid = suite.pid().context("it does not run")?.to_string();
    let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status()?;
    ensure!(sent.success(), "it cannot be sent {name}");
    Ok(())
}

/// The log's files with their bytes.
fn tiles(run: &Run) -> anyhow::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    read(&run.objects().join("log"), &mut found)?;
    ensure!(!found.is_empty(), "the log has no files");
    Ok(found)
}

fn read(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, found)?;
            continue;
        }
        // What is being written has another name until it is whole.
        if !path.to_string_lossy().contains('#') {
            let bytes = std::fs::read(&path)?;
            found.insert(path, bytes);
        }
    }
    Ok(())
}
