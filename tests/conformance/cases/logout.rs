//! Logging out: points 61 and 62, attacks 5, 8 and 10.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::token::published;
use crate::house::House;
use crate::person::{Browser, Landing, Page, text};
use crate::rp::{Fields, Rp, Tokens, encoded, fields, fresh, head, now};
use crate::trail::Trail;

cases! {
    a_log_out_by_hint_ends_the_session_and_returns_the_state = "oidcc-rp-initiated-logout";
    a_log_out_takes_a_posted_form_too;
    a_log_out_without_state_or_address_still_logs_out =
        "oidcc-rp-initiated-logout-no-state", "oidcc-rp-initiated-logout-no-post-logout-redirect-uri";
    a_log_out_without_a_valid_hint_asks_first =
        "oidcc-rp-initiated-logout-no-id-token-hint", "oidcc-rp-initiated-logout-no-params",
        "oidcc-rp-initiated-logout-only-state";
    a_log_out_never_leads_to_an_unregistered_address =
        "oidcc-rp-initiated-logout-bad-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri",
        "oidcc-rp-initiated-logout-modified-id-token-hint",
        "oidcc-rp-initiated-logout-bad-id-token-hint";
    an_old_session_cookie_is_worth_nothing;
    a_log_out_kills_the_tokens_of_its_session;
    every_client_of_a_session_hears_of_its_end = "oidcc-backchannel-rp-initiated-logout";
    a_slow_client_holds_nobody;
}

pub fn bye(rp: &Rp<'_>) -> String {
    rp.house.world.url(&format!("/{}/bye", rp.id))
}

fn ask(rp: &Rp<'_>, tokens: &Tokens, state: &str) -> Fields {
    let hint = tokens.id_token.clone().unwrap_or_default();
    let bye = bye(rp);
    fields([("id_token_hint", &hint), ("post_logout_redirect_uri", &bye), ("state", state)])
}

/// Asks for a log-out and says yes where the page asks.
async fn leave(browser: &Browser<'_>, rp: &Rp<'_>, asked: &Fields) -> anyhow::Result<Landing> {
    let landing = browser.open(&rp.house.url(&format!("/logout?{}", encoded(asked)?))).await?;
    confirm(browser, landing).await
}

async fn confirm(browser: &Browser<'_>, landing: Landing) -> anyhow::Result<Landing> {
    match landing {
        Landing::Page(page) => match question(&page) {
            Some(form) => browser.submit(&page, &form, &[]).await,
            None => Ok(Landing::Page(page)),
        },
        away => Ok(away),
    }
}

fn question(page: &Page) -> Option<siegel::outside::Form> {
    page.form(|f| f.method == "post" && f.action.contains("logout"))
}

/// Whether the browser still has a session that the client can use silently.
async fn stands(rp: &Rp<'_>, browser: &Browser<'_>) -> anyhow::Result<bool> {
    let request = rp.request()?.with("prompt", "none");
    let answer = rp.silently(&request, browser).await?.answer()?;
    let answer: Fields = answer.into_iter().collect();
    if answer.contains_key("code") {
        return Ok(true);
    }
    ensure!(answer.get("error").map(String::as_str) == Some("login_required"), "{answer:?}");
    Ok(false)
}

/// Where a log-out led, as address without query and its `state`.
fn led(landing: Landing) -> anyhow::Result<(String, Option<String>)> {
    let Landing::Away(url) = landing else { anyhow::bail!("not sent back: {landing:?}") };
    let state = url.query_pairs().find(|(name, _)| name == "state").map(|(_, v)| v.into_owned());
    let mut bare = url;
    bare.set_query(None);
    Ok((bare.to_string(), state))
}

