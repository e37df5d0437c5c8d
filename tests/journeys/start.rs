//! Starts that must fail: one clear line, and an exit code that says so.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{bail, ensure};
use siegel_e2e::program;

use crate::Tally;

type Check = fn(&Path) -> anyhow::Result<()>;

pub async fn all(tally: &mut Tally) {
    let checks: [(&str, Check); 7] = [
        ("a_port_in_use_is_named", a_port_in_use_is_named),
        ("a_data_directory_that_cannot_be_written_is_named", unwritable_data),
        ("a_wrong_database_url_is_refused", a_wrong_database_url_is_refused),
        ("a_database_that_does_not_answer_is_named", a_database_that_does_not_answer_is_named),
        ("an_unknown_key_is_named", an_unknown_key_is_named),
        ("production_refuses_the_sandbox_and_names_the_line", production_refuses),
        ("a_damaged_receipt_is_refused", a_file_that_is_no_receipt_is_refused),
    ];
    for (name, check) in checks {
        let started = Instant::now();
        let outcome = tokio::task::spawn_blocking(move || {
            let dir = tempfile::tempdir()?;
            check(dir.path())
        });
        let outcome = outcome.await.unwrap_or_else(|e| Err(e.into()));
        tally.note("start", name, started, outcome);
    }
}

/// Runs the program, which must fail with one line that holds these words.
fn fails(args: &[&str], words: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program()?).args(args).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("siegel: ")).collect();
    ensure!(!output.status.success(), "it went well: {args:?}");
    let [line] = lines.as_slice() else { bail!("not one line: {text}") };
    for word in words {
        ensure!(line.contains(word), "{word:?} is not in: {line}");
    }
    Ok(())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn a_port_in_use_is_named(dir: &Path) -> anyhow::Result<()> {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let port = taken.local_addr()?.port().to_string();
    fails(&["up", "--data", &text(&dir.join("d")), "--port", &port], &["port", &port])
}

fn unwritable_data(dir: &Path) -> anyhow::Result<()> {
    // A file in the way stops everybody, root too.
    std::fs::write(dir.join("file"), "")?;
    let below = text(&dir.join("file/data"));
    fails(&["up", "--data", &below, "--port", "0"], &["data directory", &below])
}

fn a_wrong_database_url_is_refused(dir: &Path) -> anyhow::Result<()> {
    let data = text(&dir.join("d"));
    let args = ["up", "--data", &data, "--port", "0", "--database-url", "mysql://x/y"];
    fails(&args, &["database URL"])
}

fn a_database_that_does_not_answer_is_named(dir: &Path) -> anyhow::Result<()> {
    let data = text(&dir.join("d"));
    let args =
        ["up", "--data", &data, "--port", "0", "--database-url", "postgres://a@127.0.0.1:1/b"];
    fails(&args, &["database", "127.0.0.1:1"])
}

fn an_unknown_key_is_named(dir: &Path) -> anyhow::Result<()> {
    let config = dir.join("siegel.toml");
    std::fs::write(&config, "[postbox]\ncolour = \"red\"\n")?;
    let (data, config) = (text(&dir.join("d")), text(&config));
    let args = ["up", "--data", &data, "--port", "0", "--config", &config];
    fails(&args, &["[postbox]", "colour"])
}

fn production_refuses(dir: &Path) -> anyhow::Result<()> {
    let config = dir.join("siegel.toml");
    std::fs::write(&config, "profile = \"production\"\norigin = \"https://konto.example\"\n")?;
    let (data, config) = (text(&dir.join("d")), text(&config));
    let args = ["up", "--data", &data, "--port", "0", "--config", &config];
    fails(&args, &["profile = \"production\"", "simulated", "mail sink", "generated keys"])
}

fn a_file_that_is_no_receipt_is_refused(dir: &Path) -> anyhow::Result<()> {
    let file = dir.join("receipt.json");
    std::fs::write(&file, "{\"format\":\"siegel-receipt/1\"}")?;
    let output = Command::new(program()?).args(["receipt", "verify"]).arg(&file).output()?;
    ensure!(output.status.code() == Some(1), "{:?}", output.status);
    ensure!(String::from_utf8_lossy(&output.stdout).contains("does not hold"), "it says nothing");
    Ok(())
}
