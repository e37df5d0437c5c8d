//! Between the wire and the use cases.

mod access;
mod organisation;
mod parties;
mod representation;
mod status;

pub use access::Access;
pub use organisation::Organisations;
pub use representation::Representation;
