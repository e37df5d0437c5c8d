//! W1: the password form, posted with a session commit. And three times as many as can be done.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use siegel::outside::forms;

use crate::house::{House, PASSWORD, REDIRECT};
use crate::{Args, Verdict, cpu, limits, load, median};

/// A log-in page that waits for its form.
#[derive(Clone, Debug)]
struct Waiting {
    action: String,
    cookies: String,
    fields: Vec<(String, String)>,
    /// Names of the two fields a person fills.
    names: (String, String),
}

pub async fn run(house: &mut House, args: &Args, verdict: &mut Verdict) -> anyhow::Result<()> {
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()?;
    if args.wants("W1") {
        let mut ratios = Vec::new();
        for round in 1..=args.rounds {
            ratios.push(log_ins(house, args, &http, round).await?);
        }
        let ratio = median(&mut ratios);
        verdict.bar("W1", ratio, 0.9, "of the bare hash rate, per CPU second; the median round");
    }
    if args.wants("overload") {
        overload(house, args, &http, verdict).await?;
    }
    Ok(())
}

/// One round of W1: the bare hash rate, then the log-ins; the ratio. Rounds, because a shared machine
/// is not equally fast from one second to the next.
async fn log_ins(
    house: &House,
    args: &Args,
    http: &reqwest::Client,
    round: u32,
) -> anyhow::Result<f64> {
    let cores = u64::try_from(std::thread::available_parallelism()?.get())?;
    let pages = prepare(house, http, args.seconds * 70 * cores).await?;
    let bare = limits::hashes().await?;
    let seconds = Duration::from_secs(args.seconds);
    let outcome = post_all(house, http, pages, args.clients, seconds).await;
    let ratio = outcome.per_cpu_second() / bare;
    println!("W1 password form with session commit, {} clients: {outcome}", args.clients);
    println!("  round {round}: {ratio:.3} of {bare:.1} bare Argon2id per CPU second");
    Ok(ratio)
}

/// Posts every page once.
async fn post_all(
    house: &House,
    http: &reqwest::Client,
    pages: Vec<Waiting>,
    clients: usize,
    time: Duration,
) -> load::Outcome {
    let pages = Arc::new(Mutex::new(pages));
    let (http, accounts) = (http.clone(), u64::try_from(house.accounts).unwrap_or(1));
    load::run(house.pid, clients, time, move |n| {
        let page = pages.lock().ok().and_then(|mut p| p.pop());
        let http = http.clone();
        async move {
            let page = page?;
            Some(post(&http, &page, n % accounts).await.is_ok_and(|status| status == 303))
        }
    })
    .await
}

/// Three times the clients the queue takes, then none: what is shed, and how soon one gets in.
async fn overload(
    house: &mut House,
    args: &Args,
    http: &reqwest::Client,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let clients = args.clients.max(70) * 3;
    // Twice: what the first flood leaves behind is warm; what the second adds would go on growing.
    let mut resident = [cpu::resident(house.pid), 0.0, 0.0];
    for (round, after) in ["first", "second"].into_iter().zip(1..) {
        let pages = prepare(house, http, args.seconds * 300).await?;
        let time = Duration::from_secs(args.seconds) / 2;
        let outcome = post_all(house, http, pages, clients, time).await;
        println!("overload, {clients} clients at once, {round} half: {outcome}");
        println!("  {} shed", outcome.failed);
        if let Some(held) = resident.get_mut(after) {
            *held = cpu::resident(house.pid);
        }
    }
    let [before, warm, after] = resident;
    println!("  memory {before:.0} MiB before, {warm:.0} MiB half-way, {after:.0} MiB after");
    let started = Instant::now();
    let page = prepare(house, http, 1).await?.pop().context("no page")?;
    let status = post(http, &page, 1).await?;
    let seconds = started.elapsed().as_secs_f64();
    println!("  the next log-in: {status} after {seconds:.2} s");
    let recovered = if status == 303 { 10.0 / seconds.max(0.01) } else { 0.0 };
    verdict.bar("overload, recovery", recovered, 1.0, "10 s over the time to the next log-in");
    verdict.bar("overload, memory", 1.5 * before.max(60.0) / after, 1.0, "1.5 times before");
    verdict.bar("overload, memory flat", 1.2 * warm / after, 1.0, "1.2 times half-way");
    Ok(())
}

/// Opens so many log-in pages.
async fn prepare(
    house: &House,
    http: &reqwest::Client,
    count: u64,
) -> anyhow::Result<Vec<Waiting>> {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "portal")
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid")
        .finish();
    let start = format!("{}/authorize?{query}", house.origin);
    let mut pages = Vec::new();
    for _ in 0..count {
        let answer = http.get(&start).send().await?;
        let to = answer.headers().get(LOCATION).context("no redirect")?.to_str()?.to_owned();
        let answer = http.get(format!("{}{to}", house.origin)).send().await?;
        let set = answer.headers().get_all(SET_COOKIE).iter();
        let cookies: Vec<String> =
            set.filter_map(|c| c.to_str().ok()?.split(';').next().map(str::to_owned)).collect();
        let html = answer.text().await?;
        let form = forms(&html)
            .into_iter()
            .find(|f| f.controls.iter().any(|c| c.kind == "password"))
            .context("no log-in form")?;
        let name = |kinds: &[&str]| {
            let found = form.controls.iter().find(|c| kinds.contains(&c.kind.as_str()));
            found.map(|c| c.name.clone()).context("a field is missing")
        };
        pages.push(Waiting {
            action: format!("{}{}", house.origin, form.action),
            cookies: cookies.join("; "),
            names: (name(&["email", "text"])?, name(&["password"])?),
            fields: form.fill(&[]),
        });
    }
    Ok(pages)
}

async fn post(http: &reqwest::Client, page: &Waiting, account: u64) -> anyhow::Result<u16> {
    let (name, password) = &page.names;
    let mut fields = page.fields.clone();
    fields.retain(|(n, _)| n != name && n != password);
    fields.push((name.clone(), House::address(account)));
    fields.push((password.clone(), PASSWORD.to_owned()));
    let call = http.post(&page.action).header(COOKIE, &page.cookies).form(&fields);
    Ok(call.header("sec-fetch-site", "same-origin").send().await?.status().as_u16())
}
