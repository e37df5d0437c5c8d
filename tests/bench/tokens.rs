//! W2 client credentials, W3 refresh, W4 userinfo and introspection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::json;
use siegel::outside::{Browser, Landing};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_kernel::{Clock as _, SystemClock};
use siegel_oidc::assertion;

use crate::house::{House, PASSWORD, PERSON, REDIRECT, SECRET};
use crate::limits::Limits;
use crate::{Args, Verdict, load};

/// Bars per CPU second of the siegel process.
const WRITING: f64 = 960.0;
const READING: f64 = 2_500.0;
/// Living tokens that W4 asks about.
const LIVING: usize = 10_000;

pub async fn run(
    house: &mut House,
    args: &Args,
    limits: &Limits,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build()?;
    if args.wants("W2") {
        credentials(house, args, limits, &http, verdict).await?;
    }
    if args.wants("W3") || args.wants("W4") {
        let living = refreshes(house, args, limits, &http, verdict).await?;
        if args.wants("W4") {
            userinfo(house, args, &http, &living, verdict).await;
            introspection(house, args, &http, &living, verdict).await;
        }
    }
    Ok(())
}

async fn credentials(
    house: &House,
    args: &Args,
    limits: &Limits,
    http: &reqwest::Client,
    verdict: &mut Verdict,
) -> anyhow::Result<()> {
    // Signed beforehand: that is the clients' work. Good for the four minutes that come.
    let until = SystemClock.now().as_seconds() + 280;
    let assertions: Vec<String> = (0..args.seconds * 3_000)
        .map(|_| {
            let claims = json!({"iss": "machine", "sub": "machine", "aud": house.origin,
                "exp": until, "jti": random_token(&SystemEntropy::new())?});
            Ok(house.key.sign("JWT", &claims)?)
        })
        .collect::<anyhow::Result<_>>()?;
    let left = Arc::new(Mutex::new(assertions));
    let (http, url) = (http.clone(), format!("{}/token", house.origin));
    let outcome =
        load::run(house.pid, args.clients, Duration::from_secs(args.seconds), move |_| {
            let assertion = left.lock().ok().and_then(|mut l| l.pop());
            let (http, url) = (http.clone(), url.clone());
            async move {
                let assertion = assertion?;
                let form = [
                    ("grant_type", "client_credentials"),
                    ("client_assertion_type", assertion::TYPE),
                    ("client_assertion", &assertion),
                ];
                let answer = http.post(&url).form(&form).send().await;
                Some(answer.is_ok_and(|a| a.status().is_success()))
            }
        })
        .await;
    report("W2 client_credentials with private_key_jwt", args, &outcome);
    compare(&outcome, limits);
    verdict.bar("W2", outcome.per_cpu_second() / WRITING, 1.0, "960 per CPU second");
    Ok(())
}

/// Refreshes in as many chains as there are clients; the access tokens they gave.
async fn refreshes(
    house: &House,
    args: &Args,
    limits: &Limits,
    http: &reqwest::Client,
    verdict: &mut Verdict,
) -> anyhow::Result<Arc<Vec<String>>> {
    let mut chains = Vec::new();
    for _ in 0..args.clients {
        chains.push(log_in(house, http).await?);
    }
    let chains = Arc::new(Mutex::new(chains));
    let living = Arc::new(Mutex::new(Vec::new()));
    let (kept, calls) = (living.clone(), http.clone());
    let url = format!("{}/token", house.origin);
    let one = move |_| {
        let refresh = chains.lock().ok().and_then(|mut c| c.pop());
        let (chains, kept, http) = (chains.clone(), kept.clone(), calls.clone());
        let url = url.clone();
        async move {
            let refresh = refresh?;
            let form = [("grant_type", "refresh_token"), ("refresh_token", &refresh)];
            let call = http.post(&url).basic_auth("portal", Some(encode(SECRET))).form(&form);
            let answer: Option<serde_json::Value> = match call.send().await {
                Ok(answer) if answer.status().is_success() => answer.json().await.ok(),
                _ => None,
            };
            let text = |name: &str| Some(answer.as_ref()?.get(name)?.as_str()?.to_owned());
            let (Some(access), Some(next)) = (text("access_token"), text("refresh_token")) else {
                return Some(false);
            };
            if let (Ok(mut kept), Ok(mut chains)) = (kept.lock(), chains.lock()) {
                kept.push(access);
                chains.push(next);
            }
            Some(true)
        }
    };
    let outcome = load::run(house.pid, args.clients, Duration::from_secs(args.seconds), one).await;
    report("W3 refresh with client_secret_basic, rotating", args, &outcome);
    compare(&outcome, limits);
    verdict.bar("W3", outcome.per_cpu_second() / WRITING, 1.0, "960 per CPU second");
    let mut living = living.lock().map(|l| l.clone()).unwrap_or_default();
    println!("  {} living tokens for W4 (wanted: {LIVING})", living.len());
    living.truncate(LIVING);
    if living.is_empty() {
        bail!("no token came out of W3");
    }
    Ok(Arc::new(living))
}

