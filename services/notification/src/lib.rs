//! Mails to people: that something waits, or a code; never content. Orders are taken in one
//! transaction and leave from an outbox, at least once.

mod app;
mod config;
mod domain;
mod grpc;
mod ports;
mod store;
mod text;

use siegel_config::SecretFileError;
use siegel_crypto::{KeyError, RootSecret};
use siegel_db::Migrations;
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_grpc::{Deletion, GrpcServices, Outside, Running, follow_deletions};
use siegel_proto::notification::v1::notification_service_server::NotificationServiceServer;
use siegel_proto::notification::v1::push_service_server::PushServiceServer;
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
    #[error("[notification.smtp] password_file cannot be used")]
    Password(#[from] SecretFileError),
    #[error("[notification.smtp] username and password_file go together: set both or none")]
    HalfLogin,
    #[error("[notification.smtp] from is not an e-mail address")]
    From,
    #[error(
        "[notification.smtp] encryption = \"none\" is for a mail server on this machine only: \
         set \"starttls\" or \"tls\""
    )]
    Unencrypted,
    #[error("[notification.smtp] host cannot be used with TLS")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Starts the service on a migrated database. The mail server is asked for nothing before the
/// first mail.
#[expect(clippy::unused_async, reason = "every service starts the same way")]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let production = outside.profile.is_production();
    let mailer = ports::smtp::Mailer::new(&config.smtp, production)?;
    let file = &config.key_encryption_key_file;
    let root = RootSecret::load(file, !production, outside.entropy.as_ref())?;
    let app = app::App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
        vault: app::Vault::new(&root, outside.entropy.clone()),
        siblings: outside.siblings.clone(),
        egress: outside.egress.clone(),
        origin: outside.origin.as_str().into(),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    tasks.spawn(app::work(app.clone(), mailer));
    let deleter = app.clone();
    let delete = move |deletion: Deletion| {
        let app = deleter.clone();
        async move { app.delete_account(deletion.account).await }
    };
    tasks.spawn(follow_deletions(outside.siblings.clone(), String::new(), delete));
    let grpc = GrpcServices::new()
        .add(NotificationServiceServer::new(grpc::Notifications(app.clone())))
        .add(PushServiceServer::new(grpc::Pushes(app)));
    Ok(Running { grpc, http: axum::Router::new(), tasks })
}
