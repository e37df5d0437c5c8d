//! C1 and C2: decisions about who may act for whom, over gRPC within this process, on a register
//! full of mandates. The ratio is to the statements alone, whose answers nobody reads.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use siegel_crypto::SystemEntropy;
use siegel_db::{Db, Target};
use siegel_e2e::fresh_database;
use siegel_grpc::Caller;
use siegel_grpc::testing::{Fakes, outside, serve};
use siegel_kernel::SystemClock;
use siegel_organisation::measure::{self, Filled, Sample};
use siegel_organisation::{Config, MIGRATIONS, start};
use siegel_proto::organisation::v1 as pb;
use siegel_proto::organisation::v1::access_service_client::AccessServiceClient;
use tonic::transport::Channel;

use crate::{Args, Verdict, load};

/// Questions in one call.
const BATCH: usize = 1_000;
/// Decisions per second that must be reached.
const DECISIONS: f64 = 20_000.0;
/// For how many parties the adviser of C2 acts.
const PARTIES: i64 = 10_000;

pub async fn run(args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let db = database(args, dir.path()).await?;
    let (began, grants) = (Instant::now(), i64::try_from(args.grants)?);
    let filled = measure::fill(&db, grants, PARTIES.min(grants / 4)).await?;
    println!("{grants} grants written in {:.1} s", began.elapsed().as_secs_f64());
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy::new()));
    let outside = outside("organisation", db.clone(), clock, entropy, &Fakes::new());
    let running = start(Config::default(), outside).await?;
    let channel = serve(&running.grpc, Caller::Sibling("postbox".into()));
    let client = AccessServiceClient::new(channel).max_decoding_message_size(16 << 20);
    if args.wants("C1") {
        decisions(args, &db, &filled, client.clone(), verdict).await?;
    }
    if args.wants("C2") {
        parties(args, &db, &filled, client, verdict).await?;
    }
    db.close().await;
    Ok(())
}

async fn database(args: &Args, dir: &Path) -> anyhow::Result<Db> {
    let server = std::env::var("SIEGEL_TEST_POSTGRES").ok();
    let target: Target = match (args.backend.as_deref(), server) {
        (Some("sqlite"), _) | (None, None) => Target::Sqlite(dir.join("organisation.sqlite")),
        (_, Some(server)) => {
            fresh_database(&server).await?.parse::<Target>()?.in_schema("organisation")
        }
        (Some(_), None) => bail!("--backend postgres needs SIEGEL_TEST_POSTGRES"),
    };
    let db = Db::open(&target).await?;
    db.migrate(&MIGRATIONS).await?;
    Ok(db)
}

/// A thousand questions from somewhere in the sample; every seventh is a stranger's.
fn batch(samples: &[Sample], n: u64) -> Vec<Sample> {
    let start = usize::try_from(n).unwrap_or(0).wrapping_mul(BATCH);
    let at = |i: usize| samples.get((start + i) % samples.len().max(1)).copied();
    let shifted = |i: usize| {
        let (own, other) = (at(i)?, at(i + 1)?);
        Some(if i.is_multiple_of(7) { Sample { account: other.account, ..own } } else { own })
    };
    (0..BATCH).filter_map(shifted).collect()
}

fn question(sample: &Sample) -> pb::AccessQuestion {
    pb::AccessQuestion {
        account_id: sample.account.to_string(),
        organisation_id: sample.organisation.map(|id| id.to_string()).unwrap_or_default(),
        principal_account_id: sample.principal.map(|id| id.to_string()).unwrap_or_default(),
        action: pb::Action::ReceiveMail.into(),
        session_level: 3,
        ..Default::default()
    }
}

