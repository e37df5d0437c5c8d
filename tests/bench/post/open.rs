//! P2: opening a letter, with its signed receipt, at half of what the suite can do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use siegel::demo::{Timeline, log_in};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;

use super::{Post, letter};
use crate::{Args, Verdict, load};

/// Letters of one person; the receipts of their openings.
pub async fn run(
    post: &Post,
    args: &Args,
    verdict: &mut Verdict,
) -> anyhow::Result<Vec<pb::Receipt>> {
    let (origin, credentials) = (post.suite.origin(), post.suite.credentials()?);
    let person = log_in(&origin, &credentials, &mut Timeline::new(true)).await?;
    let count = usize::try_from(args.seconds)?.saturating_mul(600);
    let letters = deliver(post, &person.handle, count, args.clients).await?;
    println!("P2: {} unopened letters in one mailbox", letters.len());
    // The token is good for five minutes; delivering took some of them.
    let person = log_in(&origin, &credentials, &mut Timeline::new(true)).await?;
    let mailbox = MailboxServiceClient::new(person.channel(&origin)?);
    let (left, receipts) = (Arc::new(Mutex::new(letters)), Arc::new(Mutex::new(Vec::new())));
    let kept = receipts.clone();
    let open = move |_| {
        let letter_id = left.lock().ok().and_then(|mut l| l.pop());
        let (mut mailbox, kept) = (mailbox.clone(), kept.clone());
        async move {
            let letter_id = letter_id?;
            let request_id = format!("open-{letter_id}");
            let request = pb::OpenRequest { request_id, letter_id, ..Default::default() };
            let Ok(opened) = mailbox.open(request).await else { return Some(false) };
            let receipt = opened.into_inner().receipt;
            if let (Ok(mut kept), Some(receipt)) = (kept.lock(), receipt) {
                kept.push(receipt);
            }
            Some(true)
        }
    };
    let time = Duration::from_secs(args.seconds.div_ceil(3));
    let full = load::run(post.pid()?, args.clients, time, open.clone()).await;
    println!("P2 Open as fast as it goes, {} clients: {full}", args.clients);
    let half = full.per_second() / 2.0;
    let outcome = load::run_on_schedule(post.pid()?, half, time, open).await;
    println!("P2 Open at half of that, on schedule: {outcome}");
    if args.wants("P2") {
        verdict.at_most("P2", outcome.quantile(0.99), 100.0, "p99 of Open at half load");
    }
    let receipts = receipts.lock().map(|r| r.clone()).unwrap_or_default();
    Ok(receipts)
}

/// Delivers `count` letters to one handle; their ids.
async fn deliver(
    post: &Post,
    handle: &str,
    count: usize,
    clients: usize,
) -> anyhow::Result<Vec<String>> {
    let sender = post.authority().await?.sender();
    let mut tasks = tokio::task::JoinSet::new();
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for _ in 0..clients {
        let (mut sender, next) = (sender.clone(), next.clone());
        let letter = letter(handle);
        tasks.spawn(async move {
            let mut ids = Vec::new();
            loop {
                let n = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if n >= count {
                    return anyhow::Ok(ids);
                }
                let request = pb::SubmitRequest {
                    request_id: format!("to-open-{n}"),
                    letter: Some(letter.clone()),
                    ..Default::default()
                };
                ids.push(sender.submit(request).await?.into_inner().letter_id);
            }
        });
    }
    let mut ids = Vec::with_capacity(count);
    while let Some(some) = tasks.join_next().await {
        ids.extend(some.context("a task ended")??);
    }
    Ok(ids)
}
