//! Everything that can happen to a postbox, again and again, while people use it; then time goes on
//! until every letter has ended, and a program of its own says whether the promise was kept.

mod broken;
mod clients;
mod clock_back;
mod fault;
mod finish;
mod ledger;
mod load;
mod look;
mod mail;
mod perform;
mod proxy;
mod sequencers;
mod slow_store;
mod smtp_away;
mod store;
mod stream;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use siegel::faults_clock::FaultsClock;
use siegel_e2e::journal::Journal;
use siegel_e2e::{LARGE_FILES, Setup, Suite};

use clients::Clients;
use fault::Fault;
use ledger::Ledger;
use mail::PostOffice;
use proxy::Proxy;
use store::Store;

/// How the run is made.
pub struct Plan {
    /// At least so many kills, and every fault once.
    pub kills: u32,
    /// Exactly so many faults instead.
    pub faults: Option<u32>,
    /// Only faults with this in their name.
    pub only: Option<String>,
    /// PostgreSQL instead of SQLite: a server whose role may create databases.
    pub postgres: Option<String>,
    /// Objects lie in a store of its own, not in a directory.
    pub store: bool,
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
    /// Before the suite.
    front: Proxy,
    /// Between the suite and PostgreSQL.
    database: Option<Proxy>,
    mail: PostOffice,
    store: Option<Store>,
    /// Of suite and clients.
    clock: FaultsClock,
    /// Journal, keys, clock, objects, copies.
    dir: tempfile::TempDir,
}

pub async fn run(plan: &Plan) -> anyhow::Result<()> {
    let mut run = Run::start(plan).await?;
    let done = faults(&mut run, plan).await;
    if done.is_err() {
        run.keep();
    }
    done
}

async fn faults(run: &mut Run, plan: &Plan) -> anyhow::Result<()> {
    let mut clients = Clients::new(&run.suite).await?;
    let mut faults = Fault::all(run, plan.disk.is_some());
    faults.retain(|fault| plan.only.as_ref().is_none_or(|name| fault.to_string().contains(name)));
    let mut stream = stream::Stream::default();
    let (mut number, mut kills) = (0, 0);
    while !plan.is_done(number, kills, faults.len()) {
        let at = usize::try_from(number).unwrap_or(0) % faults.len().max(1);
        let fault = faults.get(at).context("there is no fault")?;
        number += 1;
        kills += u32::from(fault.is_kill());
        let started = Instant::now();
        clients.renew(&run.suite).await?;
        let load = load::start(&clients, &run.ledger, &run.journal);
        let what = || format!("fault {number}: {fault}");
        fault.happen(run, &mut clients).await.with_context(what)?;
        load.stop().await?;
        run.ledger.pause(false);
        clients.renew(&run.suite).await?;
        load::settle(&clients, &run.ledger, &run.journal).await.with_context(what)?;
        stream.go_on(&clients, &run.journal).await?;
        if !fault.is_kill() {
            look::audit(run).await.with_context(what)?;
        }
        run.nothing_rewritten().with_context(what)?;
        let seconds = started.elapsed().as_secs_f32();
        println!("{number:>3} {fault}, {seconds:.1} s: {}", run.ledger.counts());
    }
    finish::time_goes_on(run, &mut clients, &mut stream).await?;
    look::audit(run).await?;
    let counts = run.ledger.counts();
    println!("{number} faults, {kills} of them kills: {counts}; the checker found nothing");
    if plan.broken {
        broken::is_noticed(run).await?;
    }
    Ok(())
}

impl Plan {
    fn is_done(&self, faults: u32, kills: u32, kinds: usize) -> bool {
        let once = usize::try_from(faults).is_ok_and(|done| done >= kinds);
        let enough = self.only.is_some() || kills >= self.kills;
        self.faults.map_or(enough && once, |wanted| faults >= wanted)
    }
}

impl Run {
    async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let (database, url) = match &plan.postgres {
            Some(server) => {
                let url = siegel_e2e::fresh_database(server).await?;
                let (proxy, url) = Proxy::before(&url).await?;
                (Some(proxy), Some(url))
            }
            None => (None, None),
        };
        let (front, mail) = (Proxy::start().await?, PostOffice::start().await?);
        let store = if plan.store { Some(Store::start(dir.path()).await?) } else { None };
        let clock = dir.path().join("clock");
        let own = store.as_ref().map(Store::settings).unwrap_or_default();
        let setup = Setup {
            database_url: url,
            settings: [LARGE_FILES, &mail.settings(), &own].concat(),
            front: Some(front.port()),
            clock: Some(clock.clone()),
        };
        let place = plan.disk.clone().unwrap_or_else(std::env::temp_dir);
        let suite = Suite::set_up(&place, setup).await?;
        front.lead_to(format!("127.0.0.1:{}", suite.port()));
        let journal = Arc::new(Journal::create(&dir.path().join("journal"))?);
        let (ledger, clock) = (Arc::default(), FaultsClock::new(clock));
        let run = Self { suite, ledger, journal, front, database, mail, store, clock, dir };
        let keys = format!("{}/log/keys.json", run.suite.origin());
        let keys = reqwest::get(keys).await?.error_for_status()?.text().await?;
        std::fs::write(run.dir.path().join("keys.json"), keys)?;
        Ok(run)
    }

    /// Ten minutes go by, the longest pause of an outbox. In steps: what is under way when a clock
    /// leaps by more than five looks back-dated, and the log's audit says so.
    async fn ten_minutes(&self) -> anyhow::Result<()> {
        for _ in 0..4 {
            self.some_minutes().await?;
        }
        Ok(())
    }

    /// One of those steps.
    async fn some_minutes(&self) -> anyhow::Result<()> {
        self.clock.move_by(150 * 1_000_000)?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok(())
    }

    /// Leaves everything where it is, for whoever looks for the reason.
    fn keep(&mut self) {
        self.suite.keep();
        self.dir.disable_cleanup(true);
        let places = (self.suite.data().display(), self.dir.path().display());
        eprintln!("kept: data {}, journal and clock {}", places.0, places.1);
    }

    /// Where the suite's objects lie.
    fn objects(&self) -> PathBuf {
        match &self.store {
            Some(store) => store.objects(),
            None => self.suite.data().join("objects/postbox"),
        }
    }

    /// No file of the log was ever written again with other bytes.
    fn nothing_rewritten(&self) -> anyhow::Result<()> {
        let rewritten = self.store.as_ref().map(Store::rewritten).unwrap_or_default();
        ensure!(rewritten.is_empty(), "written again with other bytes: {rewritten:?}");
        Ok(())
    }
}

/// A random time below `most`.
fn within(most: Duration) -> anyhow::Result<Duration> {
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Ok(Duration::from_micros(crate::random_below(micros)?))
}
