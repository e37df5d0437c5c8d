//! `siegel admin clients proposals`, `approve` and `reject`.

use serde_json::{Map, Value, json};
use siegel_identity::Identity;
use siegel_identity::app::apply::Applied;
use siegel_identity::app::approve_clients::{self, Approval, digest};
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::store::clients;
use siegel_identity::store::proposals::Proposal;

use super::apply::say;
use super::clients::{plain, proposed};

/// What waits, with the members that would change.
pub async fn list(state: &Identity, as_json: bool) -> anyhow::Result<()> {
    let mut tx = state.outside.db.read().await?;
    let all = approve_clients::waiting(&mut tx).await?;
    let mut told = Vec::new();
    for one in &all {
        let before = clients::find(&mut tx, &one.client_id).await?;
        let before = before.as_ref().map(plain).unwrap_or_default();
        told.push((one, changes(one, &before)));
    }
    drop(tx);
    if as_json {
        let one = |(proposal, changes): &(&Proposal, Map<String, Value>)| {
            let mut all = proposed(proposal);
            if let Some(members) = all.as_object_mut() {
                members.insert("changes".to_owned(), Value::Object(changes.clone()));
            }
            all
        };
        println!("{}", json!({"proposals": told.iter().map(one).collect::<Vec<_>>()}));
        return Ok(());
    }
    for (proposal, changes) in &told {
        let at = proposal.at.to_rfc3339();
        println!("{} by {} at {at}", proposal.client_id, proposal.by);
        println!("  digest {}", digest(proposal.client.as_ref()));
        let sponsor = proposal.client.as_ref().and_then(|c| c.sponsor.as_ref());
        if let Some(sponsor) = sponsor {
            println!("  registered with a token of {}", sponsor.name);
        }
        if proposal.client.is_none() {
            println!("  removes it");
        }
        for (name, value) in changes {
            println!("  {name} = {value}");
        }
    }
    Ok(())
}

/// What would be another; `null` for what would go.
fn changes(proposal: &Proposal, before: &Map<String, Value>) -> Map<String, Value> {
    let Some(client) = &proposal.client else { return Map::new() };
    let after = plain(client);
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let gone: Vec<_> = gone.map(|name| (name.clone(), Value::Null)).collect();
    let new = after.into_iter().filter(|(name, value)| before.get(name) != Some(value));
    // Of a client that waits to be let in, everything is new.
    if before.get("approved") == Some(&Value::Bool(false)) {
        return plain(client);
    }
    new.chain(gone).collect()
}

pub async fn approve(
    state: &Identity,
    client_id: String,
    seen: Option<&str>,
    by: &Operator,
    as_json: bool,
) -> anyhow::Result<()> {
    let (now, mut tx) = (state.now(), state.outside.db.begin().await?);
    let approval = Approval { client_id: &client_id, seen, by };
    let became = approve_clients::approve(state, &mut tx, approval, now).await?;
    tx.commit().await?;
    say(&[Applied { kind: "client", name: client_id, became }], as_json);
    Ok(())
}

pub async fn reject(
    state: &Identity,
    client_id: String,
    by: &Operator,
    as_json: bool,
) -> anyhow::Result<()> {
    let (now, mut tx) = (state.now(), state.outside.db.begin().await?);
    let became = approve_clients::reject(&mut tx, &client_id, by, now).await?;
    tx.commit().await?;
    say(&[Applied { kind: "client", name: client_id, became }], as_json);
    Ok(())
}
