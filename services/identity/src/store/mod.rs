//! SQL, one file per table family.

pub mod accounts;
pub mod acting;
pub mod activity;
pub mod ceremonies;
pub mod certificates;
pub mod claim_choices;
pub mod clients;
pub mod codes;
pub mod credentials;
pub mod deletions;
pub mod devices;
pub mod disabled;
pub mod email_changes;
pub mod erase;
pub mod freed_addresses;
pub mod grants;
pub mod guests;
pub mod initial_tokens;
pub mod interactions;
pub mod mail_codes;
pub mod merges;
pub mod par;
pub mod passkeys;
pub mod proposals;
pub mod recovery_codes;
pub mod refresh;
pub mod replay;
pub mod resets;
pub mod revocations;
pub mod scope_consents;
pub mod seeded;
pub mod session_clients;
pub mod sessions;
pub mod sign_ins;
pub mod tenants;
pub mod throttle;
pub mod totp;
pub mod upstream_links;
pub mod upstream_logins;
pub mod upstreams;

use serde::Serialize;
use serde::de::DeserializeOwned;
use siegel_db::StoreError;
use sqlx::types::Json;

/// A stored JSON value that no longer reads as what was written.
fn read_json<T: DeserializeOwned>(
    value: serde_json::Value,
    what: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|_| StoreError::corrupt(what))
}

fn write_json<T: Serialize>(
    value: &T,
    what: &'static str,
) -> Result<Json<serde_json::Value>, StoreError> {
    serde_json::to_value(value).map(Json).map_err(|_| StoreError::corrupt(what))
}

/// A SHA-256 from its column.
fn digest(bytes: Vec<u8>, what: &'static str) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::corrupt(what))
}

#[cfg(test)]
mod people_tests;
