//! The postbox without a network: its gRPC services on in-memory channels, its siblings faked.

mod answers;
mod cases;
mod ends;
mod events;
mod evidence;
mod fakes;
mod flags;
mod heads;
mod histories;
mod law;
mod log;
mod log_audit;
mod mailbox;
mod news;
mod refusals;
mod reminders;
mod store;
mod submit;
mod webhook_receivers;
mod webhooks;
mod witness;
mod world;
