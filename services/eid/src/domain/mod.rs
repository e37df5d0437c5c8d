//! Rules of an identification. No I/O.

mod claim;
mod session;

pub use claim::Claim;
pub use session::{Ending, LIFETIME, Order, Session, SessionId, return_address};
