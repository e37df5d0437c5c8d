//! The HTML face for citizens: account, postbox, organisations, and a page that verifies receipts.
//! Itself an ordinary OpenID Connect client of identity; it has no rights of its own and calls the
//! other services with the person's token.

mod app;
mod config;
mod oidc;
mod pages;
mod session;
mod store;
mod sweep;
#[cfg(test)]
mod tests;

pub use config::{Config, FooterLink};

use std::path::PathBuf;

use siegel_crypto::KeyError;
use siegel_grpc::{Deletion, GrpcServices, Outside, Running, follow_deletions};
use siegel_kernel::EntropyUnavailable;
use tokio::task::JoinSet;

use crate::app::App;

/// The portal's own tables, from 0100.
pub static MIGRATIONS: siegel_db::Migrations = siegel_db::Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

fluent_templates::static_loader! {
    pub(crate) static LOCALES = {
        locales: "./locales",
        fallback_language: "de",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The portal cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("portal.client_key_file: {0}")]
    ClientKey(#[source] KeyError),
    #[error("portal.session_key_file: {0}")]
    SessionKey(#[source] KeyError),
    #[error("portal.session_key_file: {0} holds fewer than 32 bytes")]
    ShortSessionKey(PathBuf),
    #[error("portal.identity_url is not a URL")]
    IdentityUrl,
    #[error("the HTTP client for calls to identity cannot be made")]
    Http(#[source] reqwest::Error),
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
}

/// Starts the portal. Identity is asked for nothing before the first log-in: all services start at
/// the same time.
#[expect(clippy::unused_async, reason = "every service of the suite starts with `start(…).await`")]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let app = App::new(config, outside)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(sweep::run(app.clone()));
    let (siblings, client_id) = (app.outside.siblings.clone(), app.config.client_id.clone());
    let deleter = app.clone();
    let delete = move |deletion: Deletion| {
        let app = deleter.clone();
        async move { app.person_gone(&deletion.subject).await }
    };
    tasks.spawn(follow_deletions(siblings, client_id, delete));
    Ok(Running { grpc: GrpcServices::new(), http: pages::router(app), tasks })
}
