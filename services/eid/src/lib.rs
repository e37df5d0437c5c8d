//! Identification by eID card: starts it, keeps its result for one sibling, forgets it.
//!
//! Holds eID sessions for ten minutes at most and the key behind the cards' pseudonyms; reaches
//! eID servers and nothing else outside the suite.

mod app;
mod config;
mod domain;
mod grpc;
mod http;
mod ports;
mod store;

use std::sync::Arc;

use siegel_grpc::{GrpcServices, Outside, Running};
use siegel_proto::eid::v1::identification_service_server::IdentificationServiceServer;
use tokio::task::JoinSet;

pub use config::{Config, Source};
pub use ports::simulated::{CardState, Persona, SimulatedCardError, personas};

use crate::app::App;
use crate::ports::IdentitySource;
use crate::ports::simulated::SimulatedCard;

/// The tables of this service.
pub static MIGRATIONS: siegel_db::Migrations = siegel_db::Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};

/// The service cannot start. Each message names the line to change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    SimulatedCard(#[from] SimulatedCardError),
    #[error("`pseudonym_key_file` in [eid] is missing: the simulated card needs it")]
    NoPseudonymKey,
    #[error("`pseudonym_key_file` in [eid] cannot be used")]
    PseudonymKey(#[from] siegel_crypto::KeyError),
    #[error("`origin` is not a URL")]
    Origin(#[from] url::ParseError),
}

/// Starts the service.
#[expect(
    clippy::unused_async,
    reason = "every service starts alike, and eID servers will be asked"
)]
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let card = match config.source {
        Source::None => None,
        Source::Simulated => Some(Arc::new(simulated_card(&config, &outside)?)),
    };
    let source = card.clone().map(|card| card as Arc<dyn IdentitySource>);
    let app = Arc::new(App::new(&outside, source)?);
    let http = match card {
        Some(card) => http::routes(&app, card, &config.recipient, outside.entropy.clone()),
        None => axum::Router::new(),
    };
    let service = IdentificationServiceServer::new(grpc::Identifications::new(app.clone()));
    let mut tasks = JoinSet::new();
    tasks.spawn(app::sweep_forever(app));
    Ok(Running { grpc: GrpcServices::new().add(service), http, tasks })
}

fn simulated_card(config: &Config, outside: &Outside) -> Result<SimulatedCard, StartError> {
    // Before any file is touched: in production the simulation leaves no trace.
    if outside.profile.is_production() {
        return Err(SimulatedCardError::Production.into());
    }
    let file = config.pseudonym_key_file.as_ref().ok_or(StartError::NoPseudonymKey)?;
    let secret = siegel_crypto::RootSecret::load(file, true, &*outside.entropy)?;
    Ok(SimulatedCard::new(outside.profile, &outside.origin, secret)?)
}

#[cfg(test)]
mod tests;
