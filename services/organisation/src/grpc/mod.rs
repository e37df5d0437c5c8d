//! Between the wire and the use cases.

mod access;
mod claim_proof;
mod claims;
mod events;
mod facts;
mod mailboxes;
mod mandate_status;
mod mandates;
mod members;
mod organisation;
mod parties;
mod read;
mod record;
mod representation;
mod status;
mod terms;
mod ties;
mod values;

pub use access::Access;
pub use claim_proof::Proofs;
pub use claims::{Admin, Claims, Revocations};
pub use events::AccessEvents;
pub use facts::Facts;
pub use mailboxes::{Directory, Mailboxes};
pub use mandates::Mandates;
pub use members::{Members, SystemUsers};
pub use organisation::Organisations;
pub use parties::OwnParties;
pub use record::Records;
pub use representation::Representation;
pub use ties::Ties;
