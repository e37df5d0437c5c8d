//! Organisations: what they are, who belongs to them, who may act for them.

pub mod administration;
mod app;
mod config;
mod domain;
mod grpc;
pub mod measure;
mod ports;
mod start;
mod store;

use siegel_db::Migrations;

pub use config::Config;
pub use start::{StartError, start};

/// The service's own tables.
pub static MIGRATIONS: Migrations = Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};
