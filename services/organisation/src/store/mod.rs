//! SQL, one file per table.

pub mod attempts;
pub mod claims;
pub mod contact_points;
pub mod fields;
pub mod invitations;
pub mod members;
pub mod memberships;
pub mod organisations;
pub mod standing;
pub mod system_users;
pub mod units;
