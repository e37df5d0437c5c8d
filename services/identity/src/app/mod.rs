//! Use cases, one file each: one transaction, then what must follow it.

pub mod consent;
pub mod deliver_outbox;
pub mod failure;
pub mod identify;
pub mod login;
pub mod passwords;
pub mod register;
pub mod sessions;
