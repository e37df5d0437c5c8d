//! P3: how long until a connected stream tells of a letter, and until its receipt is in the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::evidence_service_client::EvidenceServiceClient;
use siegel_receipt::ReceiptFile;

use super::{Post, letter};
use crate::{Args, Verdict, load};

/// Letters per second while the times are taken.
const RATE: f64 = 50.0;
/// Every so many letters one is followed into the log.
const FOLLOWED: u64 = 25;

type Times = Arc<Mutex<Vec<f64>>>;

pub async fn run(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let authority = post.authority().await?;
    let request = pb::WatchEventsRequest::default();
    let mut stream = authority.sender().watch_events(request).await?.into_inner();
    // All there was is told when the first heartbeat comes.
    while stream.message().await?.context("the stream ended")?.event.is_some() {}
    let arrived: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
    let seen = arrived.clone();
    let watcher = tokio::spawn(async move {
        while let Ok(Some(message)) = stream.message().await {
            if let (Some(event), Ok(mut seen)) = (message.event, seen.lock())
                && event.kind == "provided"
            {
                seen.insert(event.letter_id, Instant::now());
            }
        }
    });
    let (answered, proven): (Arc<Mutex<HashMap<String, Instant>>>, Times) = Default::default();
    let (noted, times) = (answered.clone(), proven.clone());
    let (sender, handles) = (authority.sender(), Arc::new(post.filled.handles.clone()));
    let log = EvidenceServiceClient::connect(post.suite.origin()).await?;
    let one = move |n: u64| {
        let (mut sender, handles, log) = (sender.clone(), handles.clone(), log.clone());
        let (noted, times) = (noted.clone(), times.clone());
        async move {
            let count = u64::try_from(handles.len()).ok()?;
            let handle = handles.get(usize::try_from(n % count).ok()?)?;
            let request_id = format!("event-{n}");
            let letter = Some(letter(handle));
            let request = pb::SubmitRequest { request_id, letter, ..Default::default() };
            let Ok(answer) = sender.submit(request).await else { return Some(false) };
            let (answer, at) = (answer.into_inner(), Instant::now());
            if let Ok(mut noted) = noted.lock() {
                noted.insert(answer.letter_id, at);
            }
            if n.is_multiple_of(FOLLOWED) {
                let leaf = leaf(answer.receipts.last()?)?;
                let ms = in_the_log(log, leaf, at).await?;
                times.lock().ok()?.push(ms);
            }
            Some(true)
        }
    };
    let time = Duration::from_secs(args.seconds);
    let outcome = load::run_on_schedule(post.pid()?, RATE, time, one).await;
    println!("P3 Submit at {RATE} per second, on schedule: {outcome}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    watcher.abort();
    let mut told = Vec::new();
    let arrived = arrived.lock().map(|a| a.clone()).unwrap_or_default();
    for (letter, at) in answered.lock().map(|a| a.clone()).unwrap_or_default() {
        let Some(seen) = arrived.get(&letter) else { bail!("the stream never told of {letter}") };
        told.push(seen.saturating_duration_since(at).as_secs_f64() * 1000.0);
    }
    let mut proven = proven.lock().map(|p| p.clone()).unwrap_or_default();
    println!("P3: {} events and {} proofs followed", told.len(), proven.len());
    verdict.at_most("P3 event", p99(&mut told)?, 1_000.0, "p99 from answer to event");
    verdict.at_most("P3 proof", p99(&mut proven)?, 5_000.0, "p99 from answer to inclusion proof");
    Ok(())
}

fn leaf(receipt: &pb::Receipt) -> Option<[u8; 32]> {
    let file = ReceiptFile::parse(&receipt.file).ok()?;
    let salt = siegel_crypto::b64::decode(&file.leaf_salt)?;
    Some(siegel_receipt::leaf(&salt, &file.jws))
}

/// Asks until the proof is there; milliseconds since `at`.
async fn in_the_log(
    mut log: EvidenceServiceClient<tonic::transport::Channel>,
    leaf: [u8; 32],
    at: Instant,
) -> Option<f64> {
    for _ in 0..600 {
        let request = pb::GetInclusionProofRequest { leaf: leaf.to_vec(), ..Default::default() };
        if log.get_inclusion_proof(request).await.is_ok() {
            return Some(at.elapsed().as_secs_f64() * 1000.0);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

fn p99(times: &mut [f64]) -> anyhow::Result<f64> {
    times.sort_by(f64::total_cmp);
    let place = times.len().saturating_mul(99) / 100;
    times.get(place).or(times.last()).copied().context("nothing was measured")
}
