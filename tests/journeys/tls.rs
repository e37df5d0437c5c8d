//! The program behind its own certificate: everything else is as without.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use siegel::demo::{Authority, Timeline, log_in};
use siegel_e2e::Suite;

use crate::Tally;

pub async fn all(tally: &mut Tally) {
    let started = Instant::now();
    let suite = match Suite::over_tls().await {
        Ok(suite) => suite,
        Err(error) => return tally.note("tls", "the_suite_starts_behind_tls", started, Err(error)),
    };
    tally.note("tls", "the_suite_starts_behind_tls", started, Ok(()));
    let started = Instant::now();
    let outcome = discovery_is_served_over_both_versions_of_http(&suite).await;
    tally.note("tls", "discovery_is_served_over_both_versions_of_http", started, outcome);
    let started = Instant::now();
    let outcome = cookies_are_bound_to_the_host(&suite).await;
    tally.note("tls", "cookies_are_bound_to_the_host", started, outcome);
    let started = Instant::now();
    let outcome = people_and_back_offices_work_as_over_plain_http(&suite).await;
    tally.note("tls", "people_and_back_offices_work_as_over_plain_http", started, outcome);
}

async fn discovery_is_served_over_both_versions_of_http(suite: &Suite) -> anyhow::Result<()> {
    let url = format!("{}/.well-known/openid-configuration", suite.origin());
    for (client, version) in [
        (suite.http()?.http1_only(), reqwest::Version::HTTP_11),
        (suite.http()?, reqwest::Version::HTTP_2),
    ] {
        let answer = client.build()?.get(&url).send().await?;
        ensure!(answer.version() == version, "{:?}", answer.version());
        let metadata: Value = answer.json().await?;
        let issuer = metadata.get("issuer").and_then(Value::as_str);
        ensure!(issuer == Some(&suite.origin()), "the issuer is {issuer:?}");
    }
    Ok(())
}

async fn cookies_are_bound_to_the_host(suite: &Suite) -> anyhow::Result<()> {
    let client = suite.http()?.redirect(reqwest::redirect::Policy::none()).build()?;
    let page = client.get(format!("{}/account/login", suite.origin())).send().await?;
    let found: Vec<_> = page.headers().get_all("set-cookie").iter().collect();
    ensure!(!found.is_empty(), "no cookie is set: {}", page.status());
    for cookie in found {
        let text = cookie.to_str()?;
        let bound = text.starts_with("__Host-siegel_") && text.contains("; Secure");
        ensure!(bound, "{}", text.split('=').next().context("no name")?);
    }
    Ok(())
}

/// The portal reaches identity, gRPC travels over the same port, the pages keep their session.
async fn people_and_back_offices_work_as_over_plain_http(suite: &Suite) -> anyhow::Result<()> {
    let credentials = suite.credentials()?;
    log_in(&suite.origin(), &credentials, &mut Timeline::new(true)).await?;
    Authority::connect(&suite.origin(), &credentials).await?.watch().await?;
    Ok(())
}
