//! Organisations: what they are, who belongs to them, who may act for them.

mod app;
mod config;
mod domain;
mod grpc;
pub mod measure;
mod store;

use siegel_crypto::{KeyError, RootSecret};
use siegel_db::Migrations;
use siegel_db::events::Feed;
use siegel_grpc::{Deletion, GrpcServices, Outside, Running, follow_deletions};
use siegel_proto::organisation::v1::access_event_service_server::AccessEventServiceServer;
use siegel_proto::organisation::v1::access_service_server::AccessServiceServer;
use siegel_proto::organisation::v1::mandate_service_server::MandateServiceServer;
use siegel_proto::organisation::v1::organisation_service_server::OrganisationServiceServer;
use siegel_proto::organisation::v1::register_fact_service_server::RegisterFactServiceServer;
use siegel_proto::organisation::v1::tie_service_server::TieServiceServer;
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
    #[error("[organisation] key_encryption_key_file cannot be used")]
    Key(#[from] KeyError),
}

/// Starts the service on a migrated database.
#[expect(clippy::unused_async, reason = "every service starts the same way")]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let may_create = !outside.profile.is_production();
    let root = match &config.key_encryption_key_file {
        Some(file) => Some(RootSecret::load(file, may_create, outside.entropy.as_ref())?),
        None => None,
    };
    let app = app::App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
        names: app::mandates::Names::new(root.as_ref(), outside.entropy.clone()),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    let deleter = app.clone();
    let delete = move |deletion: Deletion| {
        let app = deleter.clone();
        async move { app.person_gone(deletion.account).await }
    };
    tasks.spawn(follow_deletions(outside.siblings.clone(), String::new(), delete));
    tasks.spawn(app::mandates::follow(app.clone()));
    tasks.spawn(app::mandates::run_out(app.clone()));
    let grpc = GrpcServices::new()
        .add(OrganisationServiceServer::new(grpc::Organisations(app.clone())))
        .add(MandateServiceServer::new(grpc::Mandates(app.clone())))
        .add(RegisterFactServiceServer::new(grpc::Facts(app.clone())))
        .add(AccessEventServiceServer::new(grpc::AccessEvents(app.clone())))
        .add(TieServiceServer::new(grpc::Ties(app.clone())))
        .add(AccessServiceServer::new(grpc::Access(app)));
    Ok(Running { grpc, http: axum::Router::new(), tasks })
}
