//! Starting services: their databases, their surroundings, their guards.

#[cfg(test)]
mod chart_tests;
mod host;
mod numbers;
mod start;

use std::path::Path;

use anyhow::Context as _;
use siegel_db::Db;

use crate::settings::{SERVICES, Settings};
pub use host::{Clocks, Host, House, in_process_thumbprint};
use numbers::counted;

/// Opens the database of a service.
pub async fn open(settings: &Settings, service: &str) -> anyhow::Result<Db> {
    let target = settings.database(service)?.target()?;
    Db::open(&target).await.with_context(|| format!("[{service}.database]"))
}

/// `siegel migrate`: brings every configured database up to date.
pub async fn migrate(config: &Path) -> anyhow::Result<()> {
    let settings = Settings::load("", Some(config))?;
    for service in SERVICES {
        let db = open(&settings, service).await?;
        db.migrate(start::migrations(service)?).await.with_context(|| format!("[{service}]"))?;
        db.close().await;
        println!("{service}: up to date");
    }
    Ok(())
}
