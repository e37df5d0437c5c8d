//! The guard in front of a real server, with an identity that issues real tokens.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod guard;
mod house;
mod http_faces;
mod nonces;
mod represented;