async fn a_log_out_by_hint_ends_the_session_and_returns_the_state(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["basic", "rsa", "portal"] {
        let rp = Rp::new(house, id)?;
        let browser = Browser::new(house)?;
        let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
        ensure!(stands(&rp, &browser).await?, "{id}: no session to end");
        let state = format!("{} &=ü?", fresh()?);
        let (to, back) = led(leave(&browser, &rp, &ask(&rp, &tokens, &state)).await?)?;
        ensure!(to == bye(&rp) && back.as_deref() == Some(state.as_str()), "{id}: {to} {back:?}");
        ensure!(!stands(&rp, &browser).await?, "{id}: the session stands");
        // Once more, with nobody logged in: the client still gets its browser back.
        let again = led(leave(&browser, &rp, &ask(&rp, &tokens, "s")).await?)?;
        ensure!(again == (bye(&rp), Some("s".to_owned())), "{id}: {again:?}");
    }
    Ok(())
}

async fn a_log_out_takes_a_posted_form_too(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let asked = ask(&rp, &tokens, "posted");
    // From the client's page: the browser says so, and sends no cookie that is not `None`.
    let sent = browser.http.post(house.url("/logout")).header("sec-fetch-site", "cross-site");
    let answer = sent.form(&asked).send().await?;
    let to = answer.headers().get("location").and_then(|v| v.to_str().ok());
    let to = to.context("the form leads nowhere")?.to_owned();
    let hint = tokens.id_token.as_deref().unwrap_or_default();
    ensure!(!to.contains(hint), "the hint went into an address: {to}");
    let landing = browser.open(house.url_of(&to)?.as_str()).await?;
    let (to, state) = led(confirm(&browser, landing).await?)?;
    ensure!(to == bye(&rp) && state.as_deref() == Some("posted"), "{to} {state:?}");
    ensure!(!stands(&rp, &browser).await?, "the session stands");
    Ok(())
}

async fn a_log_out_without_state_or_address_still_logs_out(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let mut asked = ask(&rp, &tokens, "");
    asked.remove("state");
    let (to, state) = led(leave(&browser, &rp, &asked).await?)?;
    ensure!(to == bye(&rp) && state.is_none(), "{to} {state:?}");
    ensure!(!stands(&rp, &browser).await?);

    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let mut asked = ask(&rp, &tokens, "s");
    asked.remove("post_logout_redirect_uri");
    let page = leave(&browser, &rp, &asked).await?.page()?;
    ensure!(page.status == 200, "{}: {}", page.status, text(&page.html));
    ensure!(!stands(&rp, &browser).await?);
    Ok(())
}

async fn a_log_out_without_a_valid_hint_asks_first(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let bye = bye(&rp);
    for asked in [
        fields([]),
        fields([("state", "s")]),
        fields([("client_id", "basic"), ("post_logout_redirect_uri", &bye)]),
    ] {
        let browser = Browser::new(house)?;
        rp.log_in_with(&rp.request()?, &browser, "erika").await?;
        let url = house.url(&format!("/logout?{}", encoded(&asked)?));
        let page = browser.open(&url).await?.page()?;
        let form = question(&page).with_context(|| format!("{asked:?}: no question"))?;
        ensure!(page.headers.get("referrer-policy").is_some_and(|v| v == "no-referrer"));
        ensure!(stands(&rp, &browser).await?, "{asked:?}: logged out without asking");
        let landing = browser.submit(&page, &form, &[]).await?;
        if asked.contains_key("post_logout_redirect_uri") {
            ensure!(led(landing)?.0 == bye);
        } else {
            ensure!(landing.page()?.status == 200);
        }
        ensure!(!stands(&rp, &browser).await?, "{asked:?}: the session stands");
    }
    // The question is answered by its own page only.
    let browser = Browser::new(house)?;
    rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let forged =
        browser.http.post(house.url("/login/logout")).header("sec-fetch-site", "cross-site");
    let forged = forged.header("origin", "https://evil.example").form(&fields([])).send().await?;
    ensure!(forged.status().is_client_error(), "{}", forged.status());
    ensure!(stands(&rp, &browser).await?, "another page logged the person out");
    Ok(())
}

