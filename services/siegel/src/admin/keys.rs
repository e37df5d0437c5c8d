//! `siegel admin keys`: the keys tokens are signed with.

use anyhow::Context as _;
use serde_json::json;
use siegel_identity::keys_admin::{self, NewKey};
use siegel_identity::{Config, Identity};
use siegel_kernel::Timestamp;

use crate::cli::KeysCommand;

pub fn run(state: &Identity, command: &KeysCommand, json: bool) -> anyhow::Result<()> {
    match command {
        KeysCommand::List => list(&state.config, state, json),
        KeysCommand::New { to } => {
            let key = keys_admin::generate(to).context("the key cannot be made")?;
            tell(&key, &to.display().to_string(), json);
            Ok(())
        }
        KeysCommand::Import { from, to } => {
            let key = keys_admin::import(from, to).context("the key cannot be imported")?;
            tell(&key, &to.display().to_string(), json);
            Ok(())
        }
    }
}

fn list(config: &Config, state: &Identity, json: bool) -> anyhow::Result<()> {
    let all = keys_admin::list(config, state.now())?;
    if json {
        let keys: Vec<_> = all
            .iter()
            .map(|k| {
                let from = k.active_from.map(Timestamp::to_rfc3339);
                json!({"kid": k.kid, "alg": k.alg, "active_from": from,
                    "state": k.state.as_str()})
            })
            .collect();
        println!("{}", json!({ "keys": keys }));
        return Ok(());
    }
    for key in all {
        let from = key.active_from.map_or_else(|| "always".to_owned(), Timestamp::to_rfc3339);
        println!("{} {} {from} {}", key.kid, key.alg, key.state.as_str());
    }
    Ok(())
}

/// The key is made; it signs when the settings say so.
fn tell(key: &NewKey, file: &str, json: bool) {
    if json {
        println!("{}", json!({"kid": key.kid, "alg": key.alg, "file": file}));
        return;
    }
    println!("{} {}", key.kid, key.alg);
    let line = if key.alg == "RS256" {
        format!("[identity] rs256_key_file = {file:?}")
    } else {
        format!("[[identity.signing_keys]] file = {file:?}, active_from = \"…\"")
    };
    println!("name it in the settings of every replica: {line}");
}
