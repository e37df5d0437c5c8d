//! What is mailed to whom, and when to give up; no I/O.

mod mail;
mod recipient;
mod state;

pub use mail::{Bell, CodeKind, Mail, is_code, is_path};
pub use recipient::Recipient;
pub use state::State;