async fn a_log_out_never_leads_to_an_unregistered_address(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let good = ask(&rp, &tokens, "s");
    let (bye, hint) = (bye(&rp), tokens.id_token.clone().unwrap_or_default());
    let address = |uri: &str| ("post_logout_redirect_uri", uri.to_owned());
    let mut modified = hint.clone();
    modified.replace_range(modified.len() - 8.., "AAAAAAAA");
    let other = Rp::new(house, "post")?;
    let foreign = house.keys.get("portal").context("a key")?.sign(
        "JWT",
        &json!({"iss": house.origin, "aud": "basic", "sub": "x", "iat": now().as_seconds()}),
    )?;
    for (name, value) in [
        address("https://evil.example/"),
        address(&format!("{bye}?x=1")),
        address(&format!("{bye}/")),
        address(&bye.replace("/bye", "/BYE")),
        address(&bye.replace("https://localhost", "https://localhost@evil.example")),
        address(&bye.replace("https://localhost", "https://evil.example\\@localhost")),
        address(&bye.replace("localhost", "127.0.0.1")),
        address("//evil.example/bye"),
        address("javascript:alert(1)"),
        address(&self::bye(&other)),
        ("id_token_hint", modified),
        ("id_token_hint", "nonsense".to_owned()),
        ("id_token_hint", foreign),
        ("id_token_hint", tokens.access.clone()),
        ("client_id", "post".to_owned()),
    ] {
        let asked: Fields =
            good.clone().into_iter().chain([(name.to_owned(), value.clone())]).collect();
        let url = house.url(&format!("/logout?{}", encoded(&asked)?));
        let landing = browser.open(&url).await?;
        let page = landing.page().with_context(|| format!("{name}={value}"))?;
        // An error page, or the question: then the answer leads nowhere outside either.
        if let Some(form) = question(&page).filter(|_| page.status == 200) {
            let end = browser.submit(&page, &form, &[]).await?;
            end.page().with_context(|| format!("{name}={value}, confirmed"))?;
            rp.log_in_with(&rp.request()?, &browser, "erika").await?;
        } else {
            ensure!(page.status == 400, "{name}={value}: {} {}", page.status, text(&page.html));
            ensure!(stands(&rp, &browser).await?, "{name}={value}: ended in silence");
        }
    }
    Ok(())
}

async fn an_old_session_cookie_is_worth_nothing(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let jar = std::sync::Arc::new(reqwest::cookie::Jar::default());
    let origin = house.url_of("/")?;
    let copied = |jar: &reqwest::cookie::Jar| {
        use reqwest::cookie::CookieStore as _;
        jar.cookies(&origin).and_then(|v| v.to_str().ok().map(str::to_owned)).unwrap_or_default()
    };
    let mut browser = Browser::new(house)?;
    browser.http = house.builder()?.cookie_provider(jar.clone()).build()?;
    // Whatever was there before the log-in is not what stands after it (session fixation).
    jar.add_cookie_str("__Host-session=planted; Secure; Path=/", &origin);
    browser.open("/logout").await?;
    let before = copied(&jar);
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let during = copied(&jar);
    ensure!(before != during, "the log-in kept the cookies it found");
    ensure!(during.contains("__Host-"), "cookies are not bound to the host: {during}");
    leave(&browser, &rp, &ask(&rp, &tokens, "s")).await?;
    for stolen in [&before, &during] {
        let url = rp.address(&rp.request()?.with("prompt", "none")).await?;
        let call = house.builder()?.build()?.get(url).header("cookie", stolen);
        let answer = call.send().await?;
        let to = answer.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or_default();
        ensure!(to.contains("error=login_required"), "{to}");
    }
    Ok(())
}

