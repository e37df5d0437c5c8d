//! Log-in, sessions and tokens: the suite's OpenID Provider.

pub mod app;
mod breached;
pub mod client_config;
mod client_config_error;
mod client_config_readers;
pub mod config;
pub mod deletion_config;
pub mod domain;
pub mod grpc;
pub mod http;
mod keys;
pub mod keys_admin;
pub mod operator_config;
pub mod passkeys;
pub mod people;
pub mod people_config;
pub mod ports;
pub mod registration_config;
pub mod registry;
pub mod seed;
mod start;
mod state;
pub mod store;
pub mod upstream_config;

pub use config::Config;
pub use keys::{KeyInfo, Keys, KeysError};
pub use start::{StartError, grpc_services, router, start};
pub use state::Identity;

/// The tables of this service.
pub static MIGRATIONS: siegel_db::Migrations = siegel_db::Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};
