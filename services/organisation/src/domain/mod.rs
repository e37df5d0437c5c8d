//! Rules about organisations and what their members may do; no I/O.

mod access;
mod certificate;
pub mod claim;
pub mod codes;
pub mod fields;
mod identifiers;
mod legal_forms;
mod managing;
mod organisation;
pub mod units;

pub use access::{Action, Denied, Role, Through};
pub use certificate::{Certified, certified};
pub use organisation::{BadField, Organisation, RegisterEntry, RegisterKind};
pub(crate) use organisation::{bad, is_line};
