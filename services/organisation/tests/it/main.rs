//! The service as its callers see it, on both databases.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod around;
mod certificates;
mod claims;
mod isolation;
mod members;
mod office;
mod organisation;
mod record;
mod schema;
mod team;
