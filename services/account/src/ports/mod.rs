//! What is outside: the notification service, identity, the object store.

pub mod client_access;
pub mod contact;
pub mod jobs;
pub mod notice;
