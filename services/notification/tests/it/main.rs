//! The service as its siblings and the mail server see it, on both databases.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod contacts;
mod office;
mod orders;
mod postbox;
mod pushes;
mod receiver;
mod reminders;
mod schema;
mod secrecy;
mod sending;
mod smtp;
