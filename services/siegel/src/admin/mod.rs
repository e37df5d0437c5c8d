//! `siegel admin`: what operators decide, directly on the database of identity. Works beside a
//! running suite.

mod accounts;
mod apply;
mod clients;
mod import;
mod keys;
mod operators;
mod organisation;
mod place;
mod postbox;
mod proposals;
mod registration_tokens;
mod statement;
mod upstreams;

use std::process::ExitCode;

use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::app::apply::Order;
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::store::tenants;

use crate::cli::{AdminArgs, AdminCommand, OperatorsCommand};
pub use apply::at_start;
pub use place::{identity, settings};

pub async fn run(args: AdminArgs) -> anyhow::Result<ExitCode> {
    if let (Some(origin), Some(key)) = (&args.sign_for, &args.operator_key) {
        println!("{}", statement::sign(&args, key, origin)?);
        return Ok(ExitCode::SUCCESS);
    }
    // Made where the operator is, who may reach no installation.
    if let AdminCommand::Operators(OperatorsCommand::NewKey { to }) = &args.command {
        return done(operators::new_key(to, statement::name(&args), args.json));
    }
    let (settings, sandbox) = place::settings(&args.place)?;
    let state = place::open(&settings, sandbox).await?;
    let outcome = match statement::operator(&state, &args).await {
        Ok(by) => match args.command {
            AdminCommand::Postbox(command) => {
                done(postbox::run(&state, &args.place, command, &by).await)
            }
            AdminCommand::Organisation(command) => {
                done(organisation::run(&args.place, command, &by).await)
            }
            AdminCommand::Import(what) => {
                import::run(&state, &args.place, &what, &by, args.json).await
            }
            other => done(command(&state, other, by, args.json).await),
        },
        Err(error) => Err(error),
    };
    state.outside.db.close().await;
    outcome
}

fn done(outcome: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    outcome.map(|()| ExitCode::SUCCESS)
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
        AdminCommand::Accounts(command) => accounts::run(state, command, &by, json).await,
        AdminCommand::Tenants(_) => list_tenants(state, json).await,
        AdminCommand::Keys(command) => keys::run(state, &command, json),
        AdminCommand::Operators(_) => operators::list(state, json),
        // Done before: they have databases of their own.
        AdminCommand::Postbox(_) | AdminCommand::Organisation(_) | AdminCommand::Import(_) => {
            Ok(())
        }
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
