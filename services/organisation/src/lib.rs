//! Organisations: what they are, who belongs to them, who may act for them.

mod app;
mod config;
mod domain;
mod grpc;
mod store;

use siegel_db::Migrations;
use siegel_db::events::Feed;
use siegel_grpc::{GrpcServices, Outside, Running};
use siegel_proto::organisation::v1::access_service_server::AccessServiceServer;
use siegel_proto::organisation::v1::organisation_service_server::OrganisationServiceServer;
use siegel_proto::organisation::v1::representation_service_server::RepresentationServiceServer;
use tokio::task::JoinSet;

pub use config::Config;

/// The service's own tables.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// The service cannot start; nothing can be wrong yet.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum StartError {}

/// Starts the service on a migrated database.
#[expect(clippy::unused_async, reason = "every service starts the same way")]
pub async fn start(_: Config, outside: Outside) -> Result<Running, StartError> {
    let app = app::App {
        db: outside.db.clone(),
        feed: Feed::new(outside.db.clone()),
        clock: outside.clock.clone(),
        entropy: outside.entropy.clone(),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(app.feed.clone().run(outside.clock.clone()));
    let grpc = GrpcServices::new()
        .add(OrganisationServiceServer::new(grpc::Organisations(app.clone())))
        .add(AccessServiceServer::new(grpc::Access(app.clone())))
        .add(RepresentationServiceServer::new(grpc::Representation(app)));
    Ok(Running { grpc, http: axum::Router::new(), tasks })
}
