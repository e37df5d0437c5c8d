//! The object store takes seconds for everything and refuses some of it: letters that do not need
//! it do not wait for it, everything else comes to its end.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::clients::Clients;
use super::store::{Mood, Store};
use super::{Run, load};

const SLOW: Duration = Duration::from_secs(15);
/// What a letter without attachments may take meanwhile, beside everything else.
const ANSWER: Duration = Duration::from_secs(10);

pub async fn happen(run: &Run, store: &Store, clients: &Clients) -> anyhow::Result<()> {
    store.set(Mood::Slow);
    let started = Instant::now();
    let mut delivered = 0;
    while started.elapsed() < SLOW {
        load::deliver(clients, (&run.ledger, &run.journal), ANSWER).await?;
        delivered += 1;
    }
    store.set(Mood::Well);
    ensure!(delivered >= 3, "only {delivered} letters in {} s", SLOW.as_secs());
    Ok(())
}
