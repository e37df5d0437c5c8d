//! Between the wire and the use cases.

mod access;
mod events;
mod facts;
mod mandate_status;
mod mandates;
mod organisation;
mod status;
mod terms;
mod ties;

pub use access::Access;
pub use events::AccessEvents;
pub use facts::Facts;
pub use mandates::Mandates;
pub use organisation::Organisations;
pub use ties::Ties;
