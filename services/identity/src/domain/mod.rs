//! Rules: functions of values, without I/O.

pub mod ageing;
pub mod answer;
pub mod cards;
pub mod claims_request;
pub mod client;
pub mod decide;
pub mod email;
pub mod factors;
pub mod grant;
pub mod interaction;
pub mod oauth;
pub mod own_page;
pub mod pairwise;
pub mod params;
pub mod password;
pub mod recovery;
pub mod request;
pub mod scopes;
pub mod tenant;
pub mod throttle;
pub mod totp;
