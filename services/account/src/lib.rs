//! Accounts: what a person is, from which source, at which level; what it allowed whom to see, and
//! who saw what. Values are sealed under a key per account.

mod administration;
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
use siegel_objects::{ObjectError, Objects};
use siegel_proto::account::v1::account_merge_service_server::AccountMergeServiceServer;
use siegel_proto::account::v1::account_registry_service_server::AccountRegistryServiceServer;
use siegel_proto::account::v1::account_service_server::AccountServiceServer;
use siegel_proto::account::v1::document_deposit_service_server::DocumentDepositServiceServer;
use siegel_proto::account::v1::document_redemption_service_server::DocumentRedemptionServiceServer;
use siegel_proto::account::v1::document_service_server::DocumentServiceServer;
use siegel_proto::account::v1::export_service_server::ExportServiceServer;
use siegel_proto::account::v1::identification_change_service_server::IdentificationChangeServiceServer;
use siegel_proto::account::v1::level_service_server::LevelServiceServer;
use siegel_proto::account::v1::offer_service_server::OfferServiceServer;
use siegel_proto::account::v1::privacy_service_server::PrivacyServiceServer;
use siegel_proto::account::v1::support_service_server::SupportServiceServer;
use tokio::task::JoinSet;

pub use administration::{ImportOrder, Imports, Progress, file_digest};
pub use app::ImportError;
pub use config::{Config, DocumentsConfig, ImportConfig};
pub use siegel_objects::ObjectStoreConfig;

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
    #[error("[account.object_store] cannot be used")]
    Objects(#[from] ObjectError),
}

/// Starts the service on a migrated database.
#[expect(clippy::unused_async, reason = "every service starts the same way")]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let app = build(&config, &outside)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    let (worker, siblings) = (app.clone(), outside.siblings.clone());
    let deliver = move |job| ports::jobs::deliver(worker.clone(), siblings.clone(), job);
    tasks.spawn(app.outbox.clone().run(deliver));
    tasks.spawn(app.clone().sweep_safe());
    tasks.spawn(app.clone().sweep_imports());
    let deleter = app.clone();
    let delete = move |deletion: Deletion| {
        let app = deleter.clone();
        async move { app.delete_account(deletion.account).await }
    };
    tasks.spawn(follow_deletions(outside.siblings.clone(), String::new(), delete));
    Ok(Running { grpc: services(&app), http: axum::Router::new(), tasks })
}

/// The use cases on this database.
fn build(config: &Config, outside: &Outside) -> Result<app::App, StartError> {
    let file = &config.key_encryption_key_file;
    let may_create = !outside.profile.is_production();
    let root = RootSecret::load(file, may_create, outside.entropy.as_ref())?;
    Ok(app::App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        outbox: Outbox::new(outside.db.clone(), outside.clock.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
        vault: app::Vault::new(&root, outside.entropy.clone()),
        safe: config
            .object_store
            .as_ref()
            .map(Objects::open)
            .transpose()?
            .map(|objects| app::Safe { objects, limits: config.documents.clone() }),
        operator_tenant: config.operator_tenant.clone(),
        claim_floor: config.import.floor,
    })
}

fn services(app: &app::App) -> GrpcServices {
    GrpcServices::new()
        .add(ExportServiceServer::new(grpc::Exports(app.clone())))
        .add(AccountServiceServer::new(grpc::Accounts(app.clone())))
        .add(AccountRegistryServiceServer::new(grpc::Registry(app.clone())))
        .add(IdentificationChangeServiceServer::new(grpc::Changes(app.clone())))
        .add(PrivacyServiceServer::new(grpc::Privacy(app.clone())))
        .add(SupportServiceServer::new(grpc::Support(app.clone())))
        .add(DocumentServiceServer::new(grpc::Documents(app.clone())))
        .add(DocumentDepositServiceServer::new(grpc::Deposit(app.clone())))
        .add(DocumentRedemptionServiceServer::new(grpc::Redemption(app.clone())))
        .add(LevelServiceServer::new(grpc::Levels(app.clone())))
        .add(AccountMergeServiceServer::new(grpc::Merges(app.clone())))
        .add(OfferServiceServer::new(grpc::Offers(app.clone())))
}
