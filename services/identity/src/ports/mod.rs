//! What is outside: sibling services, behind functions that speak of this domain.

pub mod accounts;
pub mod eid;
pub mod notification;
pub mod organisation;
pub mod release;
