//! Between the wire and the use cases.

mod access;
mod organisation;
mod status;

pub use access::Access;
pub use organisation::Organisations;
