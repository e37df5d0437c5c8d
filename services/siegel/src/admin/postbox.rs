//! `siegel admin postbox`: what operators decide about letters, on the database of the postbox.

use anyhow::{Context as _, bail};
use siegel_crypto::{SystemEntropy, random_token};
use siegel_grpc::InProcess;
use siegel_identity::Identity;
use siegel_identity::app::manage_clients::Operator;
use siegel_postbox::Administration;

use super::place;
use crate::cli::{PlaceArgs, PostboxCommand};
use crate::suite;

/// Prints one JSON object, whether or not it was asked for: what is shown is what is applied.
pub async fn run(
    identity: &Identity,
    place: &PlaceArgs,
    command: PostboxCommand,
    by: &Operator,
) -> anyhow::Result<()> {
    let (settings, _) = place::settings(place)?;
    let db = suite::open(&settings, "postbox").await?;
    let outside = place::outside(&settings, "postbox", db.clone(), InProcess::default())?;
    let config = settings.service("postbox")?;
    let tenant = command.tenant();
    let postbox = Administration::open(config, &outside, tenant, &by.actor()).await?;
    let id = random_token(&SystemEntropy::new())?;
    let done = match &command {
        PostboxCommand::Show { .. } => postbox.show().await,
        PostboxCommand::Change { file, .. } => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            postbox.change(&id, &text).await
        }
        PostboxCommand::Approve { proposal, digest, .. } => {
            // Names alone are for trying it out.
            if identity.outside.profile.is_production() && by.key().is_none() {
                bail!("in production an operator without a key approves nothing");
            }
            postbox.approve(&id, proposal, digest).await
        }
        PostboxCommand::Reject { proposal, .. } => postbox.reject(&id, proposal).await,
    };
    db.close().await;
    println!("{}", serde_json::to_string_pretty(&done?)?);
    Ok(())
}
