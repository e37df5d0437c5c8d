//! People who come once with their card, and people who come with a certificate.

use anyhow::{Context as _, ensure};
use reqwest::header;

use crate::house::House;
use crate::person::{Browser, Landing, Page, text};
use crate::rp::{Request, Rp, Tokens};

cases! {
    a_guest_leaves_nothing_behind;
    a_client_without_guests_offers_none;
    a_persons_certificate_counts_in_the_browser_that_was_sent;
    a_certificate_of_an_unknown_authority_is_nobodys;
}

/// Comes to the client as a guest in this browser, and allows everything.
async fn comes(rp: &Rp<'_>, request: &Request, browser: &Browser<'_>) -> anyhow::Result<Tokens> {
    let page = browser.open(&rp.address(request).await?).await?.page()?;
    let card = browser.press(&page, "method", "guest").await?;
    // Whoever it is, the card is all that is shown.
    let answer = browser.walk(card, rp.house.person("erika")?).await?.fields()?;
    let code = answer.get("code").with_context(|| format!("no code: {answer:?}"))?;
    Tokens::of(rp.post("/token", rp.redemption(request, code)).await?)
}

async fn a_guest_leaves_nothing_behind(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "walk-in")?;
    let request = rp.request()?.with("scope", "openid profile postbox offline_access");
    let browser = Browser::new(house)?;
    let tokens = comes(&rp, &request, &browser).await?;
    let claims = tokens.claims()?;
    ensure!(claims["account_type"] == "temporary", "{claims}");
    ensure!(claims["trust_level"] == 4, "{claims}");
    ensure!(tokens.reply.text("scope") == "openid profile", "{}", tokens.reply.body);
    let about = rp.userinfo(&tokens).await?.ok()?.json();
    ensure!(about["family_name"] == "Mustermann", "{about}");
    ensure!(about.get("postbox_handle").is_none(), "{about}");

    // It is another person each time, also for the one who holds the card.
    let again = comes(&rp, &rp.request()?, &Browser::new(house)?).await?.claims()?;
    ensure!(again["sub"] != claims["sub"], "the same subject twice");
    // Nor does the guest count for another request, silently or not.
    let silent = rp.request()?.with("prompt", "none");
    rp.told(rp.silently(&silent, &browser).await?, &silent, "login_required")?;

    let page = browser.open(&house.url("/logout")).await?.page()?;
    ensure!(page.has_id("keep"), "{}", text(&page.html));
    let form = page.form(|f| f.action == "/login/logout").context("no way out")?;
    browser.submit(&page, &form, &[]).await?;
    let refused = rp.userinfo(&tokens).await?;
    ensure!(refused.status == 401, "{}: {}", refused.status, refused.body);
    ensure!(house.guests_of(&rp.id).await? == 1, "the other guest only");
    Ok(())
}

async fn a_client_without_guests_offers_none(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let page = browser.open(&rp.address(&rp.request()?).await?).await?.page()?;
    ensure!(page.is_login() && !page.has_id("guest"), "{}", text(&page.html));
    Ok(())
}

/// The address of the listener that a landing leads to.
fn listener(house: &House, landing: Landing) -> anyhow::Result<String> {
    match landing {
        Landing::Away(url) if url.as_str().starts_with(&format!("{}/", house.mtls)) => {
            Ok(url.into())
        }
        other => anyhow::bail!("not to the listener: {other:?}"),
    }
}

/// Shows a certificate at the listener, with a connection of its own and no cookie; the status and
/// where it leads.
async fn show(
    house: &House,
    pair: &crate::authority::Pair,
    address: &str,
) -> anyhow::Result<(u16, String)> {
    let http = house.builder()?.identity(pair.identity()?).build()?;
    let answer = http.get(address).header(header::ACCEPT, "text/html").send().await?;
    ensure!(!answer.headers().contains_key(header::SET_COOKIE), "the listener sets a cookie");
    let to = answer.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
    Ok((answer.status().as_u16(), to.unwrap_or_default().to_owned()))
}

/// The page of the own credentials from which one is added; the address at the listener.
async fn begins_adding(house: &House, browser: &Browser<'_>) -> anyhow::Result<String> {
    let page = browser.open("/login/credentials/certificate").await?.page()?;
    let form = page.form(|f| f.has("label")).with_context(|| text(&page.html))?;
    listener(house, browser.submit(&page, &form, &[("label", "Kanzleikarte")]).await?)
}

/// The log-in page of a fresh request in a browser, from which it goes to the listener.
async fn begins_using(rp: &Rp<'_>, browser: &Browser<'_>) -> anyhow::Result<(Page, String)> {
    let page = browser.open(&rp.address(&rp.request()?).await?).await?.page()?;
    let to = page.attribute("certificate", "href").context("no certificate is offered")?;
    let to = page.url.join(to)?;
    let address = listener(rp.house, browser.open(to.as_str()).await?)?;
    Ok((page, address))
}

async fn a_persons_certificate_counts_in_the_browser_that_was_sent(
    house: &House,
) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let name = format!("{}.people.example", house.backend.name());
    let pair = house.authority.client("Zita", &name)?;
    let owner = rp.entered("zita").await?;
    let ticket = begins_adding(house, &owner).await?;
    let (status, back) = show(house, &pair, &ticket).await?;
    ensure!(status == 303 && back.starts_with(&house.origin), "{status} {back}");
    let page = owner.open(&back).await?.page()?;
    ensure!(page.html.contains("Kanzleikarte"), "{}", text(&page.html));

    let browser = Browser::new(house)?;
    let (login, ticket) = begins_using(&rp, &browser).await?;
    let (_, back) = show(house, &pair, &ticket).await?;
    let (status, _) = show(house, &pair, &ticket).await?;
    ensure!(status == 403, "a ticket counts twice: {status}");
    let thief = Browser::new(house)?;
    let refused = thief.open(&back).await?.page()?;
    ensure!(refused.status == 403, "another browser: {}", refused.status);
    let landing = browser.open(&back).await?;
    let answer = browser.walk(landing, house.person("zita")?).await?.fields()?;
    ensure!(answer.contains_key("code"), "{answer:?}");
    let again = browser.open(&back).await?.page()?;
    ensure!(again.status == 410 && login.status == 200, "an answer counts twice");
    Ok(())
}

async fn a_certificate_of_an_unknown_authority_is_nobodys(house: &House) -> anyhow::Result<()> {
    let rp = Rp::new(house, "basic")?;
    let browser = Browser::new(house)?;
    let (_, ticket) = begins_using(&rp, &browser).await?;
    let stranger = house.strangers.client("Zita", "people.example")?;
    let (status, back) = show(house, &stranger, &ticket).await?;
    ensure!(status == 403 && back.is_empty(), "{status} {back}");
    Ok(())
}
