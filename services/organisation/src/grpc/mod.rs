//! Between the wire and the use cases.

mod access;
mod events;
mod facts;
mod mandate_status;
mod mandates;
mod claims;
mod members;
mod organisation;
mod read;
mod record;
mod status;
mod terms;

pub use access::Access;
pub use events::AccessEvents;
pub use facts::Facts;
pub use mandates::Mandates;
mod values;

pub use access::Access;
pub use claims::{Admin, Claims, Revocations};
pub use members::{Members, SystemUsers};
pub use organisation::Organisations;
pub use record::Records;
