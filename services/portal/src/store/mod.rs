//! SQL. Secrets come in sealed and cookies as their SHA-256: nothing here can be used by a reader
//! of the database.

pub mod attempts;
pub mod sessions;
