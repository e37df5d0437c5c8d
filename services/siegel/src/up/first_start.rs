//! First start: the personas register as anybody would, through the pages, with the code from the
//! mail sink.

use std::time::Duration;

use anyhow::{Context as _, bail};
use siegel_crypto::SigningKey;

use super::data_dir::DataDir;
use super::defaults::Defaults;
use crate::demo::Persona;
use crate::outside::{Browser, Client, Landing, Net};
use crate::sandbox::Sandbox;

/// Written when every persona has an account.
const DONE: &str = "personas-registered";

pub fn needed(data: &DataDir) -> bool {
    !data.file(DONE).exists()
}

/// Registers every persona of `demo.toml`. A start that was killed half-way goes on here: an
/// address that is registered already stays as it is.
pub async fn register(
    net: &Net,
    origin: &str,
    data: &DataDir,
    defaults: &Defaults,
    sandbox: &Sandbox,
) -> anyhow::Result<()> {
    let portal = &defaults.credentials.portal;
    let redirect_uri = portal.redirect_uri.as_deref().unwrap_or_default();
    let key = SigningKey::from_pem(&portal.private_key_pem)?;
    let client = Client::discover(net, origin, &portal.client_id, key).await?;
    for persona in &defaults.credentials.persona {
        let login = client.start(redirect_uri, &[("scope", "openid")]).await?;
        one(net, &login.url, redirect_uri, persona, sandbox)
            .await
            .with_context(|| format!("registering the persona {}", persona.name))?;
    }
    data.write_private(DONE, "")
}

async fn one(
    net: &Net,
    url: &str,
    redirect_uri: &str,
    persona: &Persona,
    sandbox: &Sandbox,
) -> anyhow::Result<()> {
    let browser = Browser::new(net, Some(redirect_uri.to_owned()))?;
    let page = browser.open(url).await?.page()?;
    let mut register = page.url.clone();
    register.set_path(&format!("{}/register", page.url.path()));
    let page = browser.open(register.as_str()).await?.page()?;
    let form = page.form(&["email", "password"]).context("the page has no registration form")?;
    let given = [("email", persona.email.as_str()), ("password", persona.password.as_str())];
    let page = match browser.submit(&page, &form, &given).await? {
        Landing::Page(page) => page,
        Landing::Returned(_) => return Ok(()),
    };
    let Some(form) = page.form(&["code"]) else { bail!("the page asks for no code") };
    let Some(code) = sandbox.code_for(&persona.email, Duration::from_secs(10)).await? else {
        return Ok(()); // registered before
    };
    browser.submit(&page, &form, &[("code", &code)]).await?;
    Ok(())
}
