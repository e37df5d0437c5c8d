//! The clock is set back by 90 seconds: nobody waits for the time to come again.

use std::time::Duration;

use anyhow::ensure;

use super::clients::Clients;
use super::look::{self, until};
use super::{Run, load};

const BACK: i64 = -90 * 1_000_000;
/// How long anything may take afterwards: far less than the clock was set back by.
const SOON: Duration = Duration::from_secs(30);

/// `ended`: and the process with everything it held ends at that moment.
pub async fn happen(run: &mut Run, clients: &mut Clients, ended: bool) -> anyhow::Result<()> {
    let db = look::database(run, "postbox").await?;
    // Tokens between services, leases, nonces are fresh.
    let before = load::deliver(clients, (&run.ledger, &run.journal), SOON).await?;
    look::logged(&db, &before, SOON).await?;
    // Tokens of before are from the future then.
    run.ledger.pause(true);
    run.clock.move_by(BACK)?;
    if ended {
        run.suite.kill()?;
        run.suite.start().await?;
    }
    clients.renew(&run.suite).await?;
    let after = load::deliver(clients, (&run.ledger, &run.journal), SOON).await?;
    look::logged(&db, &after, SOON).await?;
    let what = format!("the receipt of the notification of {after}");
    let times = until(&what, SOON, async || {
        let (notified, _) = look::entries(&db, &after, "notified").await?;
        Ok((notified > 0).then_some(notified))
    });
    ensure!(times.await? == 1, "{after} has several receipts of its notification");
    Ok(())
}
