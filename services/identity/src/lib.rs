//! Log-in, sessions and tokens: the suite's OpenID Provider.

pub mod app;
pub mod domain;
pub mod people;
pub mod people_config;
pub mod store;

/// The tables of this service.
pub static MIGRATIONS: siegel_db::Migrations = siegel_db::Migrations {
    sqlite: sqlx::migrate!("migrations/sqlite"),
    postgres: sqlx::migrate!("migrations/postgres"),
};
