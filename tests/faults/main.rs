//! Kills the suite at random moments while letters are delivered, then checks the promise: no
//! acknowledged letter is lost, none is doubled, each has its receipts, and the stream tells it.
//! With `--full`: everything that can happen, to everything a postbox does; see `full`.

mod full;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Parser;
use siegel::demo::{Authority, File, Sent, attachments, log_in};
use siegel_crypto::SystemEntropy;
use siegel_e2e::Suite;
use siegel_kernel::Entropy as _;

/// Kills the suite while it delivers letters and checks that no acknowledged letter is lost.
#[derive(Parser)]
struct Args {
    /// How often to kill; 20, and 200 with --full.
    #[arg(long)]
    kills: Option<u32>,
    /// PostgreSQL instead of SQLite: a server whose role may create databases.
    #[arg(long)]
    postgres: Option<String>,
    /// Longest time between a start and a kill, milliseconds.
    #[arg(long, default_value_t = 1500)]
    longest_ms: u64,
    /// Everything that can happen, again and again until there were so many kills.
    #[arg(long)]
    full: bool,
    /// With --full: exactly so many faults instead.
    #[arg(long)]
    faults: Option<u32>,
    /// With --full: only faults with this in their name, `two sequencers`.
    #[arg(long)]
    only: Option<String>,
    /// With --full: objects lie in a store that speaks S3, and that is slow as one of the faults.
    #[arg(long)]
    store: bool,
    /// With --full: a small file system, to be filled up (`tests/faults/run --full` makes one).
    #[arg(long)]
    disk: Option<std::path::PathBuf>,
    /// With --full on SQLite: damages copies of the database, and sees whether the checker notices.
    #[arg(long, conflicts_with = "postgres")]
    broken: bool,
}

/// What the authority knows of its letters.
#[derive(Default)]
struct Ledger {
    /// Request id to letter id of what was acknowledged.
    acknowledged: BTreeMap<String, String>,
    /// Sent, and no answer came: may or may not have happened.
    open: Vec<String>,
    /// Request ids whose letters were looked at before; the last check looks at all again.
    checked: BTreeSet<String>,
    sent: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    siegel_crypto::install();
    let args = Args::parse();
    if args.full {
        let Args { faults, only, postgres, store, disk, broken, .. } = args;
        let kills = args.kills.unwrap_or(200);
        let plan = full::Plan { kills, faults, only, postgres, store, disk, broken };
        return full::run(&plan).await;
    }
    let kills = args.kills.unwrap_or(20);
    let database = match &args.postgres {
        Some(server) => Some(siegel_e2e::fresh_database(server).await?),
        None => None,
    };
    let mut suite = Suite::fresh(database).await?;
    let files = attachments(&[])?;
    let mut ledger = Ledger::default();
    let handle = handle(&suite).await?;
    for round in 1..=kills {
        let wait = Duration::from_millis(random_below(args.longest_ms)? + 50);
        let deliver = deliver(&suite, &handle, &files, &mut ledger);
        let _ = tokio::time::timeout(wait, deliver).await;
        suite.kill()?;
        suite.start().await?;
        settle(&suite, &handle, &files, &mut ledger).await?;
        let all = round == kills;
        check(&suite, &mut ledger, all).await.with_context(|| format!("after kill {round}"))?;
        println!(
            "kill {round:>2} after {:>4} ms: {} letters acknowledged",
            wait.as_millis(),
            ledger.acknowledged.len()
        );
    }
    let count = ledger.acknowledged.len();
    println!(
        "{kills} kills, {} letters sent, {count} acknowledged, 0 lost, 0 doubled",
        ledger.sent
    );
    if count < kills as usize {
        bail!("too few letters were under way to call this a test");
    }
    Ok(())
}

async fn handle(suite: &Suite) -> anyhow::Result<String> {
    let credentials = suite.credentials()?;
    let mut quiet = siegel::demo::Timeline::new(true);
    Ok(log_in(&suite.origin(), &credentials, &mut quiet).await?.handle)
}

/// Delivers letters until it is cut off.
async fn deliver(
    suite: &Suite,
    handle: &str,
    files: &[File],
    ledger: &mut Ledger,
) -> anyhow::Result<()> {
    let authority = Authority::connect(&suite.origin(), &suite.credentials()?).await?;
    loop {
        ledger.sent += 1;
        let request_id = format!("fault-{}", ledger.sent);
        ledger.open.push(request_id.clone());
        let answer = authority.submit_as(&request_id, handle, files).await?;
        ledger.open.retain(|id| *id != request_id);
        ledger.acknowledged.insert(request_id, answer.letter_id);
    }
}

/// Repeats what had no answer: the same id gives one letter, whether it had happened or not.
async fn settle(
    suite: &Suite,
    handle: &str,
    files: &[File],
    ledger: &mut Ledger,
) -> anyhow::Result<()> {
    let authority = Authority::connect(&suite.origin(), &suite.credentials()?).await?;
    for request_id in std::mem::take(&mut ledger.open) {
        let answer = authority.submit_as(&request_id, handle, files).await?;
        ledger.acknowledged.insert(request_id, answer.letter_id);
    }
    Ok(())
}

/// Every acknowledged letter is there once, with both receipts, and nothing else is. The stream
/// tells of all of them each time; each letter itself is fetched when it is new, and at the end.
async fn check(suite: &Suite, ledger: &mut Ledger, all: bool) -> anyhow::Result<()> {
    let authority = Authority::connect(&suite.origin(), &suite.credentials()?).await?;
    let mut events: HashMap<String, Vec<String>> = HashMap::new();
    for event in authority.events_so_far().await? {
        events.entry(event.letter_id).or_default().push(event.kind);
    }
    for (request_id, letter_id) in &ledger.acknowledged {
        if all || ledger.checked.insert(request_id.clone()) {
            whole(&authority, request_id, letter_id).await?;
        }
        let seen = events.remove(letter_id).unwrap_or_default();
        for kind in ["accepted", "provided"] {
            if seen.iter().filter(|k| *k == kind).count() != 1 {
                bail!("the stream tells {kind} of letter {letter_id} not exactly once: {seen:?}");
            }
        }
    }
    if let Some(letter) = events.keys().next() {
        bail!("letter {letter} is doubled: no request stands behind it");
    }
    Ok(())
}

/// The letter is its request's, with one receipt of each kind.
async fn whole(authority: &Authority, request_id: &str, letter_id: &str) -> anyhow::Result<()> {
    let Sent { request_id: stored, receipts } = authority.sent(letter_id).await?;
    if stored != request_id {
        bail!("letter {letter_id} belongs to {stored}, not to {request_id}");
    }
    for kind in ["accepted", "provided"] {
        if receipts.iter().filter(|k| *k == kind).count() != 1 {
            bail!("letter {letter_id} has not exactly one receipt {kind}");
        }
    }
    Ok(())
}

fn random_below(limit: u64) -> anyhow::Result<u64> {
    Ok(u64::from_be_bytes(SystemEntropy::new().bytes()?) % limit.max(1))
}