async fn decisions(
    args: &Args,
    db: &Db,
    filled: &Filled,
    client: AccessServiceClient<Channel>,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let (pid, time) = (std::process::id(), Duration::from_secs(args.seconds));
    let (samples, allowed) = (Arc::new(filled.samples.clone()), Arc::new(AtomicU64::new(0)));
    let (asked, seen) = (samples.clone(), allowed.clone());
    let check = move |n: u64| {
        let questions = batch(&asked, n).iter().map(question).collect();
        let (mut client, seen) = (client.clone(), seen.clone());
        async move {
            let answers = client.check_access(pb::CheckAccessRequest { questions }).await;
            let answers = answers.ok()?.into_inner().answers;
            let allowed = answers.iter().filter(|answer| answer.allowed).count();
            seen.fetch_add(u64::try_from(allowed).unwrap_or(0), Ordering::Relaxed);
            Some(answers.len() == BATCH)
        }
    };
    let clients = args.clients.min(4);
    let outcome = load::run(pid, clients, time, check).await;
    let per_second = outcome.per_second() * 1_000.0;
    let share = allowed.load(Ordering::Relaxed) / outcome.done.max(1);
    println!("C1 CheckAccess, batches of {BATCH}, {clients} clients: {outcome}");
    println!("  {share} of 1,000 allowed");
    let db = db.clone();
    let bare = move |n: u64| {
        let (db, some) = (db.clone(), batch(&samples, n));
        async move { Some(measure::bare(&db, &some).await.is_ok()) }
    };
    let bare = load::run(pid, clients, time, bare).await;
    let alone = bare.per_second() * 1_000.0;
    println!("  the statements alone: {alone:.0} decisions/s; ratio {:.2}", per_second / alone);
    verdict.bar("C1", per_second, DECISIONS, "decisions per second");
    Ok(())
}

async fn parties(
    args: &Args,
    db: &Db,
    filled: &Filled,
    client: AccessServiceClient<Channel>,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let (account_id, pid) = (filled.adviser.to_string(), std::process::id());
    let time = Duration::from_secs(args.seconds);
    let found = all(client.clone(), &account_id, 1_000).await;
    println!("C2: the adviser acts for {found} parties");
    let (id, one) = (account_id.clone(), client.clone());
    let page = move |_| {
        let (client, account_id) = (one.clone(), id.clone());
        async move { Some(page(client, &account_id, 100, String::new()).await.is_some()) }
    };
    let outcome = load::run(pid, 2, time, page).await;
    println!("C2 the first hundred parties, 2 clients: {outcome}");
    verdict.at_most("C2 page", outcome.quantile(0.95), 200.0, "p95 of a page of 100");
    let whole = move |_| {
        let (client, account_id) = (client.clone(), account_id.clone());
        async move { Some(all(client, &account_id, 1_000).await == found) }
    };
    let outcome = load::run(pid, 1, time, whole).await;
    println!("C2 all {found} parties in pages of 1,000, one client: {outcome}");
    let (db, adviser) = (db.clone(), filled.adviser);
    let bare = move |_| {
        let db = db.clone();
        async move { Some(measure::bare_parties(&db, adviser, 1_000).await.is_ok()) }
    };
    let bare = load::run(pid, 1, time, bare).await.quantile(0.95);
    let ratio = bare / outcome.quantile(0.95);
    println!("  the statements alone: p95 {bare:.1} ms; ratio {ratio:.2}");
    verdict.at_most("C2 all", outcome.quantile(0.95), 200.0, "p95 of the whole list");
    Ok(())
}

async fn page(
    mut client: AccessServiceClient<Channel>,
    account_id: &str,
    page_size: i32,
    page_token: String,
) -> Option<pb::ListAuthorisedPartiesResponse> {
    let request = pb::ListAuthorisedPartiesRequest {
        account_id: account_id.to_owned(),
        page_size,
        page_token,
    };
    Some(client.list_authorised_parties(request).await.ok()?.into_inner())
}

/// How many parties there are on all pages.
async fn all(client: AccessServiceClient<Channel>, account_id: &str, size: i32) -> usize {
    let (mut found, mut token) = (0, String::new());
    while let Some(some) = page(client.clone(), account_id, size, token).await {
        found += some.parties.len();
        token = some.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    found
}
