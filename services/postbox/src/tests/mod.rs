//! The postbox without a network: its gRPC services on in-memory channels, its siblings faked.

mod answers;
mod cases;
mod ends;
mod evidence;
mod evidence_keys;
mod fakes;
mod flags;
mod heads;
mod histories;
mod law;
mod log;
mod log_audit;
mod mailbox;
mod refusals;
mod store;
mod submit;
mod witness;
mod witnesses;
mod world;
