//! Everything that can happen to a postbox, again and again, while people use it; then time goes on
//! until every letter has ended, and a program of its own says whether the promise was kept.

mod broken;
mod clients;
mod fault;
mod finish;
mod ledger;
mod load;
mod perform;
mod proxy;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use siegel_e2e::journal::Journal;
use siegel_e2e::{LARGE_FILES, Suite};

use clients::Clients;
use fault::Fault;
use ledger::Ledger;
use proxy::Proxy;

/// How the run is made.
pub struct Plan {
    pub faults: u32,
    /// PostgreSQL instead of SQLite: a server whose role may create databases.
    pub postgres: Option<String>,
    /// A small file system of its own, filled up as one of the faults; left out without one.
    pub disk: Option<PathBuf>,
    /// Afterwards damage copies of the database, and see whether the checker notices.
    pub broken: bool,
}

/// What all parts of a run work with.
pub struct Run {
    suite: Suite,
    ledger: Arc<Ledger>,
    journal: Arc<Journal>,
    proxy: Option<Proxy>,
    /// Journal, keys, copies.
    dir: tempfile::TempDir,
}

pub async fn run(plan: &Plan) -> anyhow::Result<()> {
    let mut run = Run::start(plan).await?;
    let mut clients = Clients::new(&run.suite).await?;
    let faults = Fault::all(run.proxy.is_some(), plan.disk.is_some());
    let mut stream = stream::Stream::default();
    for number in 1..=plan.faults {
        let at = usize::try_from(number).unwrap_or(0).wrapping_sub(1) % faults.len().max(1);
        let fault = faults.get(at).context("there is no fault")?;
        clients.renew(&run.suite).await?;
        let load = load::start(&clients, &run.ledger, &run.journal);
        fault.happen(&mut run).await.with_context(|| format!("fault {number}: {fault}"))?;
        load.stop().await?;
        clients.renew(&run.suite).await?;
        load::settle(&clients, &run.ledger, &run.journal).await?;
        stream.go_on(&clients, &run.journal).await?;
        println!("{number:>3} {fault}: {}", run.ledger.counts());
    }
    finish::time_goes_on(&run, &mut clients, &mut stream).await?;
    println!("{} faults: {}; the checker found nothing", plan.faults, run.ledger.counts());
    if plan.broken {
        broken::is_noticed(&mut run).await?;
    }
    Ok(())
}

impl Run {
    async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let (proxy, url) = match &plan.postgres {
            Some(server) => {
                let url = siegel_e2e::fresh_database(server).await?;
                let (proxy, url) = Proxy::before(&url).await?;
                (Some(proxy), Some(url))
            }
            None => (None, None),
        };
        let place = plan.disk.clone().unwrap_or_else(std::env::temp_dir);
        let suite = Suite::fresh_in(&place, url, LARGE_FILES).await?;
        let journal = Arc::new(Journal::create(&dir.path().join("journal"))?);
        let run = Self { suite, ledger: Arc::default(), journal, proxy, dir };
        let keys = format!("{}/log/keys.json", run.suite.origin());
        let keys = reqwest::get(keys).await?.error_for_status()?.text().await?;
        std::fs::write(run.dir.path().join("keys.json"), keys)?;
        Ok(run)
    }
}

/// A random time below `most`.
fn within(most: Duration) -> anyhow::Result<Duration> {
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Ok(Duration::from_micros(crate::random_below(micros)?))
}
