//! `siegel admin organisation`: what operators decide about claims, on the database of organisation.

use std::path::Path;

use anyhow::Context as _;
use siegel_crypto::{SystemEntropy, create_private_file, random_token};
use siegel_grpc::InProcess;
use siegel_identity::app::manage_clients::Operator;
use siegel_organisation::administration::Administration;

use super::place;
use crate::cli::{OrganisationCommand, PlaceArgs};
use crate::suite;

/// Prints one JSON object, whether or not it was asked for.
pub async fn run(
    place: &PlaceArgs,
    command: OrganisationCommand,
    by: &Operator,
) -> anyhow::Result<()> {
    let (settings, _) = place::settings(place)?;
    let db = suite::open(&settings, "organisation").await?;
    let outside = place::outside(&settings, "organisation", db.clone(), InProcess::default())?;
    let config = settings.service("organisation")?;
    let operator = Administration::open(&config, &outside, &by.actor())?;
    let done = ordered(&operator, command).await;
    db.close().await;
    println!("{}", serde_json::to_string_pretty(&done?)?);
    Ok(())
}

async fn ordered(
    operator: &Administration,
    command: OrganisationCommand,
) -> anyhow::Result<serde_json::Value> {
    let id = random_token(&SystemEntropy::new())?;
    Ok(match command {
        OrganisationCommand::Claims => operator.list().await?,
        OrganisationCommand::Show { claim } => operator.show(&claim).await?,
        OrganisationCommand::Approve { claim, file } => {
            operator.approve(&id, &claim, &read(&file)?).await?
        }
        OrganisationCommand::Reject { claim } => operator.reject(&id, &claim).await?,
        OrganisationCommand::Sent { claim } => operator.sent(&id, &claim).await?,
        OrganisationCommand::Print { claim, to, address, english } => {
            let address = address.as_deref().map(read).transpose()?;
            let pdf = operator.print(&id, &claim, address.as_deref(), english).await?;
            // The letter holds a code: nobody else on the machine reads it.
            create_private_file(&to, &pdf)?;
            serde_json::json!({ "letter": to.display().to_string() })
        }
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
