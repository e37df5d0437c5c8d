//! What is outside: the mail server.

pub mod postbox;
pub mod smtp;
