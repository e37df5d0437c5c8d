//! I1: a file of 100,000 accounts of a closed system, imported beside a running suite; killed in the
//! middle and begun again. Counted in the database afterwards.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::ensure;
use siegel_db::{Db, on};
use siegel_e2e::{Suite, fresh_database};

use crate::{Args, Verdict};

/// Every so many lines one is bad.
const BAD: usize = 1_000;
/// "A few minutes", in milliseconds.
const MOST: f64 = 180_000.0;

pub async fn run(args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let server = std::env::var("SIEGEL_TEST_POSTGRES").ok();
    let database = match (args.backend.as_deref(), server) {
        (Some("sqlite"), _) | (None, None) => None,
        (_, Some(server)) => Some(fresh_database(&server).await?),
        (Some(_), None) => anyhow::bail!("--backend postgres needs SIEGEL_TEST_POSTGRES"),
    };
    let kind = if database.is_some() { "PostgreSQL" } else { "SQLite" };
    let suite = Suite::fresh(database).await?;
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("accounts.jsonl");
    let bytes = write(&file, args.imported)?;
    println!(
        "I1 on {kind}: {} accounts, {} MB, beside a running suite",
        args.imported,
        bytes >> 20
    );

    let whole = Instant::now();
    let status = command(&suite, &file, "ganz")?.status()?;
    let whole = whole.elapsed();
    ensure!(status.code() == Some(2), "bad lines are told: {status}");
    let again = Instant::now();
    command(&suite, &file, "ganz")?.status()?;
    let again = again.elapsed();

    let half = whole / 2;
    let mut child = command(&suite, &file, "halb")?.spawn()?;
    tokio::time::sleep(half).await;
    child.kill()?;
    child.wait()?;
    let db = Db::open(&suite.database("account")?).await?;
    let left = waiting(&db, "halb").await?;
    let rest = Instant::now();
    command(&suite, &file, "halb")?.status()?;
    let rest = rest.elapsed();

    let bad = i64::try_from(args.imported / BAD)?;
    let good = i64::try_from(args.imported)? - bad;
    for system in ["ganz", "halb"] {
        let found = waiting(&db, system).await?;
        ensure!(found == good, "{system}: {found} accounts wait instead of {good}");
    }
    db.close().await;
    let lines = f64::from(u32::try_from(args.imported)?) / whole.as_secs_f64();
    println!(
        "  {lines:.0} lines/s; the same file again {:.2} s; killed after {:.1} s with {left} there, \
         the rest {:.1} s; {bad} bad lines left out, none doubled",
        again.as_secs_f64(),
        half.as_secs_f64(),
        rest.as_secs_f64(),
    );
    verdict.at_most("I1", milliseconds(whole), MOST, "the whole file");
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn command(suite: &Suite, file: &Path, system: &str) -> anyhow::Result<std::process::Command> {
    let mut command = suite.admin()?;
    command.arg("import").arg(file);
    command.args(["--tenant", "musterstadt", "--system", system, "--name", "Altkonto"]);
    command.stdout(Stdio::null());
    Ok(command)
}

async fn waiting(db: &Db, system: &str) -> anyhow::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM imported_accounts WHERE system = $1";
    let mut tx = db.read().await?;
    Ok(on!(&mut tx, c => sqlx::query_scalar(SQL).bind(system).fetch_one(c).await?))
}

/// Writes so many lines of ten attributes; gives back the bytes.
fn write(file: &Path, lines: usize) -> anyhow::Result<u64> {
    let mut to = BufWriter::new(File::create(file)?);
    for n in 0..lines {
        let level = if n % BAD == 0 { "none" } else { "substantial" };
        let value = |name: &str, value: String| serde_json::json!({"name": name, "value": value, "level": level});
        let attributes = [
            value("given_name", format!("Vorname {n}")),
            value("family_name", format!("Familie {n}")),
            value("date_of_birth", "1980-01-02".into()),
            value("place_of_birth", "Musterstadt".into()),
            value("street_and_building", format!("Musterweg {n}")),
            value("zip_code", "24103".into()),
            value("city", "Kiel".into()),
            value("country", "DE".into()),
            value("nationality", "D".into()),
            value("telephone", "+49 431 123456".into()),
        ];
        let email = format!("person{n}@alt.example");
        let line = serde_json::json!({"id": n.to_string(), "email": email, "level": level, "attributes": attributes});
        writeln!(to, "{line}")?;
    }
    to.flush()?;
    Ok(std::fs::metadata(file)?.len())
}
