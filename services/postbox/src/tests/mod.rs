//! The postbox without a network: its gRPC services on in-memory channels, its siblings faked.

mod answers;
mod cases;
mod downloads;
mod ends;
mod evidence;
mod fakes;
mod flags;
mod heads;
mod histories;
mod law;
mod log;
mod log_audit;
mod mailbox;
mod real_scanner;
mod real_store;
mod refusals;
mod scan;
mod store;
mod submit;
mod uploads;
mod witness;
mod world;
