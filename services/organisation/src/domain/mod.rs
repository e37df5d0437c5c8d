//! Rules about organisations and what their members may do; no I/O.

mod access;
mod organisation;

pub use access::{Action, Denied, Role, Through};
pub use organisation::{BadField, Organisation, RegisterEntry, RegisterKind};
