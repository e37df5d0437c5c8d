//! Rules: functions of values, without I/O.

pub mod ageing;
pub mod client;
pub mod decide;
pub mod email;
pub mod interaction;
pub mod password;
pub mod scopes;
pub mod throttle;
