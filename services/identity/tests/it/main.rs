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
mod client_keys;
mod discovery;
mod fakes;
mod publisher;
mod pushed;
mod refresh;
mod registration;
mod siblings;
mod start;
mod store;
mod tokens;
mod userinfo;
mod world;
