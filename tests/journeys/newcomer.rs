//! Somebody without an account, through the pages, with the code from the mail.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use siegel::demo::{Persona, Timeline, through_pages};
use siegel::outside::{Browser, Client};
use siegel_crypto::{SystemEntropy, random_token};

use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(10);
const ASK: [(&str, &str); 1] = [("scope", "openid")];

pub async fn a_newcomer_registers_with_the_code_from_the_mail(
    world: &mut World,
) -> anyhow::Result<()> {
    let fresh = || random_token(&SystemEntropy::new());
    let newcomer = Persona {
        name: "Neu".to_owned(),
        email: format!("neu-{}@persona.example", fresh()?.to_lowercase()),
        password: fresh()?,
        eid_persona: "erika".to_owned(),
    };
    registers(world, &newcomer).await?;
    let keys = &world.credentials.portal;
    let (net, origin) = (world.credentials.net(), world.suite.origin());
    let client = Client::discover(&net, &origin, &keys.client_id, keys.key()?).await?;
    let redirect = keys.redirect_uri.clone().context("no redirect_uri")?;
    let again = client.start(&redirect, &ASK).await?;
    let mut quiet = Timeline::new(true);
    let returned = through_pages(&net, &again.url, &redirect, &newcomer, &mut quiet).await?;
    ensure!(returned.query_pairs().any(|(name, _)| name == "code"), "no code: {returned}");
    Ok(())
}

/// Makes the account on the pages, with the code from the mail.
pub async fn registers(world: &World, newcomer: &Persona) -> anyhow::Result<()> {
    let keys = &world.credentials.portal;
    let (net, origin) = (world.credentials.net(), world.suite.origin());
    let client = Client::discover(&net, &origin, &keys.client_id, keys.key()?).await?;
    let redirect = keys.redirect_uri.clone().context("no redirect_uri")?;
    let login = client.start(&redirect, &ASK).await?;

    let browser = Browser::new(&net, Some(redirect.clone()))?;
    let page = browser.open(&login.url).await?.page()?;
    let mut register = page.url.clone();
    register.set_path(&format!("{}/register", page.url.path()));
    let page = browser.open(register.as_str()).await?.page()?;
    let form = page.form(&["email", "password"]).context("the page has no registration form")?;
    let given = [("email", newcomer.email.as_str()), ("password", newcomer.password.as_str())];
    let page = browser.submit(&page, &form, &given).await?.page()?;
    let form = page.form(&["code"]).context("the page asks for no code")?;
    let code = code_to(world, &newcomer.email).await?;
    browser.submit(&page, &form, &[("code", &code)]).await?;
    Ok(())
}

/// The six digits in the mail to this address.
async fn code_to(world: &World, address: &str) -> anyhow::Result<String> {
    let url = format!("{}/sandbox/mail.json", world.suite.origin());
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mails: Vec<Value> = reqwest::get(&url).await?.json().await?;
        let text = |mail: &Value, key: &str| mail.get(key)?.as_str().map(str::to_owned);
        let own = mails.iter().find(|m| text(m, "to").as_deref() == Some(address));
        let body = own.and_then(|mail| text(mail, "text")).unwrap_or_default();
        let dense = body.lines().map(|line| line.replace(' ', ""));
        let code =
            dense.into_iter().find(|l| l.len() == 6 && l.bytes().all(|b| b.is_ascii_digit()));
        if let Some(code) = code {
            return Ok(code);
        }
        ensure!(tokio::time::Instant::now() < until, "no mail with a code arrived: {body:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
