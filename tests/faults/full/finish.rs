//! The end: time goes on until every letter has ended, and the checker has the last word.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use siegel_db::Target;

use super::Run;
use super::clients::Clients;
use super::fault::move_clock;
use super::stream::Stream;

/// Beyond every end that a letter of these runs can have.
const DAYS: i64 = 400;
/// Beyond the days that begin with a notification.
const MORE_DAYS: i64 = 10;
/// How long sweeper, outbox and sequencer may take for everything.
const PATIENCE: Duration = Duration::from_mins(5);

pub async fn time_goes_on(
    run: &Run,
    clients: &mut Clients,
    stream: &mut Stream,
) -> anyhow::Result<()> {
    move_clock(&run.suite.origin(), DAYS).await?;
    let started = Instant::now();
    loop {
        // Outboxes pause for ten minutes at most. A letter whose notification leaves only now has
        // its days from now on.
        run.ten_minutes().await?;
        move_clock(&run.suite.origin(), MORE_DAYS).await?;
        clients.renew(&run.suite).await?;
        stream.go_on(clients, &run.journal).await?;
        let said = check(run, &run.suite.database("postbox")?)?;
        if said.status.success() {
            print!("{}", String::from_utf8_lossy(&said.stdout));
            return Ok(());
        }
        if started.elapsed() > PATIENCE || said.status.code() != Some(1) {
            let (out, err) = (&said.stdout, &said.stderr);
            bail!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// What the checker says about a database.
pub fn check(run: &Run, database: &Target) -> anyhow::Result<Output> {
    let own = std::env::current_exe()?;
    let checker = own.with_file_name("siegel-faults-check");
    let mut command = Command::new(checker);
    let file = |name: &str| run.dir.path().join(name);
    command.arg("--journal").arg(file("journal")).arg("--keys").arg(file("keys.json"));
    command.arg("--finished").arg("--database").arg(url(database)?);
    command.output().context("the checker does not start: `cargo build -p siegel-e2e`")
}

fn url(database: &Target) -> anyhow::Result<String> {
    Ok(match database {
        Target::Sqlite(file) => format!("sqlite:{}", text(file)?),
        Target::Postgres { url, .. } => url.clone(),
    })
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the path is no text")
}
