use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::de::DeserializeOwned;

use crate::jose::{JwsError, unverified, verify_with_jwk};

/// Public keys by id, for verifying what one issuer signed.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: JwkSet,
}

impl KeySet {
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        Self { keys: JwkSet { keys: keys.into_iter().collect() } }
    }

    /// Reads a JWK Set (RFC 7517 §5). Keys of kinds that are not supported are left out.
    pub fn from_json(json: &str) -> Result<Self, JwsError> {
        let set: serde_json::Value = serde_json::from_str(json).map_err(|_| JwsError::Malformed)?;
        let keys = set.get("keys").and_then(|k| k.as_array()).ok_or(JwsError::Malformed)?;
        Ok(Self::new(keys.iter().filter_map(|k| serde_json::from_value(k.clone()).ok())))
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.keys).unwrap_or_default()
    }

    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.find(kid)
    }

    pub fn keys(&self) -> &[Jwk] {
        &self.keys.keys
    }

    /// Verifies a compact JWS of this `typ` by the key its header names, and reads its claims.
    /// Times are the caller's to check, by its own clock.
    pub fn verify<T: DeserializeOwned>(&self, token: &str, typ: &str) -> Result<T, JwsError> {
        let head = unverified(token)?;
        let kid = head.kid.ok_or(JwsError::UnknownKey)?;
        let jwk = self.find(&kid).ok_or(JwsError::UnknownKey)?;
        verify_with_jwk(token, typ, jwk)
    }
}
