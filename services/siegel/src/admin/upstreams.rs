//! `siegel admin upstreams`: providers whose accounts log in here.

use anyhow::ensure;
use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::app::upstreams;

use crate::cli::UpstreamsCommand;

pub async fn run(
    state: &Identity,
    command: UpstreamsCommand,
    by: &Operator,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        UpstreamsCommand::List => list(state, json).await,
        UpstreamsCommand::Enable { id } => {
            let known = upstreams::enable(state, &id, &by.actor()).await?;
            ensure!(known, "no upstream provider has the id {id:?}");
            Ok(())
        }
        UpstreamsCommand::Disable { id } => {
            let known = upstreams::disable(state, &id, &by.actor()).await?;
            ensure!(known, "no upstream provider has the id {id:?}");
            Ok(())
        }
    }
}

async fn list(state: &Identity, json: bool) -> anyhow::Result<()> {
    let all = upstreams::list(state).await?;
    if json {
        let all: Vec<_> = all
            .iter()
            .map(|u| {
                json!({"id": u.id, "name": u.name, "issuer": u.issuer,
                "level_cap": u.level_cap.as_str(), "managed_by": u.managed_by,
                "registered": u.registered, "switched_on": u.switched_on})
            })
            .collect();
        println!("{}", json!({ "upstreams": all }));
        return Ok(());
    }
    for one in all {
        let on = if one.registered && one.switched_on { "on" } else { "off" };
        println!("{:<24} {:<4} {:<12} {}", one.id, on, one.level_cap.as_str(), one.issuer);
    }
    Ok(())
}
