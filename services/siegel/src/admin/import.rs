//! `siegel admin import`: accounts of a closed system, on the database of account.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::json;
use siegel_account::{ImportOrder, Imports, Progress};
use siegel_grpc::InProcess;
use siegel_identity::Identity;
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::store::tenants;
use siegel_kernel::{Clock as _, SystemClock};

use super::place;
use crate::cli::{ImportArgs, PlaceArgs};
use crate::suite;

/// Lines were left out.
const LEFT_OUT: u8 = 2;
/// How often the bar is drawn.
const REDRAW: Duration = Duration::from_millis(100);
/// Width of the bar, in characters.
const WIDTH: usize = 30;
const DAY: Duration = Duration::from_hours(24);

pub async fn run(
    identity: &Identity,
    place: &PlaceArgs,
    what: &ImportArgs,
    by: &Operator,
    json: bool,
) -> anyhow::Result<ExitCode> {
    // Names alone are for trying it out.
    if identity.outside.profile.is_production() && by.key().is_none() {
        bail!("in production an operator without a key imports nothing");
    }
    if !is_tenant(identity, &what.tenant).await? {
        bail!("there is no tenant {:?}", what.tenant);
    }
    let (settings, sandbox) = place::settings(place)?;
    let db = suite::open(&settings, "account").await?;
    if sandbox {
        db.migrate(&siegel_account::MIGRATIONS).await.context("[account]")?;
    }
    let outside = place::outside(&settings, "account", db.clone(), InProcess::default())?;
    let imports = Imports::open(&settings.service("account")?, &outside)?;
    let order = ImportOrder {
        tenant: what.tenant.clone(),
        system: what.system.clone(),
        name: what.name.clone(),
        operator: by.actor(),
        valid_until: SystemClock.now().plus(DAY * what.days),
    };
    let report = what.report.clone().unwrap_or_else(|| beside(&what.file));
    let file = File::create(&report);
    let file = file.with_context(|| format!("cannot write {}", report.display()))?;
    let mut bar = Bar::new();
    let done = imports
        .import(&what.file, &order, &mut BufWriter::new(file), |at| bar.draw(at, false))
        .await;
    db.close().await;
    let done = done?;
    bar.draw(done, true);
    tell(&done, &report, json);
    Ok(if done.bad > 0 { ExitCode::from(LEFT_OUT) } else { ExitCode::SUCCESS })
}

/// A tenant is one that was set up, or whose clients stand in the settings.
async fn is_tenant(identity: &Identity, id: &str) -> anyhow::Result<bool> {
    let mut tx = identity.outside.db.read().await?;
    let set_up = tenants::find(&mut tx, id).await?.is_some();
    Ok(set_up || identity.config.clients.iter().any(|c| c.tenant.as_deref() == Some(id)))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".report");
    PathBuf::from(name)
}

fn tell(done: &Progress, report: &Path, json: bool) {
    let Progress { lines, staged, known, bad, .. } = done;
    if json {
        let report = report.display().to_string();
        println!(
            "{}",
            json!({"lines": lines, "staged": staged, "known": known, "bad": bad, "report": report})
        );
        return;
    }
    println!("{lines} lines: {staged} accounts wait for their persons, {known} were known");
    if *bad > 0 {
        println!("{bad} lines were left out: {}", report.display());
    }
}

/// A bar on a terminal; nothing at all where nobody looks.
struct Bar {
    shown: bool,
    began: Instant,
    drawn: Option<Instant>,
}

impl Bar {
    fn new() -> Self {
        Self { shown: std::io::stderr().is_terminal(), began: Instant::now(), drawn: None }
    }

    fn draw(&mut self, at: Progress, last: bool) {
        let due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= REDRAW);
        if !self.shown || !(due || last) {
            return;
        }
        self.drawn = Some(Instant::now());
        let end = if last { "\n" } else { "" };
        let line = line(&at, self.began.elapsed());
        // Who cannot see it loses nothing.
        let _ = write!(std::io::stderr(), "\r{line}{end}");
    }
}

fn line(at: &Progress, since: Duration) -> String {
    let percent = (at.bytes.saturating_mul(100)).checked_div(at.of_bytes).unwrap_or(100).min(100);
    let full = usize::try_from(percent).unwrap_or_default() * WIDTH / 100;
    let bar = format!("{}{}", "#".repeat(full), " ".repeat(WIDTH.saturating_sub(full)));
    let seconds = since.as_secs();
    format!("[{bar}] {percent:>3} % {} lines, {} left out, {seconds} s", at.lines, at.bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_how_far_it_is_and_never_breaks_on_an_empty_file() {
        let at = Progress { bytes: 50, of_bytes: 200, lines: 7, staged: 5, known: 1, bad: 1 };
        let said = line(&at, Duration::from_secs(3));
        assert!(said.contains("25 %") && said.contains("7 lines, 1 left out, 3 s"), "{said}");
        assert_eq!(said.matches('#').count(), 7);
        let empty = Progress { bytes: 0, of_bytes: 0, ..at };
        assert!(line(&empty, Duration::ZERO).contains("100 %"));
    }
}
