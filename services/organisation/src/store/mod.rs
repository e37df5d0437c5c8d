//! SQL, one file per table.

pub mod asked;
pub mod facts;
pub mod mailboxes;
pub mod mandates;
pub mod memberships;
pub mod organisations;
pub mod person_gone;
pub mod rights;
pub mod standings;
pub mod substitutions;
pub mod units;
pub mod uses;
