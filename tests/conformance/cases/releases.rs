//! What leaves the house and who agreed to it: point 30, attack 11 from the pages' side, and
//! releases that are remembered. Every case has a person of its own, whom nobody asked before.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::house::House;
use crate::person::{Browser, Landing, Page, text};
use crate::rp::{Request, Rp, Tokens};

cases! {
    a_release_is_asked_for_once_and_only_more_asks_again;
    another_purpose_asks_again;
    what_was_declined_is_not_released;
    a_person_who_declines_is_told_to_the_client_as_access_denied =
        "fapi2-security-profile-final-user-rejects-authentication";
    a_first_log_in_without_attributes_asks_nothing;
    offline_access_is_not_given_without_consent;
    a_client_not_registered_for_it_gets_no_offline_access;
}

/// Where a request leads in a browser whose person is logged in.
async fn ask(
    rp: &Rp<'_>,
    browser: &Browser<'_>,
    change: impl Fn(Request) -> Request,
) -> anyhow::Result<(Request, Landing)> {
    let request = change(rp.request()?);
    let landing = rp.silently(&request, browser).await?;
    Ok((request, landing))
}

fn consent(landing: Landing, why: &str) -> anyhow::Result<Page> {
    let page = landing.page().with_context(|| why.to_owned())?;
    ensure!(page.is_consent(), "{why}: {}", text(&page.html));
    Ok(page)
}

fn code(landing: Landing, why: &str) -> anyhow::Result<()> {
    let answer = landing.fields().with_context(|| why.to_owned())?;
    ensure!(answer.contains_key("code"), "{why}: {answer:?}");
    Ok(())
}

async fn a_release_is_asked_for_once_and_only_more_asks_again(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let person = house.person("berta")?;
    let browser = rp.entered("berta").await?;
    let more = |r: Request| r.with("scope", "openid profile email");
    let silent = |r: Request| more(r).with("prompt", "none");
    let (request, landing) = ask(&rp, &browser, silent).await?;
    rp.told(landing, &request, "consent_required")?;

    let page = consent(ask(&rp, &browser, more).await?.1, "the first time")?;
    ensure!(page.html.contains("Portal basic"), "the page does not name the client");
    ensure!(page.html.contains("Mustermann"), "the page does not show what is released");
    code(browser.walk(Landing::Page(page), person).await?, "after allowing")?;

    for (why, scope) in [
        ("the same again", "openid profile email"),
        ("less", "openid email"),
        ("in another order", "email profile openid"),
    ] {
        for prompt in ["", "none"] {
            let again = |r: Request| r.with("scope", scope).with("prompt", prompt);
            code(ask(&rp, &browser, again).await?.1, why)?;
        }
    }
    // In another browser too: it is the person's, not the session's.
    code(ask(&rp, &rp.entered("berta").await?, silent).await?.1, "another browser")?;

    let everything = |r: Request| r.with("scope", "openid profile email address");
    let (request, landing) = ask(&rp, &browser, |r| everything(r).with("prompt", "none")).await?;
    rp.told(landing, &request, "consent_required")?;
    consent(ask(&rp, &browser, everything).await?.1, "more")?;
    let other = Rp::new(house, "post")?;
    let browser = other.entered("berta").await?;
    let (request, landing) = ask(&other, &browser, silent).await?;
    other.told(landing, &request, "consent_required")?;
    let again = |r: Request| more(r).with("prompt", "consent");
    consent(ask(&rp, &rp.entered("berta").await?, again).await?.1, "prompt=consent")?;
    Ok(())
}

async fn another_purpose_asks_again(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("dora").await?;
    let wish = |purpose: &str| {
        json!({"userinfo": {"family_name": {"essential": true, "purpose": purpose}}}).to_string()
    };
    let (first, second) = (wish("Anrede im Brief"), wish("Abgleich mit dem Register"));
    let page = consent(ask(&rp, &browser, |r| r.with("claims", &first)).await?.1, "first")?;
    ensure!(page.html.contains("Anrede im Brief"), "the purpose is not shown");
    code(browser.walk(Landing::Page(page), house.person("dora")?).await?, "allowed")?;
    code(ask(&rp, &browser, |r| r.with("claims", &first)).await?.1, "the same purpose")?;
    let silent = |r: Request| r.with("claims", &second).with("prompt", "none");
    let (request, landing) = ask(&rp, &browser, silent).await?;
    rp.told(landing, &request, "consent_required")
}

