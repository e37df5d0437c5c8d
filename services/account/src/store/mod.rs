//! SQL, one file per table.

pub mod accounts;
pub mod attributes;
pub mod changes;
pub mod consents;
pub mod deleted;
pub mod disclosures;
pub mod document_grants;
pub mod documents;
pub mod export;
pub mod imported;
pub mod imports;
pub mod merge;
pub mod staff;
