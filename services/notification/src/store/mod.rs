//! SQL, one file per table.

pub mod contacts;
pub mod deleted;
pub mod orders;
