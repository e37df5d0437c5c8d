//! `siegel admin`: what operators decide, directly on the database of identity. Works beside a
//! running suite.

mod apply;
mod clients;
mod keys;
mod place;
mod registration_tokens;
mod upstreams;

use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::app::apply::Order;
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::store::tenants;

use crate::cli::{AdminArgs, AdminCommand};
pub use apply::at_start;
pub use place::{identity, settings};

/// Who does it when nobody says.
const ANYBODY: &str = "operator";

pub async fn run(args: AdminArgs) -> anyhow::Result<()> {
    // An empty variable names nobody.
    let by = Operator::new(if args.operator.is_empty() { ANYBODY } else { &args.operator })?;
    let (settings, sandbox) = place::settings(&args.place)?;
    let state = place::open(&settings, sandbox).await?;
    let done = command(&state, args.command, by, args.json).await;
    state.outside.db.close().await;
    done
}

async fn command(
    state: &Identity,
    command: AdminCommand,
    by: Operator,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        AdminCommand::Apply { file, prune } => {
            apply::file(state, &file, &Order { by, prune }, json).await
        }
        AdminCommand::Clients(command) => clients::run(state, command, by, json).await,
        AdminCommand::Tenants(_) => list_tenants(state, json).await,
        AdminCommand::Keys(command) => keys::run(state, &command, json),
        AdminCommand::Upstreams(command) => upstreams::run(state, command, &by, json).await,
        AdminCommand::RegistrationToken(command) => {
            registration_tokens::run(state, command, &by, json).await
        }
    }
}

async fn list_tenants(state: &Identity, json: bool) -> anyhow::Result<()> {
    let mut tx = state.outside.db.read().await?;
    let mut all = Vec::new();
    for id in tenants::ids(&mut tx).await? {
        all.push(tenants::get(&mut tx, &id).await?);
    }
    drop(tx);
    if json {
        println!("{}", json!({"tenants": all}));
    } else {
        for tenant in &all {
            println!("{:<30} {}", tenant.id, tenant.name);
        }
    }
    Ok(())
}
