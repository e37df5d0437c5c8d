use std::path::PathBuf;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use siegel_db::Target;

/// Where a service's database is: `url`, or `url_file` when the URL holds a password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite:FILE` or `postgres://…`.
    pub url: Option<String>,
    pub url_file: Option<PathBuf>,
    /// PostgreSQL schema; absent when the login role's `search_path` decides.
    pub schema: Option<String>,
}

impl DatabaseSettings {
    pub fn target(&self) -> anyhow::Result<Target> {
        let url = match (&self.url, &self.url_file) {
            (Some(url), None) => url.clone(),
            (None, Some(file)) => siegel_config::read_secret(file)
                .with_context(|| "cannot read the database URL")?
                .expose_secret()
                .to_owned(),
            _ => anyhow::bail!("a database needs either url or url_file"),
        };
        let target: Target = url.parse()?;
        Ok(match &self.schema {
            Some(schema) => target.in_schema(schema),
            None => target,
        })
    }
}
