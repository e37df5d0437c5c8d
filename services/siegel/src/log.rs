//! `siegel log audit`: what the operator, or an auditor at the operator's, runs.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::json;
use siegel_kernel::{Clock as _, SystemClock};
use siegel_postbox::{Brought, Report};

use crate::cli::LogAuditArgs;
use crate::{admin, receipt, suite};

/// Exit code 0: everything is as it was signed. 1: it is not, or cannot be read.
pub async fn audit(args: &LogAuditArgs) -> anyhow::Result<ExitCode> {
    let (settings, _) = admin::settings(&args.place)?;
    let read = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the checkpoint {}", path.display()))
    };
    let remembered = args.checkpoint.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let policy = receipt::policy(args.policy.as_deref())?;
    let db = suite::open(&settings, "postbox").await?;
    let config = settings.service("postbox")?;
    let brought = Brought {
        key: args.key.as_deref(),
        remembered: &remembered,
        witnesses: policy.as_ref().map(|policy| (policy, SystemClock.now())),
    };
    let outcome = siegel_postbox::audit_log_with(&config, &db, &brought).await;
    db.close().await;
    let report = outcome?;
    say(&report, args.json);
    let clean = report.differences.is_empty();
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn say(report: &Report, as_json: bool) {
    let found: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
    let mut out = std::io::stdout();
    // A reader that has gone (`| head`) is no failure.
    if as_json {
        let object = json!({
            "consistent": found.is_empty(),
            "entries": report.entries,
            "checkpoints": report.checkpoints,
            "cosigned": report.cosigned,
            "differences": found,
            "more": report.more,
        });
        let _ = writeln!(out, "{object}");
        return;
    }
    for line in &found {
        let _ = writeln!(out, "{line}");
    }
    let (entries, checkpoints) = (report.entries, report.checkpoints);
    let verdict = match found.len() {
        0 => "nothing differs".to_owned(),
        many if report.more => format!("{many} differences and more"),
        1 => "1 difference".to_owned(),
        many => format!("{many} differences"),
    };
    if let Some(cosigned) = report.cosigned {
        let _ = writeln!(out, "enough witnesses vouch for {cosigned} entries");
    }
    let _ = writeln!(out, "{entries} entries, {checkpoints} checkpoints: {verdict}");
}
