//! Servers and clients of the suite: who may call what (data), who is calling (tokens), how
//! services reach each other, and how errors look.

mod access;
mod asked_as;
mod caller;
mod certificate;
mod client;
mod client_address;
mod deadline;
mod deletion;
mod edge;
mod errors;
mod guard;
mod in_process;
mod reach;
mod represented;
mod service;
mod siblings;
pub mod testing;

pub use access::{AccessTable, CallerKind, Rule, access_table};
pub use asked_as::AskedAs;
pub use caller::{Caller, Person, Program, audit_name, caller, digest, peer_thumbprint};
pub use certificate::ClientCertificate;
pub use client::{AuthChannel, DpopToken};
pub use client_address::{ClientAddress, Network, TrustedProxies, with_client_address};
pub use deadline::{remaining, with_deadline};
pub use deletion::{Deletion, Progress, follow_deletions};
pub use edge::public_router;
pub use errors::{DOMAIN, exhausted, fact, fault, invalid, reason, refusal, unavailable};
pub use guard::{Guard, GuardSettings, Peer};
pub use in_process::InProcess;
pub use reach::{Reach, reach_table};
pub use represented::{Party, Represented};
pub use service::{GrpcServices, Outside, Running};
pub use siblings::{NoSuchWay, Siblings, SiblingsSettings};
