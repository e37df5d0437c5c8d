//! What the operator of a sandbox writes goes over what the sandbox brings. Lists of clients and
//! senders are added to; an entry of the same id takes the place of the one there.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use crate::settings::Settings;

/// Tables of one choice or another: what is written there is all there is.
const CHOICES: [(&str, &str); 1] = [("postbox", "object_store")];
/// Lists that are added to: table, key, and what an entry is known by.
const LISTS: [(&str, &str, &str); 2] =
    [("identity", "clients", "client_id"), ("postbox", "senders", "client_id")];

/// The settings of a sandbox: `defaults`, and over them the file.
pub fn load(mut defaults: Value, file: Option<&Path>) -> anyhow::Result<Settings> {
    let own = match file {
        Some(path) => Some(read(path, &mut defaults)?),
        None => None,
    };
    let defaults =
        toml::to_string(&defaults).context("the sandbox's settings cannot be written")?;
    Settings::layered(&defaults, own.as_deref())
}

/// Moves the lists of the file into the defaults; the rest of the file is given back.
fn read(path: &Path, defaults: &mut Value) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))?;
    let mut own: toml::Table = toml::from_str(&text)
        .map_err(|e| anyhow!("the configuration {} is not valid: {e}", path.display()))?;
    for (table, key, id) in LISTS {
        let list = own.get_mut(table).and_then(|t| t.as_table_mut()?.remove(key));
        let Some(toml::Value::Array(list)) = list else { continue };
        let there = defaults.get_mut(table).and_then(|t| t.get_mut(key)?.as_array_mut());
        let there = there.with_context(|| format!("the sandbox has no list {table}.{key}"))?;
        for entry in list {
            let entry = serde_json::to_value(entry)?;
            match there.iter_mut().find(|other| other.get(id) == entry.get(id)) {
                Some(other) => *other = entry,
                None => there.push(entry),
            }
        }
    }
    for (table, key) in CHOICES {
        let chosen = own.get(table).is_some_and(|t| t.get(key).is_some());
        if let Some(there) = defaults.get_mut(table).and_then(Value::as_object_mut)
            && chosen
        {
            there.remove(key);
        }
    }
    Ok(toml::to_string(&own)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn loaded(own: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("siegel.toml");
        std::fs::write(&file, own).unwrap();
        let client = |id: &str| json!({"client_id": id, "client_secret": "x", "scopes": []});
        let defaults = json!({
            "profile": "sandbox",
            "origin": "http://localhost:8080",
            "identity": {
                "token_signing_key_file": "a", "key_encryption_key_file": "b",
                "pairwise_key_file": "c", "nonce_key_file": "d",
                "clients": [client("portal"), client("amt")],
            },
            "postbox": {"senders": [{"client_id": "amt"}]},
        });
        load(defaults, Some(&file)).unwrap()
    }

    fn clients(own: &str) -> Vec<(String, Option<String>)> {
        let config: siegel_identity::Config = loaded(own).service("identity").unwrap();
        config.clients.into_iter().map(|c| (c.client_id, c.name)).collect()
    }

    #[test]
    fn own_clients_stand_beside_those_of_the_sandbox_and_replace_their_like() {
        let own = "[[identity.clients]]\nclient_id = \"neu\"\nname = \"Neu\"\n\
            [[identity.clients]]\nclient_id = \"amt\"\nname = \"Amt\"\n[telemetry]\nlog = \"info\"";
        let named = |id: &str, name: Option<&str>| (id.to_owned(), name.map(str::to_owned));
        let expected =
            [named("portal", None), named("amt", Some("Amt")), named("neu", Some("Neu"))];
        assert_eq!(clients(own), expected);
        assert_eq!(clients("").len(), 2, "nothing of their own: those of the sandbox");
    }

    #[test]
    fn another_object_store_takes_the_place_of_the_sandboxs() {
        let defaults = json!({
            "profile": "sandbox",
            "origin": "http://localhost:8080",
            "postbox": {"object_store": {"kind": "files", "dir": "objects"}},
        });
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("siegel.toml");
        std::fs::write(&file, "[postbox.object_store]\nkind = \"s3\"").unwrap();
        let mut left = defaults.clone();
        let own = read(&file, &mut left).unwrap();
        assert!(own.contains("s3") && left["postbox"].get("object_store").is_none());
        std::fs::write(&file, "[postbox]\nunread_days = 9").unwrap();
        let mut left = defaults.clone();
        read(&file, &mut left).unwrap();
        assert_eq!(left, defaults);
    }

    #[test]
    fn keys_of_a_client_may_stand_in_the_settings_as_a_table() {
        let own = "[[identity.clients]]\nclient_id = \"neu\"\n[[identity.clients.jwks.keys]]\n\
            kty = \"EC\"\ncrv = \"P-256\"\nkid = \"Aa\"\n\
            x = \"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"\n\
            y = \"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"";
        let config: siegel_identity::Config = loaded(own).service("identity").unwrap();
        let jwks = config.clients.last().unwrap().jwks.clone().unwrap();
        assert!(siegel_crypto::KeySet::from_json(&jwks).unwrap().find("Aa").is_some(), "{jwks}");
    }
}