async fn what_was_declined_is_not_released(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("emil").await?;
    let wish = json!({"userinfo": {"family_name": {"essential": true}, "given_name": null}});
    let wish = wish.to_string();
    let (request, landing) = ask(&rp, &browser, |r| r.with("claims", &wish)).await?;
    let page = consent(landing, "first")?;
    // Nothing is ticked beforehand (GDPR Art. 4(11)); allowing like this releases what is needed.
    let answer = browser.press(&page, "action", "allow").await?.fields()?;
    let form = rp.redemption(&request, answer.get("code").context("no code")?);
    let tokens = Tokens::of(rp.post("/token", form).await?)?;
    let told = rp.userinfo(&tokens).await?.ok()?.json();
    ensure!(told["family_name"] == "Mustermann", "{told}");
    ensure!(told.get("given_name").is_none(), "{told}");
    // And is not asked for at every log-in.
    code(ask(&rp, &browser, |r| r.with("claims", &wish)).await?.1, "again")
}

async fn a_person_who_declines_is_told_to_the_client_as_access_denied(
    house: &House,
) -> anyhow::Result<()> {
    for id in ["basic", "fapi"] {
        let rp = Rp::new(house, id)?;
        let person = house.person("emil")?;
        let browser = Browser::new(house)?;
        let request = rp.request()?.with("scope", "openid address");
        let start = rp.silently(&request, &browser).await?;
        let page = browser.walk_to(start, person, Page::is_consent).await?;
        rp.told(browser.press(&page, "action", "deny").await?, &request, "access_denied")?;
        // The request had its answer: going back does not turn it into another one.
        let again = browser.open(page.url.as_str()).await?.page()?;
        ensure!(again.status >= 400 && !again.is_consent(), "{}", again.status);
        // Also before anybody logged in.
        let browser = Browser::new(house)?;
        let request = rp.request()?;
        let page = rp.silently(&request, &browser).await?.page()?;
        rp.told(browser.cancel(&page).await?, &request, "access_denied")?;
    }
    Ok(())
}

async fn a_first_log_in_without_attributes_asks_nothing(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let page = rp.silently(&rp.request()?, &browser).await?.page()?;
    code(browser.enter(&page, house.person("frieda")?).await?, "openid alone")
}

async fn offline_access_is_not_given_without_consent(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = rp.entered("frieda").await?;
    let offline = |r: Request| r.with("scope", "openid offline_access");
    // Without `prompt=consent` it is ignored (OpenID Connect Core §11).
    for prompt in ["", "none"] {
        let (request, landing) = ask(&rp, &browser, |r| offline(r).with("prompt", prompt)).await?;
        let answer = landing.fields()?;
        let form = rp.redemption(&request, answer.get("code").context("no code")?);
        let reply = rp.post("/token", form).await?.ok()?;
        ensure!(reply.text("scope") == "openid", "prompt={prompt}: {}", reply.body);
    }
    // With it the page asks, every time, and a person who declines gives nothing.
    let asked = |r: Request| offline(r).with("prompt", "consent");
    let (request, landing) = ask(&rp, &browser, asked).await?;
    let page = consent(landing, "offline")?;
    rp.told(browser.press(&page, "action", "deny").await?, &request, "access_denied")?;
    let (request, landing) = ask(&rp, &browser, asked).await?;
    let page = consent(landing, "offline again")?;
    let answer = browser.walk(Landing::Page(page), house.person("frieda")?).await?.fields()?;
    let form = rp.redemption(&request, answer.get("code").context("no code")?);
    let tokens = Tokens::of(rp.post("/token", form).await?)?;
    let scope = tokens.reply.text("scope");
    ensure!(scope.split(' ').any(|s| s == "offline_access"), "{scope}");
    ensure!(tokens.refresh.is_some(), "no refresh token");
    Ok(())
}

async fn a_client_not_registered_for_it_gets_no_offline_access(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "modest")?;
    let request = rp.request()?.with("scope", "openid offline_access").with("prompt", "consent");
    let tokens = rp.log_in(&request, "erika").await?;
    ensure!(tokens.reply.text("scope") == "openid", "{}", tokens.reply.body);
    ensure!(tokens.refresh.is_none(), "a refresh token");
    let told: Value = tokens.reply.json();
    ensure!(told.get("refresh_token").is_none(), "{told}");
    Ok(())
}
