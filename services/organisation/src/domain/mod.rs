//! Rules about organisations and what their members may do; no I/O.

mod access;
pub mod mailbox;
pub mod mailbox_right;
mod organisation;

pub use access::{Action, Denied, Role};
pub use organisation::{BadField, Organisation, RegisterEntry, RegisterKind};
