//! The postbox without a network: its gRPC services on in-memory channels, its siblings faked.

mod answers;
mod batch_crashes;
mod batches;
mod cases;
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
mod refusals;
mod replies;
mod rows;
mod sending;
mod store;
mod submit;
mod witness;
mod world;
