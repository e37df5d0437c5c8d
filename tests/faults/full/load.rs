//! People and authorities at work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use siegel_e2e::journal::Journal;
use tokio::task::JoinSet;

use super::clients::Clients;
use super::ledger::{Ledger, Order};
use super::perform::{NotDone, perform};

/// Orders under way at once.
const WORKERS: usize = 6;
/// How long somebody waits for an answer.
const ANSWER: Duration = Duration::from_secs(20);
/// How long an order may stay without one when nothing is broken any more.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(200);

pub struct Load(JoinSet<anyhow::Result<()>>);

/// Begins to draw orders, and to carry them out.
pub fn start(clients: &Clients, ledger: &Arc<Ledger>, journal: &Arc<Journal>) -> Load {
    let mut tasks = JoinSet::new();
    for _ in 0..WORKERS {
        let (clients, ledger, journal) = (clients.clone(), ledger.clone(), journal.clone());
        tasks.spawn(async move {
            loop {
                while ledger.is_paused() {
                    tokio::time::sleep(PAUSE).await;
                }
                let order = ledger.draw()?;
                if !once(&clients, &order, &ledger, &journal).await? {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    Load(tasks)
}

impl Load {
    /// Cuts everybody off, wherever they are.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.0.abort_all();
        while let Some(ended) = self.0.join_next().await {
            match ended {
                Err(cut) if cut.is_cancelled() => {}
                other => other.context("a client panicked")??,
            }
        }
        Ok(())
    }
}

/// Asks for what has no answer until it has one.
pub async fn settle(clients: &Clients, ledger: &Ledger, journal: &Journal) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        let open = ledger.open();
        if open.is_empty() {
            return Ok(());
        }
        for order in &open {
            if !once(clients, order, ledger, journal).await? {
                tokio::time::sleep(PAUSE).await;
            }
        }
        if started.elapsed() > PATIENCE {
            bail!("no answer to {:?}", open.first());
        }
    }
}

/// Delivers a letter without attachments at once: nothing that is broken may keep it for longer
/// than `patience`. Its request id.
pub async fn deliver(
    clients: &Clients,
    (ledger, journal): (&Ledger, &Journal),
    patience: Duration,
) -> anyhow::Result<String> {
    let (started, order) = (Instant::now(), ledger.letter());
    while !once(clients, &order, ledger, journal).await? {
        if started.elapsed() > patience {
            bail!("no answer to {order:?} within {} s", patience.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
    if started.elapsed() > patience {
        bail!("{order:?} took {} s", started.elapsed().as_secs());
    }
    let Order::Letter { request, .. } = order else { bail!("another order was drawn") };
    Ok(request)
}

/// Whether there was an answer.
async fn once(
    clients: &Clients,
    order: &Order,
    ledger: &Ledger,
    journal: &Journal,
) -> anyhow::Result<bool> {
    match tokio::time::timeout(ANSWER, perform(clients, order, ledger, journal)).await {
        Ok(Ok(())) => {
            ledger.answered(order);
            Ok(true)
        }
        Err(_) | Ok(Err(NotDone::Later(_))) => Ok(false),
        Ok(Err(NotDone::Refused(status))) => bail!("{order:?} is refused: {status:?}"),
        Ok(Err(NotDone::Wrong(error))) => Err(error.context(format!("{order:?}"))),
    }
}
