//! Waits until the receipts stand in the public log, and adds their places to the copies.

use std::time::Duration;

use anyhow::{Context as _, bail};
use siegel_proto::postbox::v1 as pb;
use siegel_receipt::ReceiptFile;

use super::authority::Authority;
use super::timeline::Timeline;

/// A receipt is provable within five seconds; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// Adds to each receipt its place in the log. Nothing where the suite publishes no log.
pub async fn places(
    authority: &Authority,
    letter_id: &str,
    keys: &str,
    receipts: &mut [pb::Receipt],
    timeline: &mut Timeline,
) -> anyhow::Result<()> {
    let published: serde_json::Value = serde_json::from_str(keys)?;
    if published.get("siegel_log_keys").is_none() {
        return Ok(());
    }
    let wait = tokio::time::timeout(PATIENCE, async {
        while !placed(authority, letter_id, receipts).await? {
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::Ok(())
    });
    let Ok(waited) = wait.await else { bail!("the receipts did not reach the public log") };
    waited?;
    timeline.note("postbox", "put all receipts into its public log");
    Ok(())
}

/// The place is outside the signature and the same in every copy: the sender's has it too.
async fn placed(
    authority: &Authority,
    letter_id: &str,
    receipts: &mut [pb::Receipt],
) -> anyhow::Result<bool> {
    let request = pb::GetSentLetterRequest { letter_id: letter_id.to_owned() };
    let sent = authority.sender().get_sent_letter(request).await?.into_inner();
    for receipt in receipts {
        let copy = sent.receipts.iter().find(|r| r.receipt_id == receipt.receipt_id);
        let copy = copy.context("the sender has no copy of a receipt")?;
        let Some(place) = ReceiptFile::parse(&copy.file)?.log else { return Ok(false) };
        let mut file = ReceiptFile::parse(&receipt.file)?;
        file.log = Some(place);
        receipt.file = file.to_json();
    }
    Ok(true)
}
