//! The service from outside: through its router and its gRPC face, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod account_events;
mod acting;
mod apply;
mod authorize;
mod changed;
mod claims;
mod client_changes;
mod client_keys;
mod consents;
mod disabled;
mod discovery;
mod ends;
mod exchange;
mod fakes;
mod fapi;
mod federation;
mod groups;
mod introspection;
mod isolation;
mod keys;
mod levels;
mod logout;
mod mtls;
mod operators;
mod parties;
mod party;
mod programs;
mod proofs;
mod publisher;
mod pushed;
mod refresh;
mod registration;
mod request_objects;
mod rotation;
mod secrets;
mod sectors;
mod self_service;
mod siblings;
mod start;
mod stopped;
mod store;
mod token_proofs;
mod tokens;
mod userinfo;
mod world;
