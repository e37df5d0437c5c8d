//! `siegel admin registration-token`.

use anyhow::{anyhow, bail};
use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::app::initial_access::{self, Wanted};
use siegel_identity::app::manage_clients::Operator;
use siegel_identity::domain::client::Environment;
use siegel_identity::store::initial_tokens::{self, InitialToken, InitialTokenId};

use crate::cli::TokenCommand;

pub async fn run(
    state: &Identity,
    command: TokenCommand,
    by: &Operator,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        TokenCommand::New { tenant, test, uses, days } => {
            let environment = if test { Environment::Test } else { Environment::Production };
            let wanted = Wanted { tenant: &tenant, environment, uses, days };
            let (made, text) = initial_access::create(state, &wanted, by).await?;
            if json {
                println!("{}", json!({"token": text, "made": object(&made)}));
            } else {
                // The token alone on standard output: it is shown once.
                eprintln!("{}: registers {uses} clients of {tenant} for {days} days", made.id);
                println!("{text}");
            }
            if state.config.registration.is_none() {
                eprintln!(
                    "note: without [identity.registration] nothing can be registered with it"
                );
            }
        }
        TokenCommand::List => {
            let mut tx = state.outside.db.read().await?;
            let all = initial_tokens::all(&mut tx).await?;
            drop(tx);
            if json {
                println!("{}", json!({"tokens": all.iter().map(object).collect::<Vec<_>>()}));
            } else {
                for one in &all {
                    println!(
                        "{} {:<20} {:>5} left, until {}, by {}",
                        one.id, one.tenant, one.uses_left, one.expires_at_us, one.created_by
                    );
                }
            }
        }
        TokenCommand::Revoke { id } => {
            let parsed: InitialTokenId =
                id.parse().map_err(|_| anyhow!("{id:?} is no token id"))?;
            if !initial_access::revoke(state, parsed, by).await? {
                bail!("there is no token {id}");
            }
            if json {
                println!("{}", json!({"id": id, "became": "revoked"}));
            } else {
                println!("{id}: revoked");
            }
        }
    }
    Ok(())
}

fn object(one: &InitialToken) -> serde_json::Value {
    json!({
        "id": one.id.to_string(),
        "tenant": one.tenant,
        "environment": one.environment,
        "uses_left": one.uses_left,
        "created_by": one.created_by,
        "created_key": one.created_key,
        "expires_at": one.expires_at_us.as_seconds(),
    })
}