async fn userinfo(
    house: &House,
    args: &Args,
    http: &reqwest::Client,
    living: &Arc<Vec<String>>,
    verdict: &mut Verdict,
) {
    let (http, living) = (http.clone(), living.clone());
    let url = format!("{}/userinfo", house.origin);
    let outcome = load::run(house.pid, args.clients, Duration::from_secs(args.seconds), move |n| {
        let token = pick(&living, n);
        let (http, url) = (http.clone(), url.clone());
        async move {
            let answer = http.get(&url).bearer_auth(token?).send().await;
            Some(answer.is_ok_and(|a| a.status().is_success()))
        }
    })
    .await;
    report("W4 userinfo, sub only", args, &outcome);
    verdict.bar("W4 userinfo", outcome.per_cpu_second() / READING, 1.0, "2500 per CPU second");
}

async fn introspection(
    house: &House,
    args: &Args,
    http: &reqwest::Client,
    living: &Arc<Vec<String>>,
    verdict: &mut Verdict,
) {
    let (http, living) = (http.clone(), living.clone());
    let url = format!("{}/introspect", house.origin);
    let outcome = load::run(house.pid, args.clients, Duration::from_secs(args.seconds), move |n| {
        let token = pick(&living, n);
        let (http, url) = (http.clone(), url.clone());
        async move {
            let token = token?;
            let form = [("token", token.as_str())];
            let call = http.post(&url).basic_auth("portal", Some(encode(SECRET))).form(&form);
            let answer = call.send().await.ok()?.json::<serde_json::Value>().await.ok();
            Some(answer.is_some_and(|a| a.get("active") == Some(&true.into())))
        }
    })
    .await;
    report("W4 introspection with client_secret_basic", args, &outcome);
    let ratio = outcome.per_cpu_second() / READING;
    verdict.bar("W4 introspection", ratio, 1.0, "2500 per CPU second");
}

fn pick(living: &[String], n: u64) -> Option<String> {
    let count = u64::try_from(living.len()).ok().filter(|c| *c > 0)?;
    living.get(usize::try_from(n % count).ok()?).cloned()
}

fn report(what: &str, args: &Args, outcome: &load::Outcome) {
    println!("{what}, {} clients: {outcome}", args.clients);
}

fn compare(outcome: &load::Outcome, limits: &Limits) {
    println!(
        "  {:.2} of the bare sign + verify + commit per second, {:.2} of it per CPU second",
        outcome.per_second() / limits.commits,
        outcome.per_cpu_second() / limits.commits_per_cpu
    );
}

/// Form-encoded, as Basic wants it (RFC 6749 §2.3.1).
fn encode(secret: &str) -> String {
    url::form_urlencoded::byte_serialize(secret.as_bytes()).collect()
}

/// Logs the person in; a refresh token.
async fn log_in(house: &House, http: &reqwest::Client) -> anyhow::Result<String> {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "portal")
        .append_pair("redirect_uri", REDIRECT)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid")
        .finish();
    let browser = Browser::new(&siegel::outside::Net::default(), Some(REDIRECT.to_owned()))?;
    let mut landing = browser.open(&format!("{}/authorize?{query}", house.origin)).await?;
    for _ in 0..20 {
        let page = match landing {
            Landing::Page(page) => page,
            Landing::Returned(url) => return redeem(house, http, &url).await,
        };
        if page.refreshes {
            tokio::time::sleep(Duration::from_millis(200)).await;
            landing = browser.open(page.url.as_str()).await?;
            continue;
        }
        let form = forms_with_password(&page.html)?;
        let name = form
            .controls
            .iter()
            .find(|c| matches!(c.kind.as_str(), "email" | "text"))
            .context("no field for the address")?;
        let given = [(name.name.as_str(), PERSON), ("password", PASSWORD)];
        landing = browser.submit(&page, &form, &given).await?;
    }
    bail!("the log-in did not come to an end")
}

fn forms_with_password(html: &str) -> anyhow::Result<siegel::outside::Form> {
    siegel::outside::forms(html)
        .into_iter()
        .find(|f| f.has("password"))
        .context("the page has no log-in form")
}

async fn redeem(house: &House, http: &reqwest::Client, url: &url::Url) -> anyhow::Result<String> {
    let code = url.query_pairs().find(|(n, _)| n == "code").context("no code")?.1.into_owned();
    let form = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", REDIRECT)];
    let answer = http
        .post(format!("{}/token", house.origin))
        .basic_auth("portal", Some(encode(SECRET)))
        .form(&form)
        .send()
        .await?;
    let answer: serde_json::Value = answer.json().await?;
    let token = answer.get("refresh_token").and_then(|t| t.as_str());
    Ok(token.with_context(|| format!("no refresh_token: {answer}"))?.to_owned())
}
