//! `siegel admin clients`.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use siegel_identity::Identity;
use siegel_identity::app::apply::{Applied, Order};
use siegel_identity::app::approve_clients::digest;
use siegel_identity::app::manage_clients::{self, Operator};
use siegel_identity::domain::client::Client;
use siegel_identity::seed::Document;
use siegel_identity::store::clients::{self, Registered};
use siegel_identity::store::proposals::{self, Proposal};

use super::apply::say;
use crate::cli::ClientsCommand;

pub async fn run(
    state: &Identity,
    command: ClientsCommand,
    by: Operator,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        ClientsCommand::List => list(state, json).await,
        ClientsCommand::Show { client_id } => show(state, &client_id).await,
        ClientsCommand::Put { file } => put(state, &file, by, json).await,
        ClientsCommand::Remove { client_id } => {
            let (now, mut tx) = (state.now(), state.outside.db.begin().await?);
            let became = manage_clients::remove(state, &mut tx, &client_id, &by, now).await?;
            tx.commit().await?;
            say(&[Applied { kind: "client", name: client_id, became }], json);
            Ok(())
        }
        ClientsCommand::Proposals => super::proposals::list(state, json).await,
        ClientsCommand::Approve { client_id, digest } => {
            super::proposals::approve(state, client_id, digest.as_deref(), &by, json).await
        }
        ClientsCommand::Reject { client_id } => {
            super::proposals::reject(state, client_id, &by, json).await
        }
    }
}

async fn put(state: &Identity, file: &Path, by: Operator, json: bool) -> anyhow::Result<()> {
    let document = Document::read_clients(file)?;
    let seed = &document.seed;
    if !(seed.tenants.is_empty() && seed.persons.is_empty() && seed.upstreams.is_empty()) {
        bail!("{} holds more than clients: use `siegel admin apply`", file.display());
    }
    let order = Order { by, prune: false };
    say(&siegel_identity::app::apply::apply(state, &document, &order).await?, json);
    Ok(())
}

async fn list(state: &Identity, json: bool) -> anyhow::Result<()> {
    let mut tx = state.outside.db.read().await?;
    let (all, waiting) = (clients::all(&mut tx).await?, proposals::all(&mut tx).await?);
    drop(tx);
    if json {
        let shown: Vec<Value> = all.iter().map(|one| object(one, &waiting)).collect();
        println!(
            "{}",
            json!({"clients": shown, "proposals": waiting.iter().map(proposed).collect::<Vec<_>>()})
        );
        return Ok(());
    }
    for one in &all {
        let client = &one.client;
        let state = match waiting.iter().find(|p| p.client_id == client.client_id) {
            Some(proposal) => format!("change proposed by {}", proposal.by),
            None if !client.approved => "waits for approval".to_owned(),
            None => String::new(),
        };
        println!(
            "{:<30} {:<9} {:<11} {:<10} {:<20} {state}",
            client.client_id,
            one.from.as_str(),
            word(&client.environment),
            word(&client.security_profile),
            client.tenant,
        );
    }
    for new in waiting.iter().filter(|p| all.iter().all(|a| a.client.client_id != p.client_id)) {
        println!("{:<30} proposed by {}", new.client_id, new.by);
    }
    Ok(())
}

/// Always JSON: what is registered is what is applied.
async fn show(state: &Identity, client_id: &str) -> anyhow::Result<()> {
    let mut tx = state.outside.db.read().await?;
    let found = clients::registration(&mut tx, client_id).await?;
    let waiting = proposals::find(&mut tx, client_id).await?;
    drop(tx);
    if found.is_none() && waiting.is_none() {
        bail!("there is no client {client_id:?}");
    }
    let waiting: Vec<Proposal> = waiting.into_iter().collect();
    let all = match &found {
        Some(found) => object(found, &waiting),
        None => json!({"proposal": waiting.first().map(proposed)}),
    };
    println!("{}", serde_json::to_string_pretty(&all).context("a client")?);
    Ok(())
}

fn object(one: &Registered, waiting: &[Proposal]) -> Value {
    let mut all = plain(&one.client);
    all.insert("managed_by".to_owned(), one.from.as_str().into());
    let waits = waiting.iter().find(|p| p.client_id == one.client.client_id);
    if let Some(proposal) = waits {
        all.insert("proposal".to_owned(), proposed(proposal));
    } else if !one.client.approved {
        all.insert("digest".to_owned(), digest(Some(&one.client)).into());
    }
    Value::Object(all)
}

pub(super) fn proposed(proposal: &Proposal) -> Value {
    json!({
        "client_id": proposal.client_id,
        "by": proposal.by,
        "key": proposal.key,
        "digest": digest(proposal.client.as_ref()),
        "client": proposal.client.as_ref().map(plain),
        "removes": proposal.client.is_none(),
    })
}

/// A registration without what proves the client's identity.
pub(super) fn plain(client: &Client) -> Map<String, Value> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(client) else { return Map::new() };
    let secret = all.remove("secret_hash").is_some_and(|hash| !hash.is_null());
    all.insert("has_secret".to_owned(), secret.into());
    all.retain(|_, value| !value.is_null());
    all
}

fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
