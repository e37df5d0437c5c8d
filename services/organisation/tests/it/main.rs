//! The service as its callers see it, on both databases.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod office;
mod organisation;
mod representation;
mod schema;
