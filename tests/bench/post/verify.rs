//! P8: verifying receipts offline.

use std::time::Instant;

use anyhow::{Context as _, bail};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::{KeyTrust, PublishedKeys, ReceiptFile, verify_published};

use super::Post;
use crate::Verdict;

/// How many are verified; the receipts at hand are taken again and again.
const COUNT: u32 = 20_000;

pub async fn run(
    post: &Post,
    receipts: &[pb::Receipt],
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let url = format!("{}/log/keys.json", post.suite.origin());
    let keys = PublishedKeys::from_json(&reqwest::get(url).await?.text().await?)?;
    if receipts.is_empty() {
        bail!("no receipt to verify");
    }
    let started = Instant::now();
    for receipt in receipts.iter().cycle().take(usize::try_from(COUNT)?) {
        let file = ReceiptFile::parse(&receipt.file)?;
        verify_published(&file, &keys, KeyTrust::Given).context("a receipt does not verify")?;
    }
    let each = started.elapsed().as_secs_f64() * 1000.0 / f64::from(COUNT);
    println!("P8 {COUNT} receipts parsed and verified, one core: {each:.3} ms each");
    verdict.at_most("P8", each, 1.0, "one receipt; a million in five minutes is 0.3 ms");
    Ok(())
}
