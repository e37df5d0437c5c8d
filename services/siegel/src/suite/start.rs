//! The one place that names every service crate.

use anyhow::{Context as _, anyhow};
use siegel_db::Migrations;
use siegel_grpc::{Outside, Running};

use crate::settings::Settings;

/// The migrations of a service.
pub fn migrations(service: &str) -> anyhow::Result<&'static Migrations> {
    Ok(match service {
        "identity" => &siegel_identity::MIGRATIONS,
        "account" => &siegel_account::MIGRATIONS,
        "organisation" => &siegel_organisation::MIGRATIONS,
        "postbox" => &siegel_postbox::MIGRATIONS,
        "eid" => &siegel_eid::MIGRATIONS,
        "notification" => &siegel_notification::MIGRATIONS,
        "portal" => &siegel_portal::MIGRATIONS,
        other => return Err(anyhow!("there is no service {other:?}")),
    })
}

/// Starts a service with its own settings.
pub async fn service(name: &str, settings: &Settings, outside: Outside) -> anyhow::Result<Running> {
    let running = match name {
        "identity" => siegel_identity::start(settings.service(name)?, outside).await?,
        "account" => siegel_account::start(settings.service(name)?, outside).await?,
        "organisation" => siegel_organisation::start(settings.service(name)?, outside).await?,
        "postbox" => siegel_postbox::start(settings.service(name)?, outside).await?,
        "eid" => siegel_eid::start(settings.service(name)?, outside).await?,
        "notification" => siegel_notification::start(settings.service(name)?, outside).await?,
        "portal" => siegel_portal::start(settings.service(name)?, outside).await?,
        other => return Err(anyhow!("there is no service {other:?}")),
    };
    Ok(running)
}

/// As [`service`], naming the service in the error.
pub async fn named(name: &str, settings: &Settings, outside: Outside) -> anyhow::Result<Running> {
    service(name, settings, outside).await.with_context(|| format!("{name} cannot start"))
}

/// Whether a service understands its settings; reads no file they name.
#[cfg(test)]
pub fn check(name: &str, settings: &Settings) -> anyhow::Result<()> {
    match name {
        "identity" => settings.service::<siegel_identity::Config>(name).map(drop),
        "account" => settings.service::<siegel_account::Config>(name).map(drop),
        "organisation" => settings.service::<siegel_organisation::Config>(name).map(drop),
        "postbox" => settings.service::<siegel_postbox::Config>(name).map(drop),
        "eid" => settings.service::<siegel_eid::Config>(name).map(drop),
        "notification" => settings.service::<siegel_notification::Config>(name).map(drop),
        "portal" => settings.service::<siegel_portal::Config>(name).map(drop),
        other => Err(anyhow!("there is no service {other:?}")),
    }
}
