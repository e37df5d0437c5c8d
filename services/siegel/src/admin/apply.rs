//! `siegel admin apply`, and what `siegel up` finds to be there.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::json;
use siegel_identity::Identity;
use siegel_identity::app::apply::{self, Applied, Order};
use siegel_identity::app::manage_clients::{Became, Operator};
use siegel_identity::app::seed_person;
use siegel_identity::seed::Document;

/// Who applies what `siegel up` is started with.
const SANDBOX: &str = "siegel-up";

/// Applies a file and says what became of it.
pub async fn file(state: &Identity, file: &Path, order: &Order, json: bool) -> anyhow::Result<()> {
    let document = Document::read(file)?;
    say(&apply::apply(state, &document, order).await?, json);
    Ok(())
}

/// Applies several files to a sandbox; returns when its people can log in.
pub async fn at_start(state: &Identity, documents: &[Document]) -> anyhow::Result<()> {
    let order = Order { by: Operator::new(SANDBOX)?, prune: false };
    for document in documents {
        apply::apply(state, document, &order).await?;
    }
    let settled = seed_person::settled(state).await;
    if !settled.context("the accounts of the sandbox's people")? {
        bail!("the account service did not open the accounts of the sandbox's people");
    }
    Ok(())
}

/// One line for each thing, and a last one when nothing changed.
pub fn say(applied: &[Applied], json: bool) {
    if json {
        let one =
            |a: &Applied| json!({"kind": a.kind, "name": a.name, "became": a.became.as_str()});
        println!("{}", json!({"changes": applied.iter().map(one).collect::<Vec<_>>()}));
        return;
    }
    for Applied { kind, name, became } in applied {
        println!("{kind} {name}: {}", became.as_str());
    }
    if applied.iter().all(|a| a.became == Became::Unchanged) {
        println!("nothing changed");
    }
}
