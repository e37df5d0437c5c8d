//! SQL, one file per table.

pub mod accounts;
pub mod attributes;
pub mod consents;
pub mod deleted;
pub mod disclosures;
pub mod export;
