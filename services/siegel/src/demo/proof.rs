//! Keeps the receipts as files and verifies them offline.

use std::fs;

use anyhow::{Context as _, bail};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile};

use super::timeline::Timeline;
use crate::cli::DemoArgs;

/// Writes every receipt and the published keys (JSON) to `--out`, then verifies each from these
/// files.
pub fn check(
    keys: String,
    args: &DemoArgs,
    receipts: &[pb::Receipt],
    event: &pb::LetterEvent,
    timeline: &mut Timeline,
) -> anyhow::Result<()> {
    let read = receipts.iter().find(|r| r.kind == "opened").context("no read receipt")?;
    let streamed = event.receipt.as_ref().context("the event carries no receipt")?;
    if streamed.receipt_id != read.receipt_id {
        bail!("person and authority hold different read receipts");
    }
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot write to {}", args.out.display()))?;
    let keys_file = args.out.join("keys.json");
    fs::write(&keys_file, keys)?;
    let mut written = Vec::new();
    for receipt in receipts {
        let path = args.out.join(format!("receipt-{}.json", receipt.kind));
        fs::write(&path, &receipt.file)?;
        written.push(path);
    }
    let keys = PublishedKeys::from_json(&fs::read_to_string(&keys_file)?)?;
    for path in &written {
        let file = ReceiptFile::parse(&fs::read_to_string(path)?)?;
        let verified = siegel_receipt::verify_published(&file, &keys, KeyTrust::Beside)
            .with_context(|| format!("{} does not hold", path.display()))?;
        let title = verified.explain().title.en;
        let place = verified.log_entry.map_or_else(String::new, |entry| {
            format!(", entry {} of {} in the log", entry.index.saturating_add(1), entry.size)
        });
        timeline.note("verifier", format!("offline: {title}{place} ({})", path.display()));
    }
    let names: Vec<String> = written.iter().map(|p| p.display().to_string()).collect();
    timeline.fact("receipts", names);
    timeline.fact("keys", keys_file.display().to_string());
    Ok(())
}
