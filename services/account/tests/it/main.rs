//! The service as its callers see it, on both databases.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod account;
mod consent;
mod identification;
mod office;
mod opening;
mod schema;
