//! The postbox: letters from authorities to people, encrypted at rest, with signed evidence of
//! everything that happened to them.

mod administration;
mod app;
mod config;
mod domain;
mod grpc;
mod http;
mod ports;
mod start;
mod store;
#[cfg(test)]
mod tests;

pub use administration::{Administration, AdministrationError};
pub use app::log::{AuditError, Difference, Report, audit_log};
pub use config::{Config, LanesConfig, LimitsConfig, ObjectStoreConfig, RetentionConfig};
pub use start::{StartError, start};
pub use store::senders::Sender;

/// The tables of the postbox.
pub static MIGRATIONS: siegel_db::Migrations = siegel_db::Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};
