//! Use cases, one file each: one transaction, then what must follow it.

pub mod access_token;
pub mod authorize;
pub mod check;
pub mod claims;
pub mod client_auth;
pub mod clients;
pub mod consent;
pub mod deliver_outbox;
pub mod discovery;
pub mod dpop;
pub mod endpoint;
pub mod failure;
pub mod id_token;
pub mod identify;
pub mod login;
pub mod par;
pub mod passwords;
pub mod register;
pub mod revoke;
pub mod self_care;
pub mod service_tokens;
pub mod sessions;
pub mod sweep;
pub mod token;
pub mod userinfo;
pub mod watch;
