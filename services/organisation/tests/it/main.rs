//! The service as its callers see it, on both databases.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod access;
mod mailboxes;
mod office;
mod organisation;
mod schema;
