//! The postbox without a network: its gRPC services on in-memory channels, its siblings faked.

mod admin;
mod answers;
mod cases;
mod edges;
mod ends;
mod evidence;
mod fakes;
mod flags;
mod heads;
mod histories;
mod lanes;
mod law;
mod log;
mod log_audit;
mod mailbox;
mod purge;
mod refusals;
mod store;
mod submit;
mod witness;
mod world;
