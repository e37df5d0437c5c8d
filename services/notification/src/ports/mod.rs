//! What is outside: the mail server.

pub mod smtp;
