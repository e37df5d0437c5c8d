//! P4: a single letter while a batch is delivered, against the same letter without one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use siegel_proto::postbox::v1 as pb;

use super::{Post, letter};
use crate::{Args, Verdict, load};

/// Single letters per second.
const RATE: f64 = 50.0;
/// Letters that one call adds to a batch.
const CALL: usize = 500;
/// How often the batch is looked at.
const LOOK: Duration = Duration::from_secs(2);

pub async fn run(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let idle = singles(post, args, "idle").await?;
    println!("P4 Submit at {RATE} per second, nothing else: {idle}");
    let batch = stage(post, args.batch).await?;
    let started = std::time::Instant::now();
    commit(post).await?;
    let busy = singles(post, args, "busy").await?;
    println!("P4 Submit at {RATE} per second beside the batch: {busy}");
    let found = look(post, &batch).await?;
    println!("P4: {} of the batch delivered, {} waiting", found.delivered, found.waiting);
    if found.state() != pb::BatchState::Committed {
        bail!("the batch was done before the load was: --batch {} is too few", args.batch);
    }
    if idle.failed + busy.failed > 0 {
        bail!("single letters were refused");
    }
    let ratio = busy.quantile(0.99) / idle.quantile(0.99);
    verdict.no_more_than("P4", ratio, 2.0, "p99 beside a batch against p99 without one");
    // What is measured next has the machine for itself.
    while look(post, &batch).await?.state() == pb::BatchState::Committed {
        tokio::time::sleep(LOOK).await;
    }
    let each = load::rate(u64::try_from(args.batch)?, started.elapsed());
    println!("P4: the batch was delivered at {each:.0} letters/s");
    Ok(())
}

/// Single letters of the interactive lane, on schedule.
async fn singles(post: &Post, args: &Args, name: &'static str) -> anyhow::Result<load::Outcome> {
    let sender = post.authority().await?.sender();
    let handles = Arc::new(post.filled.handles.clone());
    let one = move |n: u64| {
        let (mut sender, handles) = (sender.clone(), handles.clone());
        async move {
            let count = u64::try_from(handles.len()).ok()?;
            let handle = handles.get(usize::try_from(n % count).ok()?)?;
            let request = pb::SubmitRequest {
                request_id: format!("{name}-{n}"),
                letter: Some(letter(handle)),
                ..Default::default()
            };
            Some(load::went_well("Submit", &sender.submit(request).await))
        }
    };
    // Enough that one in a hundred is many.
    let time = Duration::from_secs(args.seconds.saturating_mul(3));
    Ok(load::run_on_schedule(post.pid()?, RATE, time, one).await)
}

const BATCH: &str = "the-batch";

/// Puts letters of the bulk lane into a batch; its id.
async fn stage(post: &Post, count: usize) -> anyhow::Result<String> {
    let started = std::time::Instant::now();
    let mut handles = post.filled.handles.iter().cycle();
    let (mut sender, mut id) = (post.authority().await?.sender(), String::new());
    for first in (0..count).step_by(CALL) {
        if first.is_multiple_of(20_000) {
            sender = post.authority().await?.sender(); // a token is good for five minutes
        }
        let letters = (first..count.min(first + CALL)).zip(&mut handles);
        let letters = letters.map(|(n, handle)| pb::BatchLetter {
            request_id: format!("b{n}"),
            letter: Some(pb::Letter { lane: pb::Lane::Bulk.into(), ..letter(handle) }),
            attachments: Vec::new(),
        });
        let request =
            pb::SubmitBatchRequest { request_id: BATCH.into(), letters: letters.collect() };
        let answer = sender.submit_batch(request).await?.into_inner();
        if let Some(refused) = answer.refused.first() {
            bail!("a letter of the batch was refused: {}", refused.reason);
        }
        id = answer.batch.context("an answer without a batch")?.batch_id;
    }
    let each = load::rate(u64::try_from(count)?, started.elapsed());
    println!("P4: a batch of {count} letters, staged at {each:.0} letters/s");
    Ok(id)
}

async fn commit(post: &Post) -> anyhow::Result<()> {
    let request = pb::CommitBatchRequest { request_id: BATCH.into(), without_refused: false };
    post.authority().await?.sender().commit_batch(request).await?;
    Ok(())
}

async fn look(post: &Post, batch: &str) -> anyhow::Result<pb::Batch> {
    let request =
        pb::GetBatchRequest { batch_id: batch.to_owned(), page_size: 1, page_token: String::new() };
    let found = post.authority().await?.sender().get_batch(request).await?.into_inner();
    found.batch.context("an answer without a batch")
}
