//! The service from outside: through its router and its gRPC face, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod apply;
mod authorize;
mod changed;
mod client_keys;
mod discovery;
mod exchange;
mod fakes;
mod fapi;
mod introspection;
mod keys;
mod mtls;
mod publisher;
mod pushed;
mod refresh;
mod rotation;
mod secrets;
mod siblings;
mod start;
mod stopped;
mod store;
mod tokens;
mod userinfo;
mod world;
