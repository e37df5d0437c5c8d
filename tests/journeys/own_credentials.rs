//! A person changes how he logs in: through the API of the account pages, and on identity's own.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use siegel::outside::{Browser, Page};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_proto::identity::v1 as identity;
use siegel_proto::identity::v1::self_service_client::SelfServiceClient;
use totp_rs::{Builder, Secret};

use crate::world::World;

/// Every call of `SelfService` that changes a credential.
pub async fn by_api(world: &World, persona: usize) -> anyhow::Result<()> {
    let fresh = || random_token(&SystemEntropy::new());
    let ask = [
        ("scope", "openid identity.self offline_access"),
        ("acr_values", "substantial"),
        ("resource", "urn:siegel:identity"),
    ];
    let visit = world.visit(&world.own_portal()?, persona, &ask).await?;
    let token = visit.token_for("identity").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    let mut own = SelfServiceClient::new(channel);

    let begin = identity::BeginTotpRequest { request_id: fresh()? };
    let begun = own.begin_totp(begin).await?.into_inner();
    let secret = Secret::try_from_base32(begun.secret.replace(' ', ""));
    let secret = secret.map_err(|e| anyhow::anyhow!("the key does not read: {e}"))?;
    let app = Builder::new().with_secret(secret).build().context("no generator of this key")?;
    let finish = identity::FinishTotpRequest {
        request_id: fresh()?,
        code: app.generate_current().to_string(),
        label: "Telefon".into(),
    };
    own.finish_totp(finish).await?;
    let listed = own.list_credentials(identity::ListCredentialsRequest {}).await?.into_inner();
    let app = listed.credentials.into_iter().find(|c| c.kind == "totp").context("no generator")?;
    let rename = identity::RenameCredentialRequest {
        request_id: fresh()?,
        credential_id: app.credential_id.clone(),
        label: "Altes Telefon".into(),
    };
    own.rename_credential(rename).await?;
    let remove = identity::RemoveCredentialRequest {
        request_id: fresh()?,
        credential_id: app.credential_id,
    };
    own.remove_credential(remove).await?;
    let create = identity::CreateRecoveryCodesRequest { request_id: fresh()? };
    let codes = own.create_recovery_codes(create).await?.into_inner().codes;
    ensure!(codes.len() == 10, "{} codes", codes.len());
    let password = world.persona(persona)?.password.clone();
    let change = identity::ChangePasswordRequest {
        request_id: fresh()?,
        old_password: password.clone(),
        new_password: password,
    };
    own.change_password(change).await?;
    Ok(())
}

/// Another address, on the pages: asks for a log-in, and for the codes from both mailboxes.
pub async fn another_address(world: &World, persona: usize) -> anyhow::Result<()> {
    let origin = world.suite.origin();
    let (old, password) = {
        let persona = world.persona(persona)?;
        (persona.email.clone(), persona.password.clone())
    };
    let new = format!("neu.{old}");
    let browser = Browser::new(&world.credentials.net(), None)?;
    let page = browser.open(&format!("{origin}/login/credentials/email")).await?.page()?;
    let given = [("email", old.as_str()), ("password", password.as_str())];
    let page = send(&browser, &page, &["email", "password"], &given).await?;
    // The account has a card: its address needs a second factor, or the card.
    let page = raise(world, &browser, page, persona).await?;
    let page = send(&browser, &page, &["email"], &[("email", &new)]).await?;
    let (new_code, old_code) = (code(&origin, &new).await?, code(&origin, &old).await?);
    let given = [("new_code", new_code.as_str()), ("old_code", old_code.as_str())];
    let page = send(&browser, &page, &["new_code", "old_code"], &given).await?;
    ensure!(page.url.query() == Some("done=email"), "the address did not change: {}", page.url);
    Ok(())
}

async fn send(
    browser: &Browser,
    page: &Page,
    fields: &[&str],
    given: &[(&str, &str)],
) -> anyhow::Result<Page> {
    let form = page.form(fields);
    let form = form.with_context(|| format!("no form with {fields:?} at {}", page.url))?;
    browser.submit(page, &form, given).await?.page()
}

/// Past the step-up, with the simulated card.
async fn raise(
    world: &World,
    browser: &Browser,
    mut page: Page,
    persona: usize,
) -> anyhow::Result<Page> {
    for _ in 0..6 {
        if let Some(form) = page.offering("method", "eid").filter(|f| !f.has("email")) {
            page = browser.submit(&page, &form, &[("method", "eid")]).await?.page()?;
        } else if let Some(form) = page.form(&["persona", "pin"]) {
            let card = world.persona(persona)?.eid_persona.as_str();
            let given = [("persona", card), ("pin", "123456"), ("action", "identify")];
            page = browser.submit(&page, &form, &given).await?.page()?;
        } else {
            return Ok(page);
        }
    }
    bail!("the step-up did not come to an end: {}", page.url)
}

/// The code of the mail about the change that went to an address.
async fn code(origin: &str, to: &str) -> anyhow::Result<String> {
    let address = format!("{origin}/sandbox/mail.json?to={to}");
    for _ in 0..100 {
        let mails: Vec<Value> = reqwest::get(&address).await?.json().await?;
        let word = |mail: &Value, name: &str| {
            mail.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let mail = mails.iter().find(|m| word(m, "subject").contains("E-Mail-Adresse"));
        let text = mail.map(|m| word(m, "text")).unwrap_or_default();
        let is_code = |l: &&str| l.len() == 6 && l.bytes().all(|b| b.is_ascii_digit());
        if let Some(code) = text.lines().map(str::trim).find(is_code) {
            return Ok(code.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("no code came to {to}")
}
