//! A person with two accounts makes one of them, on the pages.

use anyhow::{Context as _, bail, ensure};
use siegel::demo::Persona;
use siegel::outside::{Browser, forms};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_proto::account::v1 as account;
use siegel_proto::account::v1::account_service_client::AccountServiceClient;

use crate::deletion::{finished, last_account};
use crate::newcomer::registers;
use crate::world::{Visit, World};

const PORTAL: [(&str, &str); 1] = [("scope", "openid")];
const OWN: [(&str, &str); 2] = [
    ("scope", "openid account.read account.write offline_access"),
    ("resource", "urn:siegel:account"),
];

fn fresh() -> anyhow::Result<String> {
    Ok(random_token(&SystemEntropy::new())?.replace(['-', '_'], "x"))
}

async fn somebody(world: &World) -> anyhow::Result<Persona> {
    let persona = Persona {
        name: "Doppelt".to_owned(),
        email: format!("{}@persona.example", fresh()?.to_lowercase()),
        password: fresh()?,
        eid_persona: "erika".to_owned(),
    };
    registers(world, &persona).await?;
    Ok(persona)
}

fn subject(visit: &Visit) -> anyhow::Result<String> {
    Ok(visit.claims.get("sub").and_then(|sub| sub.as_str()).context("no subject")?.to_owned())
}

async fn own(
    world: &World,
    persona: &Persona,
) -> anyhow::Result<AccountServiceClient<siegel_grpc::AuthChannel>> {
    let visit = world.visit_as(&world.own_portal()?, persona, &OWN).await?;
    let token = visit.token_for("account").await?;
    let channel = world.channel(&token.access_token, &visit.client.dpop_key)?;
    Ok(AccountServiceClient::new(channel))
}

pub async fn two_accounts_of_one_person_become_one_that_services_still_know(
    world: &mut World,
) -> anyhow::Result<()> {
    let (stays, ends) = (somebody(world).await?, somebody(world).await?);
    let portal = &world.credentials.portal;
    let known = subject(&world.visit_as(portal, &ends, &PORTAL).await?)?;
    let ended = last_account(world).await?;
    let title = account::SetAttributeRequest {
        request_id: fresh()?,
        name: "title".into(),
        value: "Dr. Doppelt".into(),
        not_applicable: false,
    };
    own(world, &ends).await?.set_attribute(title).await?;

    merge(world, &stays, &ends).await?;
    finished(world, ended).await?;

    let mut stayed = own(world, &stays).await?;
    let listed = stayed.list_attributes(account::ListAttributesRequest {}).await?;
    let listed = listed.into_inner().attributes;
    ensure!(listed.iter().any(|a| a.value == "Dr. Doppelt"), "it did not come: {listed:?}");
    let visit = world.visit_as(portal, &stays, &PORTAL).await?;
    let history = visit.claims.get("sub_history").cloned().unwrap_or_default();
    ensure!(history == serde_json::json!([known]), "the portal knows nobody: {history}");
    ensure!(subject(&visit)? != known, "two accounts with one subject");
    Ok(())
}

/// On the pages, in one browser: logs in to the one, then to the other, and confirms.
async fn merge(world: &World, stays: &Persona, ends: &Persona) -> anyhow::Result<()> {
    let browser = Browser::new(&world.credentials.net(), None)?;
    let url = format!("{}/login/credentials/merge", world.suite.origin());
    let (mut page, mut who) = (browser.open(&url).await?.page()?, stays);
    for _ in 0..10 {
        page = if let Some(form) = page.form(&["email", "password"]) {
            let given = [("email", who.email.as_str()), ("password", who.password.as_str())];
            browser.submit(&page, &form, &given).await?.page()?
        } else if let Some(form) = page.form(&["understood"]) {
            ensure!(page.html.contains("Doktorgrad"), "what comes is not named: {}", page.html);
            let page = browser.submit(&page, &form, &[("understood", "on")]).await?.page()?;
            ensure!(page.url.path() == "/login/merged", "not merged: {}", page.html);
            return Ok(());
        } else {
            ensure!(page.url.path() == "/login/credentials/merge", "lost at {}", page.url);
            who = ends;
            let found = forms(&page.html).into_iter().find(|f| f.action.ends_with("/merge"));
            browser.submit(&page, &found.context("no way on")?, &[]).await?.page()?
        };
    }
    bail!("the pages lead nowhere: {}", page.url)
}
