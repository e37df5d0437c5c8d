//! Rules: functions of values, without I/O.

pub mod client;
pub mod interaction;
pub mod scopes;
