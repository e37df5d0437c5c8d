//! Rules: functions of values, without I/O.

pub mod ageing;
pub mod answer;
pub mod cards;
pub mod certificate;
pub mod claims_request;
pub mod client;
pub mod decide;
pub mod device;
pub mod distinguished_name;
pub mod email;
pub mod grant;
pub mod interaction;
pub mod levels;
pub mod oauth;
pub mod outputs;
pub mod pairwise;
pub mod params;
pub mod password;
pub mod reach;
pub mod request;
pub mod request_object;
pub mod rotation;
pub mod scopes;
pub mod tenant;
pub mod throttle;
pub mod verified_claims;
