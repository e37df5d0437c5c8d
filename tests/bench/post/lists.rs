//! P5: lists and counts of one large mailbox while more and more letters are stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use siegel::demo::{LoggedIn, Timeline, log_in};
use siegel_db::Db;
use siegel_postbox::measure;
use siegel_proto::postbox::v1 as pb;
use siegel_proto::postbox::v1::mailbox_service_client::MailboxServiceClient;

use super::{Post, sector};
use crate::{Args, Verdict, load, median};

/// Calls per second while the times are taken.
const RATE: f64 = 40.0;
/// What a list may cost in the large mailbox, milliseconds.
const LIST: f64 = 20.0;
/// "Flat": the slowest step against the first.
const FLAT: f64 = 1.5;

/// p95 in milliseconds with so many letters stored.
struct Step {
    lists: f64,
    counts: f64,
}

pub async fn run(post: &Post, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let full = args.letters.unwrap_or(if args.full { 10_000_000 } else { 1_000_000 });
    if full < 10_000_000 {
        println!("P5 is about 10,000,000 letters (--full); this run stores {full}");
    }
    // The mailbox is counted too: what is large in a small run is smaller.
    let (small, mailbox) = (10_000.min(full / 10), 100_000.min(full / 2));
    let db = post.database().await?;
    let mut steps = Vec::new();
    for stored in [small, mailbox, full] {
        let person = person(post).await?;
        let started = Instant::now();
        let own = stored.min(mailbox);
        fill(post, &db, &person.handle, own).await?;
        if stored > own {
            let others = measure::add_letters_of_others(&db, stored - own).await;
            others.map_err(|e| anyhow::anyhow!("{e}"))?;
        }
        settle(&db).await?;
        let took = started.elapsed().as_secs();
        println!("P5: {stored} letters stored, {own} in the mailbox, {took} s{}", size(&db).await?);
        steps.push(step(post, args).await?);
    }
    db.close().await;
    judge(&steps, verdict);
    Ok(())
}

fn judge(steps: &[Step], verdict: &mut Verdict) {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return };
    verdict.at_most("P5 lists", last.lists, LIST, "p95 of ListLetters, 50 to a page");
    verdict.at_most("P5 counts", last.counts, LIST, "p95 of GetCounts");
    let most = |of: fn(&Step) -> f64| steps.iter().map(of).fold(0.0, f64::max);
    let lists = most(|s| s.lists) / first.lists;
    verdict.no_more_than("P5 lists flat", lists, FLAT, "slowest step against the first, p95");
    let counts = most(|s| s.counts) / first.counts;
    verdict.no_more_than("P5 counts flat", counts, FLAT, "slowest step against the first, p95");
}

async fn person(post: &Post) -> anyhow::Result<LoggedIn> {
    log_in(&post.suite.origin(), &post.suite.credentials()?, &mut Timeline::new(true)).await
}

async fn fill(post: &Post, db: &Db, handle: &str, letters: i64) -> anyhow::Result<()> {
    let sector = sector(db, &post.suite.credentials()?.authority.client_id).await?;
    let kek = post.suite.data().join("keys/postbox-kek");
    let filled = measure::fill_mailbox(db, &kek, (handle, &sector), letters).await;
    filled.map_err(|e| anyhow::anyhow!("{e}"))
}

/// What autovacuum would do in its time, before instead of while times are taken.
async fn settle(db: &Db) -> anyhow::Result<()> {
    match db {
        Db::Postgres(pool) => {
            sqlx::raw_sql("VACUUM (ANALYZE) letters").execute(pool).await?;
            sqlx::raw_sql("CHECKPOINT").execute(pool).await?;
        }
        Db::Sqlite { write, .. } => {
            sqlx::raw_sql("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").execute(write).await?;
        }
    }
    Ok(())
}

/// What the letters take, where the database says.
async fn size(db: &Db) -> anyhow::Result<String> {
    const SQL: &str = "SELECT pg_size_pretty(pg_total_relation_size('letters'))";
    let Db::Postgres(pool) = db else { return Ok(String::new()) };
    let size: String = sqlx::query_scalar(SQL).fetch_one(pool).await?;
    Ok(format!(", {size} with indexes"))
}

/// Medians of rounds.
async fn step(post: &Post, args: &Args) -> anyhow::Result<Step> {
    let (mut lists, mut counts) = (Vec::new(), Vec::new());
    let time = Duration::from_secs(args.seconds);
    for _ in 0..args.rounds {
        // The token is good for five minutes.
        let channel = person(post).await?.channel(&post.suite.origin())?;
        let mailbox = MailboxServiceClient::new(channel);
        let tokens = Arc::new(places(mailbox.clone()).await?);
        let reader = mailbox.clone();
        let list = move |n: u64| {
            let (mut reader, request) = (reader.clone(), page(n, &tokens));
            async move { Some(load::went_well("ListLetters", &reader.list_letters(request).await)) }
        };
        let outcome = load::run_on_schedule(post.pid()?, RATE, time, list).await;
        println!("P5 ListLetters: p95 {:.1} ms; {outcome}", outcome.quantile(0.95));
        anyhow::ensure!(outcome.failed == 0, "lists were refused");
        lists.push(outcome.quantile(0.95));
        let count = move |_| {
            let mut reader = mailbox.clone();
            async move {
                let answer = reader.get_counts(pb::GetCountsRequest::default()).await;
                Some(load::went_well("GetCounts", &answer))
            }
        };
        let outcome = load::run_on_schedule(post.pid()?, RATE, time, count).await;
        println!("P5 GetCounts: p95 {:.1} ms; {outcome}", outcome.quantile(0.95));
        anyhow::ensure!(outcome.failed == 0, "counts were refused");
        counts.push(outcome.quantile(0.95));
    }
    Ok(Step { lists: median(&mut lists), counts: median(&mut counts) })
}

/// The tokens of pages all through the mailbox, as a client that pages through it gets them.
async fn places<C>(mut mailbox: MailboxServiceClient<C>) -> anyhow::Result<Vec<String>>
where
    C: tonic::client::GrpcService<tonic::body::Body, Error: Into<tonic::codegen::StdError>>,
    C::ResponseBody: tonic::codegen::Body<
            Data = tonic::codegen::Bytes,
            Error: Into<tonic::codegen::StdError> + Send,
        > + Send
        + 'static,
{
    let mut tokens = vec![String::new()];
    while let Some(page_token) = tokens.last().cloned() {
        let request = pb::ListLettersRequest { page_size: 200, page_token, ..Default::default() };
        let next = mailbox.list_letters(request).await?.into_inner().next_page_token;
        if next.is_empty() {
            break;
        }
        tokens.push(next);
    }
    Ok(tokens)
}

/// The newest letters, a page somewhere, the unread, the important: in turn.
fn page(n: u64, tokens: &[String]) -> pb::ListLettersRequest {
    let count = u64::try_from(tokens.len()).unwrap_or(1).max(1);
    // A prime steps through all of them.
    let place = usize::try_from(n.wrapping_mul(7_919) % count).unwrap_or(0);
    let page_token = tokens.get(place).cloned().unwrap_or_default();
    match n % 4 {
        0 => pb::ListLettersRequest::default(),
        1 => pb::ListLettersRequest { page_token, ..Default::default() },
        2 => pb::ListLettersRequest { page_token, unread_only: true, ..Default::default() },
        _ => pb::ListLettersRequest { page_token, important_only: true, ..Default::default() },
    }
}
