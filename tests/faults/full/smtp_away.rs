//! The mail server is away for an hour. Every mail that was due leaves once it is back, once, and
//! every letter of that hour has the receipt that says so.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::ensure;
use siegel_db::Db;
use siegel_kernel::Clock as _;
use uuid::Uuid;

use super::clients::Clients;
use super::look::{self, until};
use super::mail::Desk;
use super::{Run, load};

/// Letters in each ten minutes of the hour.
const LETTERS: usize = 3;
/// Real time of each: the first attempts fail.
const WORK: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(90);

/// `State` of an order on the wire.
const QUEUED: i64 = 1;
const SENT: i64 = 2;

pub async fn happen(run: &Run, clients: &mut Clients) -> anyhow::Result<()> {
    let mails = look::database(run, "notification").await?;
    run.mail.set(Desk::Shut);
    // A mail of before may have been taken by a process that was killed before it knew.
    let known = look::orders(&mails).await?;
    let mut requests = Vec::new();
    for step in 0..6 {
        run.mail.set(if step % 2 == 0 { Desk::Shut } else { Desk::Later });
        for _ in 0..LETTERS {
            requests.push(load::deliver(clients, (&run.ledger, &run.journal), ANSWER).await?);
        }
        tokio::time::sleep(WORK).await;
        // Tokens of before are too old then.
        run.ledger.pause(true);
        run.ten_minutes().await?;
        clients.renew(&run.suite).await?;
    }
    let orders = look::orders(&mails).await?.into_iter();
    let orders = orders.filter(|(id, state)| *state == QUEUED && !known.contains_key(id));
    let waiting: HashSet<Uuid> = orders.map(|(id, _)| id).collect();
    ensure!(waiting.len() >= requests.len(), "only {} mails wait", waiting.len());
    let early = times(run, &waiting).into_iter().find(|(_, times)| *times > 0);
    ensure!(early.is_none(), "{early:?} left while nobody took mails");
    run.mail.set(Desk::Open);
    back(run, &mails, &waiting).await?;
    for (id, times) in times(run, &waiting) {
        ensure!(times == 1, "the mail {id} was sent {times} times");
    }
    told(run, &requests).await
}

/// How often each of these mails was taken.
fn times(run: &Run, orders: &HashSet<Uuid>) -> Vec<(Uuid, usize)> {
    let taken = run.mail.taken();
    let of = |id: &Uuid| {
        let name = format!("<ntf_{}@", id.simple());
        (*id, taken.iter().filter(|taken| taken.starts_with(&name)).count())
    };
    orders.iter().map(of).collect()
}

/// Waits until every mail that waited is sent; time goes on as far as outboxes pause.
async fn back(run: &Run, mails: &Db, waiting: &HashSet<Uuid>) -> anyhow::Result<()> {
    until("every mail that waited is sent", PATIENCE, async || {
        // While a mail is on its way, nobody may think that its time is over: each step waits for
        // the mails that the one before made due.
        if look::nothing_claimed(mails, run.clock.now()).await? {
            run.some_minutes().await?;
        }
        let orders = look::orders(mails).await?;
        let open = waiting.iter().filter(|id| orders.get(id) != Some(&SENT)).count();
        Ok((open == 0).then_some(()))
    })
    .await
}

/// Every letter has its one receipt of the notification; one that was recalled before needs none.
async fn told(run: &Run, requests: &[String]) -> anyhow::Result<()> {
    let db = look::database(run, "postbox").await?;
    for request in requests {
        let mut looks = 0;
        let what = format!("the receipt of the notification of {request}");
        let found = until(&what, PATIENCE, async || {
            if looks % 25 == 24 {
                run.ten_minutes().await?;
            }
            looks += 1;
            let (notified, _) = look::entries(&db, request, "notified").await?;
            let (recalled, _) = look::entries(&db, request, "recalled").await?;
            Ok((notified + recalled > 0).then_some((notified, recalled)))
        });
        let (notified, recalled) = found.await?;
        ensure!(
            notified == 1 || (notified == 0 && recalled == 1),
            "{request} has {notified} receipts of its notification, {recalled} of a recall"
        );
    }
    Ok(())
}
