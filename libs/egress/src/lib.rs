//! Calls to addresses that others named: clients' `jwks_uri`, `sector_identifier_uri` and
//! back-channel logout, upstream providers, webhooks. Private, loopback, link-local and mapped
//! addresses are refused after resolution; no redirects, no proxy, short times, small answers.

mod addresses;
mod client;
mod settings;

pub use addresses::is_public;
pub use client::{Answer, Egress, EgressError};
pub use settings::{EgressSettings, SettingsError};
