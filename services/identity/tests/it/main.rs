//! The service from outside: through its router and its gRPC face, on both databases.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod authorize;
mod discovery;
mod fakes;
mod pushed;
mod refresh;
mod self_service;
mod siblings;
mod start;
mod store;
mod tokens;
mod userinfo;
mod world;
