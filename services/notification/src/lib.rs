//! Mails to people: that something waits, and codes. Never content, never what a letter is about
//! or who sent it. Addresses are sealed at rest, codes are wiped once they are sent.

mod app;
mod config;
mod domain;
mod grpc;
mod mail;
mod ports;
mod store;

use siegel_config::SecretFileError;
use siegel_crypto::{KeyError, RootSecret};
use siegel_db::Migrations;
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_grpc::{GrpcServices, Outside, Running};
use siegel_proto::notification::v1::notification_service_server::NotificationServiceServer;
use tokio::task::JoinSet;

pub use config::{Config, Encryption, Smtp};

/// The service's own tables.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("[notification] key_encryption_key_file cannot be used")]
    Key(#[from] KeyError),
    #[error("[notification.smtp] from is not an e-mail address")]
    From,
    #[error(
        "[notification.smtp] encryption = \"none\" sends mails in the clear to another machine: \
         profile \"production\" wants \"starttls\" or \"tls\""
    )]
    Unencrypted,
    #[error("[notification.smtp] username and password_file belong together")]
    HalfCredentials,
    #[error("[notification.smtp] password_file cannot be used")]
    Password(#[from] SecretFileError),
    #[error("[notification.smtp] host cannot be used with encryption")]
    Tls(#[from] lettre::transport::smtp::Error),
}

/// Starts the service on a migrated database.
#[expect(clippy::unused_async, reason = "every service starts the same way")]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let is_production = outside.profile.is_production();
    config.smtp.check(is_production)?;
    let file = &config.key_encryption_key_file;
    let root = RootSecret::load(file, !is_production, outside.entropy.as_ref())?;
    let app = app::App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
        vault: app::Vault::new(&root, outside.entropy.clone()),
        smtp: ports::smtp::Smtp::new(&config.smtp, &outside.origin)?,
        origin: outside.origin.into(),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    tasks.spawn(app::work(app.clone()));
    let service = NotificationServiceServer::new(grpc::Notifications(app));
    Ok(Running { grpc: GrpcServices::new().add(service), http: axum::Router::new(), tasks })
}
