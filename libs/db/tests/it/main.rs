//! The mechanisms of the database library, each on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod audit;
mod events;
mod idempotency;
mod lease;
mod outbox;
mod rows;
mod schema;
mod tx;

use siegel_db::Migrations;
use sqlx::migrate::Migrator;

/// No tables besides those that every service has.
pub static NONE: Migrations = Migrations { sqlite: Migrator::DEFAULT, postgres: Migrator::DEFAULT };
