//! Between the wire and the use cases.

mod access;
mod claims;
mod members;
mod organisation;
mod read;
mod record;
mod status;
mod values;

pub use access::Access;
pub use claims::{Admin, Claims, Revocations};
pub use members::{Members, SystemUsers};
pub use organisation::Organisations;
pub use record::Records;
