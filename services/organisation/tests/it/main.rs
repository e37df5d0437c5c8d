//! The service as its callers see it, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod access;
mod chains;
mod deletions;
mod facts;
mod history;
mod mailboxes;
mod mandates;
mod model;
mod office;
mod organisation;
mod parties;
mod schema;
