//! The postbox: letters from authorities to people, encrypted at rest, with signed evidence of
//! everything that happened to them.

mod administration;
mod app;
mod config;
mod domain;
#[doc(hidden)]
pub mod fuzzing;
mod grpc;
mod http;
#[doc(hidden)]
pub mod measure;
mod ports;
mod start;
mod store;
#[cfg(test)]
mod tests;

pub use administration::{Administration, AdministrationError};
pub use app::log::{AuditError, Brought, Difference, Report, audit_log, audit_log_with};
pub use config::{
    Config, LanesConfig, LimitsConfig, ObjectStoreConfig, RetentionConfig, ScannerConfig,
};
pub use http::uploads::with_uploads;
pub use start::{StartError, start};
pub use store::senders::Sender;

/// The tables of the postbox.
pub static MIGRATIONS: siegel_db::Migrations = siegel_db::Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};
