//! Rules about organisations and what their members may do; no I/O.

mod access;
mod by_right;
mod certificate;
mod chain;
pub mod claim;
pub mod codes;
mod decide;
mod fact;
pub mod fields;
mod identifiers;
pub mod legal_forms;
pub mod mailbox;
pub mod mailbox_right;
mod managing;
mod mandate;
mod organisation;
mod package;
mod party;
mod program;
mod scope;
mod terms;
pub mod told;
pub mod units;

pub use access::{Action, Role};
pub use certificate::certified;
pub use chain::{Chain, Hold};
pub use decide::{Allowed, Answer, Denied, Known, Question, decide, kinds};
pub use fact::{FactId, FactRole, Standing};
pub use mandate::{Grant, MandateId, Redelegation, State, ToKind};
pub use organisation::{BadField, Organisation, RegisterEntry, RegisterKind, bad, is_line};
pub use package::Package;
pub use party::Party;
pub use program::{Program, ProgramQuestion, SystemUserId};
pub use scope::Scope;
pub use terms::{OFFERED_FOR, Terms};
