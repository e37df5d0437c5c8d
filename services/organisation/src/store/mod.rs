//! SQL, one file per table.

pub mod memberships;
pub mod organisations;
pub mod person_gone;
