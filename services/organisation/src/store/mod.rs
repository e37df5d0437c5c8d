//! SQL, one file per table.

pub mod asked;
pub mod attempts;
pub mod claims;
pub mod contact_points;
pub mod facts;
pub mod fields;
pub mod invitations;
pub mod letter_routes;
pub mod mailboxes;
pub mod mandates;
pub mod members;
pub mod memberships;
pub mod organisations;
pub mod person_gone;
pub mod rights;
pub mod standing;
pub mod standings;
pub mod substitutions;
pub mod system_users;
pub mod ties;
pub mod units;
pub mod uses;
