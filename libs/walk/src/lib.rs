//! Walks over every RPC of a service as those who are not entitled, for tests. What exists and is
//! another's must be answered exactly as what does not exist: status, reason, message, details,
//! metadata; and nothing may change.
//!
//! A service says how each of its RPCs is called ([`Call`]), what a request can name
//! ([`things!`]) and who is a [`Stranger`] to whom. An RPC without a call fails the walk.
#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests fail by panicking")]

mod answer;
mod calls;
mod gate;
mod issuer;
mod plain;
mod rows;
mod things;

pub use answer::{Answer, Told};
pub use calls::{Call, call, calls_of, of, one, refused, tells_of_nothing};
pub use gate::{Gate, Token};
pub use plain::Plain;
pub use rows::{Rows, rows, until_quiet};
pub use siegel_proto::{Message, Rpc};
pub use things::{Asks, Compared, Stranger, Things, Walked, compare, let_in_nobody_else, walk};
