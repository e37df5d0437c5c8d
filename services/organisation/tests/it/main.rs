//! The service as its callers see it, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod access;
mod around;
mod certificates;
mod chains;
mod claiming;
mod claims;
mod endings;
mod facts;
mod firm;
mod giving;
mod gone;
mod history;
mod house_letters;
mod isolation;
mod letter_routes;
mod mailboxes;
mod mandates;
mod members;
mod model;
mod office;
mod organisation;
mod packages;
mod parties;
mod prepared;
mod programs;
mod record;
mod representation;
mod schema;
mod scopes;
mod substitutions;
mod team;
mod unit_members;
mod upstream_proofs;
