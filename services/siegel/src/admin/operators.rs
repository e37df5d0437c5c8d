//! `siegel admin operators`.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::operator_config;

/// The operators of the settings.
pub fn list(state: &Identity, as_json: bool) -> anyhow::Result<()> {
    let all = operator_config::known(&state.config.operators)?;
    if as_json {
        let all: Vec<_> =
            all.iter().map(|o| json!({"name": o.name, "key": o.thumbprint})).collect();
        println!("{}", json!({ "operators": all }));
        return Ok(());
    }
    for one in &all {
        println!("{:<30} {}", one.name, one.thumbprint);
    }
    if all.is_empty() {
        println!("none: --operator is a name that nobody proves");
    }
    Ok(())
}

/// Makes a key, and says what belongs into the settings.
pub fn new_key(to: &Path, name: &str, as_json: bool) -> anyhow::Result<()> {
    siegel_identity::keys_admin::generate(to).context("the key cannot be made")?;
    let key = siegel_crypto::load_signing_key(to, false)?;
    let jwk = serde_json::to_value(key.public_jwk())?;
    if as_json {
        println!("{}", json!({"name": name, "jwk": jwk}));
        return Ok(());
    }
    let part = |member: &str| jwk.get(member).and_then(|v| v.as_str()).unwrap_or_default();
    let (x, y) = (part("x"), part("y"));
    println!("[[identity.operators]]");
    println!("name = {name:?}");
    println!("jwk = {{ kty = \"EC\", crv = \"P-256\", x = {x:?}, y = {y:?} }}");
    Ok(())
}
