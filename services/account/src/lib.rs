//! Accounts: what a person is, from which source, at which level; what it allowed whom to see, and
//! who saw what. Values are sealed under a key per account.

mod app;
mod config;
mod domain;
mod grpc;
mod ports;
mod store;

use siegel_crypto::{KeyError, RootSecret};
use siegel_db::Migrations;
use siegel_db::events::Feed;
use siegel_db::outbox::Outbox;
use siegel_grpc::{Deletion, GrpcServices, Outside, Running, follow_deletions};
use siegel_proto::account::v1::account_registry_service_server::AccountRegistryServiceServer;
use siegel_proto::account::v1::account_service_server::AccountServiceServer;
use siegel_proto::account::v1::export_service_server::ExportServiceServer;
use tokio::task::JoinSet;

pub use config::Config;

/// The service's own tables.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// The service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("[account] key_encryption_key_file cannot be used")]
    Key(#[from] KeyError),
}

/// Starts the service on a migrated database.
#[expect(clippy::unused_async, reason = "every service starts the same way")]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let file = &config.key_encryption_key_file;
    let may_create = !outside.profile.is_production();
    let root = RootSecret::load(file, may_create, outside.entropy.as_ref())?;
    let app = app::App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
        vault: app::Vault::new(&root, outside.entropy.clone()),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    let (worker, notification) = (app.clone(), outside.siblings.channel("notification"));
    let deliver = move |job| ports::contact::deliver(worker.clone(), notification.clone(), job);
    tasks.spawn(app.outbox.clone().run(deliver));
    let deleter = app.clone();
    let delete = move |deletion: Deletion| {
        let app = deleter.clone();
        async move { app.delete_account(deletion.account).await }
    };
    tasks.spawn(follow_deletions(outside.siblings.clone(), String::new(), delete));
    let grpc = GrpcServices::new()
        .add(AccountServiceServer::new(grpc::Accounts(app.clone())))
        .add(ExportServiceServer::new(grpc::Exports(app.clone())))
        .add(AccountRegistryServiceServer::new(grpc::Registry(app)));
    Ok(Running { grpc, http: axum::Router::new(), tasks })
}
