//! What is outside: the mail server, and the postbox.

pub mod postbox;
pub mod smtp;