async fn a_log_out_kills_the_tokens_of_its_session(house: &House) -> anyhow::Result<()> {
    let (rp, offline) = (Rp::new(house, "basic")?, Rp::new(house, "post")?);
    let browser = Browser::new(house)?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    let request =
        offline.request()?.with("scope", "openid offline_access").with("prompt", "consent");
    let kept = offline.log_in_with(&request, &browser, "erika").await?;
    let elsewhere = rp.log_in(&rp.request()?, "erika").await?;
    leave(&browser, &rp, &ask(&rp, &tokens, "s")).await?;
    ensure!(rp.userinfo(&tokens).await?.status == 401, "the access token lives");
    rp.refresh(tokens.refresh_token()?, Fields::new()).await?.refused("invalid_grant")?;
    rp.userinfo(&elsewhere).await?.ok().context("another browser was logged out")?;
    // What a person granted beyond the session stays (Back-Channel Logout §2.7).
    offline.refresh(kept.refresh_token()?, Fields::new()).await?.ok()?;
    Ok(())
}

/// The logout token of this session that arrived at a client.
async fn heard(house: &House, client: &str, sid: &Value) -> anyhow::Result<String> {
    let token = |body: &str| {
        let mut pairs = url::form_urlencoded::parse(body.as_bytes());
        pairs.find(|(name, _)| name == "logout_token").map(|(_, v)| v.into_owned())
    };
    let fits = |body: &str| {
        let claims = token(body).and_then(|t| crate::rp::payload(&t).ok());
        claims.is_some_and(|claims| claims["sid"] == *sid)
    };
    let path = format!("/{client}/logout");
    let seen = house.world.arrival(&path, |seen| seen.method == "POST" && fits(&seen.body)).await?;
    token(&seen.body).context("no logout_token")
}

async fn every_client_of_a_session_hears_of_its_end(house: &House) -> anyhow::Result<()> {
    let trail = Trail::begin(house).await?;
    house.world.serve("/listening/logout", 200, "text/plain", "");
    let (rp, listening) = (Rp::new(house, "basic")?, Rp::new(house, "listening")?);
    let browser = Browser::new(house)?;
    let told = listening.log_in_with(&listening.request()?, &browser, "erika").await?;
    let told = told.claims()?;
    let tokens = rp.log_in_with(&rp.request()?, &browser, "erika").await?;
    leave(&browser, &rp, &ask(&rp, &tokens, "s")).await?;

    let token = heard(house, "listening", &told["sid"]).await?;
    ensure!(head(&token)?["typ"] == "logout+jwt", "{}", head(&token)?);
    let claims: Value = published(house).await?.verify(&token, "logout+jwt")?;
    ensure!(claims["iss"] == house.origin.as_str() && claims["aud"] == "listening", "{claims}");
    ensure!(claims["sub"] == told["sub"], "{claims}");
    ensure!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()), "{claims}");
    let event = "http://schemas.openid.net/event/backchannel-logout";
    ensure!(claims["events"][event] == json!({}), "{claims}");
    ensure!(claims.get("nonce").is_none(), "{claims}");
    let lives = claims["exp"].as_i64().unwrap_or(0) - claims["iat"].as_i64().unwrap_or(0);
    ensure!((1..=120).contains(&lives), "{claims}");
    // It is no hint, no ID token and no access token.
    let disguised = Tokens { access: token.clone(), ..tokens.clone() };
    ensure!(rp.userinfo(&disguised).await?.status == 401);
    trail.shows("identity.session.ended", "done").await
}

async fn a_slow_client_holds_nobody(house: &House) -> anyhow::Result<()> {
    house.world.serve_slowly("/slow/logout", Duration::from_secs(20));
    house.world.serve("/listening/logout", 200, "text/plain", "");
    let browser = Browser::new(house)?;
    let (slow, listening) = (Rp::new(house, "slow")?, Rp::new(house, "listening")?);
    let last = slow.log_in_with(&slow.request()?, &browser, "erika").await?;
    let told = listening.log_in_with(&listening.request()?, &browser, "erika").await?;
    let sid = told.claims()?["sid"].clone();
    let started = Instant::now();
    leave(&browser, &slow, &ask(&slow, &last, "s")).await?;
    ensure!(started.elapsed() < Duration::from_secs(3), "the person waited for a client");
    heard(house, "listening", &sid).await?;
    heard(house, "slow", &last.claims()?["sid"]).await?;
    ensure!(started.elapsed() < Duration::from_secs(6), "one client waited for another");
    Ok(())
}
