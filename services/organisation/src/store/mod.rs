//! SQL, one file per table.

pub mod asked;
pub mod facts;
pub mod mandates;
pub mod memberships;
pub mod organisations;
pub mod person_gone;
pub mod ties;
pub mod uses;
