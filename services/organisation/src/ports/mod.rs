//! What is outside: identity, the mailer, authorities of certificates.

pub mod addresses;
pub mod certificates;
pub mod house_letters;
pub mod mail;
