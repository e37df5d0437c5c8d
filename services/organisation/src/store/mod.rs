//! SQL, one file per table.

pub mod mailboxes;
pub mod memberships;
pub mod organisations;
pub mod rights;
pub mod standings;
pub mod substitutions;
pub mod units;
