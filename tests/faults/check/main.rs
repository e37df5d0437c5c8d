//! Says whether the postbox kept its promise through everything that was done to it. It believes
//! what clients were told (a journal, the key set they fetched at the beginning) and reads the
//! database, and uses nothing of the postbox but the formats that it publishes.
//!
//! Ends with 0 when everything holds, with 1 and a line for each difference otherwise.

mod chains;
mod events;
mod letters;
mod log;
mod mailboxes;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use siegel_db::{Db, Target};
use siegel_e2e::journal::Journal;
use siegel_receipt::PublishedKeys;

use rows::Rows;

/// Checks the database of a postbox against what its clients were told.
#[derive(Parser)]
struct Args {
    /// What clients did and were told.
    #[arg(long)]
    journal: PathBuf,
    /// The key set as it was published before the first fault (`/log/keys.json`).
    #[arg(long)]
    keys: PathBuf,
    /// `sqlite:FILE` or `postgres://…`.
    #[arg(long)]
    database: String,
    /// The schema of the postbox on PostgreSQL.
    #[arg(long, default_value = "postbox")]
    schema: String,
    /// Time went on until every letter had to end, and all events were read: none may be left.
    #[arg(long)]
    finished: bool,
}

/// What does not hold.
#[derive(Default)]
pub struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Adds `text` unless the claim holds.
    fn unless(&mut self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.add(text());
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    siegel_crypto::install();
    let args = Args::parse();
    let told = Journal::read(&args.journal)?;
    let keys = std::fs::read_to_string(&args.keys)
        .with_context(|| format!("cannot read {}", args.keys.display()))?;
    let published = PublishedKeys::from_json(&keys).context("the key set")?;
    let target = args.database.parse::<Target>()?.in_schema(&args.schema);
    let db = Db::open(&target).await?;
    let rows = Rows::read(&db).await?;
    db.close().await;
    let mut findings = Findings::default();
    letters::check(&rows, &told, args.finished, &mut findings);
    chains::check(&rows, &told, &published, &mut findings);
    mailboxes::check(&rows, &mut findings);
    events::check(&rows, &told, args.finished, &mut findings);
    log::check(&rows, &told, &keys, args.finished, &mut findings)?;
    for finding in &findings.0 {
        println!("{finding}");
    }
    println!(
        "{} letters, {} receipts, {} entries in the log, {} lines of journal: {} differences",
        rows.letters.len(),
        rows.evidence.len(),
        rows.leaves.len(),
        told.len(),
        findings.0.len()
    );
    Ok(if findings.0.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
