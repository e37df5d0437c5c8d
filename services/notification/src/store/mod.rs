//! SQL, one file per table.

pub mod contacts;
pub mod orders;
