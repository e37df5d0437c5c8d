//! Between the wire and the use cases.

mod access;
mod mailboxes;
mod organisation;
mod status;

pub use access::Access;
pub use mailboxes::{Directory, Mailboxes};
pub use organisation::Organisations;
