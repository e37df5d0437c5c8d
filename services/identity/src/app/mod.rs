//! Use cases, one file each: one transaction, then what must follow it.

pub mod passwords;
