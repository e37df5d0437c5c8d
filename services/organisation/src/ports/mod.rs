//! What is outside: identity, the mailer, the postbox, authorities of certificates.

pub mod addresses;
pub mod certificates;
pub mod closed_mailboxes;
pub mod house_letters;
pub mod mail;
